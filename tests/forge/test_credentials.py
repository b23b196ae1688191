"""Whose name requests carry, and to whom they never go."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from kubectl_rapt.adapters.forges import places
from kubectl_rapt.adapters.forges.credentials import Credential, Credentials
from kubectl_rapt.model.proposals import Address

HELPER = """#!/bin/sh
# Answers for one host only, and writes down what it was asked.
test "$1" = get || exit 0
input=$(cat)
echo "$input" >> "$HOME/asked"
case "$input" in *host=git.example.com*) printf 'username=robin\\npassword=from-helper\\n';; esac
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "helper").write_text(HELPER)
    (tmp_path / "helper").chmod(0o755)
    (tmp_path / ".gitconfig").write_text(
        f"[credential]\n\thelper = {tmp_path}/helper\n\tuseHttpPath = true\n"
    )
    askpass = tmp_path / "askpass"
    askpass.write_text('#!/bin/sh\ntouch "$HOME/prompted"\necho prompted\n')
    askpass.chmod(0o755)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ASKPASS": str(askpass),
        "SSH_ASKPASS": str(askpass),
    }


def _find(
    environ: dict[str, str],
    url: str,
    kind: str = "gitea",
    api: str = "",
    tokens: Mapping[str, str] = MappingProxyType({}),
) -> Credential | None:
    address = Address(url, kind, api)
    place = places.place(url)
    assert place
    return Credentials(environ, tokens).find(place, places.api(address, kind, place))


def test_helpers_are_asked_for_exactly_that_repository(environ: dict[str, str]) -> None:
    assert _find(environ, "https://git.example.com/team/config.git") == Credential("robin", "from-helper")
    asked = (Path(environ["HOME"]) / "asked").read_text().splitlines()
    assert {"protocol=https", "host=git.example.com", "path=team/config.git"} <= set(asked)


def test_an_ssh_remote_uses_the_credentials_for_the_same_host(environ: dict[str, str]) -> None:
    assert _find(environ, "git@git.example.com:team/config.git") == Credential("robin", "from-helper")


def test_nobody_is_ever_asked(environ: dict[str, str]) -> None:
    assert _find(environ, "https://other.example.com/team/config") is None
    assert not (Path(environ["HOME"]) / "prompted").exists()


def test_a_password_in_the_url_is_for_its_host_only(environ: dict[str, str]) -> None:
    url = "https://kim:p%40ss@git.example.com/team/config"
    assert _find(environ, url) == Credential("kim", "p@ss")
    assert _find(environ, url, api="https://elsewhere.example.com/api/v1") is None


TOKENS = {
    "RAPT_FORGE_TOKEN": "rapt",
    "GH_TOKEN": "gh",
    "GITHUB_TOKEN": "github",
    "GITLAB_TOKEN": "gitlab",
    "GITEA_TOKEN": "gitea",
}
WHOSE = [
    # Whatever is set, a host that no variable names gets nothing.
    ("https://other.example.com/team/config", "gitea", "", ""),
    ("https://other.example.com/team/config", "github", "", ""),
    ("https://other.example.com/team/config", "gitlab", "", ""),
    ("https://gitlab.com.evil.example/team/config", "gitlab", "", ""),
    ("https://github.com/team/config", "github", "", "gh"),
    ("git@github.com:team/config", "github", "", "gh"),
    ("https://gitlab.com/team/config", "gitlab", "", "gitlab"),
    # What rapt.yaml says as forge.api is somebody else's word.
    ("https://other.example.com/team/config", "gitlab", "https://other.example.com/api/v4", ""),
    ("https://other.example.com/team/config", "gitea", "https://evil.example.com/api/v1", ""),
    ("https://other.example.com/team/config", "gitea", "http://evil.example.com/api/v1", ""),
]


@pytest.mark.parametrize(("url", "kind", "api", "secret"), WHOSE)
def test_variables_count_for_their_hosts_only(
    environ: dict[str, str], url: str, kind: str, api: str, secret: str
) -> None:
    found = _find(environ | TOKENS, url, kind, api)
    assert (found.secret if found else "") == secret


MINE = {"mine.example.com": "MY_TOKEN", "mine.example.com:3000": "OTHER_TOKEN", "127.0.0.1:3000": "MY_TOKEN"}
BOUND = [
    ("https://mine.example.com/team/config", "", "mine"),
    ("git@mine.example.com:team/config", "", "mine"),
    ("https://mine.example.com:3000/team/config", "", "other"),
    ("https://git.other.example.com/team/config", "https://mine.example.com/api/v1", "mine"),
    ("https://mine.example.com/team/config", "https://evil.example.com/api/v1", ""),
    ("https://mine.example.com/team/config", "https://mine.example.com.evil.example/api/v1", ""),
    ("https://mine.example.com/team/config", "http://mine.example.com/api/v1", ""),
    ("http://mine.example.com/team/config", "", ""),
    ("http://127.0.0.1:3000/team/config", "", "mine"),
    ("http://127.0.0.1.evil.example:3000/team/config", "", ""),
]


@pytest.mark.parametrize(("url", "api", "secret"), BOUND)
def test_a_token_goes_to_the_host_that_the_persons_settings_name_and_over_http_to_this_machine_only(
    environ: dict[str, str], url: str, api: str, secret: str
) -> None:
    tokens = {"MY_TOKEN": "mine", "OTHER_TOKEN": "other"}
    found = _find(environ | tokens, url, api=api, tokens=MINE)
    assert (found.secret if found else "") == secret


def test_helpers_are_not_asked_for_an_api_elsewhere_that_speaks_plain_http(environ: dict[str, str]) -> None:
    url, api = "https://other.example.com/team/config", "http://git.example.com/api/v1"
    assert _find(environ, url, api=api) is None
    assert not (Path(environ["HOME"]) / "asked").exists()


def test_helpers_come_before_variables(environ: dict[str, str]) -> None:
    found = _find(
        environ | TOKENS,
        "https://git.example.com/team/config",
        api="https://git.example.com/api/v1",
        tokens={"git.example.com": "RAPT_FORGE_TOKEN"},
    )
    assert found == Credential("robin", "from-helper")


def test_a_token_that_would_break_a_header_is_none(environ: dict[str, str]) -> None:
    tokens = environ | {"GH_TOKEN": "abc\r\nX-Evil: 1"}
    assert _find(tokens, "https://github.com/team/config", "github") is None


def test_credentials_do_not_show_themselves() -> None:
    assert "from-helper" not in repr(Credential("robin", "from-helper"))


@pytest.mark.parametrize(
    ("kind", "user", "header"),
    [
        ("gitea", "robin", "Basic cm9iaW46dG9rZW4="),
        ("gitea", "", "token token"),
        ("github", "robin", "Bearer token"),
        ("gitlab", "oauth2", "Bearer token"),
    ],
)
def test_each_forge_gets_its_header(kind: str, user: str, header: str) -> None:
    assert Credential(user, "token").header(kind) == header
