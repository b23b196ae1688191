"""Whose token it is: what others write into ``rapt.yaml`` never decides where a person's token goes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_rapt.config import layout
from kubectl_rapt.config.project import Environment
from tests.cli.conftest import Ask
from tests.forge.servers import Answer
from tests.forge.test_http import Scripted, scripted
from tests.git.remotes import HttpRemote, served
from tests.killing import Person
from tests.repositories import ConfigRepository

PROD = Environment("prod", ("team",))


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[HttpRemote]:
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def forge() -> Iterator[Scripted]:
    with scripted(
        lambda request: Answer(401 if "authorization" not in request.headers else 200, b"[]")
    ) as server:
        yield server


def test_a_token_goes_only_to_the_host_that_its_owner_named(
    tmp_path: Path, remote: HttpRemote, forge: Scripted
) -> None:
    repository = ConfigRepository(tmp_path / "team", PROD)
    text = repository.files()[layout.PROJECT]
    repository.commit(
        {layout.PROJECT: text + f"forge: {{kind: gitea, api: '{forge.url}/api/v1'}}\n".encode()}
    )
    ann = Person(tmp_path / "ann", Path(os.devnull), repository=remote.url("team/config.git"))
    for name in ("RAPT_FORGE_TOKEN", "GITEA_TOKEN", "GH_TOKEN", "GITLAB_TOKEN"):
        ann.environ[name] = "a-token"
    host = forge.url.removeprefix("http://")
    hint = f"kubectl rapt config set forges.{host} RAPT_FORGE_TOKEN"
    refused = ann.types("doctor").stdout
    assert hint in refused, refused
    assert forge.requests
    assert not any("a-token" in str(one.headers) for one in forge.requests)
    assert ann.types(*hint.split()[2:]).stdout == f"forges.{host} set to RAPT_FORGE_TOKEN\n"
    forge.requests.clear()
    assert hint not in ann.types("doctor").stdout
    assert {one.headers["authorization"] for one in forge.requests} == {"token a-token"}
    view = ann.types("config", "view").stdout
    assert (f"forges.{host}" in view, "a-token" in view) == (True, False)
    assert ann.types("config", "unset", f"forges.{host}").exit_code == 0
    assert hint in ann.types("doctor").stdout


@pytest.mark.parametrize(
    ("host", "variable"),
    [
        ("git.example.com", "ghp_0123456789abcdefghijklmnopqrstuvwxyz"),
        ("git.example.com", "my token"),
        ("https://git.example.com", "RAPT_FORGE_TOKEN"),
        ("git.example.com/api", "RAPT_FORGE_TOKEN"),
        ("Git.Example.com", "RAPT_FORGE_TOKEN"),
    ],
)
def test_a_token_in_place_of_its_variable_is_refused_and_not_shown(
    ask: Ask, home: Path, host: str, variable: str
) -> None:
    ended = ask("config", "set", f"forges.{host}", variable)
    assert (ended.exit_code, ended.stdout) == (2, ""), ended
    assert ended.stderr.splitlines()[1].startswith("  try: kubectl rapt config set forges.git.example.com ")
    assert variable == "RAPT_FORGE_TOKEN" or variable not in ended.stderr
    assert not (home / ".config").exists()
