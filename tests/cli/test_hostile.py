"""Registries and config repositories whose texts steer a terminal: they are refused with the place, and not shown."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import documents
from kubectl_rapt.cli import main
from kubectl_rapt.config import layout, project
from kubectl_rapt.config.project import Environment, Project, Registry
from tests.hostile import HOSTILE, assert_harmless
from tests.killing import Ended
from tests.registries import RegistryRepository
from tests.repositories import ConfigRepository

PARAMETER = {"name": "word", "type": "string"}
PLACES: dict[str, dict[str, Any]] = {
    "summary": {"summary": HOSTILE},
    "parameters[0].description": {"parameters": [{**PARAMETER, "description": HOSTILE}]},
    "parameters[0].choices[1]": {"parameters": [{**PARAMETER, "type": "choice", "choices": ["a", HOSTILE]}]},
    "parameters[0].example": {"parameters": [{**PARAMETER, "example": HOSTILE}]},
    "parameters[0].default": {"parameters": [{**PARAMETER, "default": HOSTILE}]},
    "access[0].resources[0]": {"access": [{"apiGroups": [""], "resources": [HOSTILE], "verbs": ["get"]}]},
    "access[0].verbs[0]": {"access": [{"apiGroups": [""], "resources": ["pods"], "verbs": [HOSTILE]}]},
    "policies.retry": {"policies": {"retry": HOSTILE}},
    "egress[0].host": {"egress": [{"host": HOSTILE}]},
    HOSTILE: {HOSTILE: 1},
}


@pytest.fixture
def team(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> RegistryRepository:
    """A registry that the person's config repository lists."""
    monkeypatch.setenv("RAPT_REPOSITORY", str(tmp_path / "config.git"))
    environment = Environment("dev", ("team",), "uid", is_reviewed=False)
    config = ConfigRepository(tmp_path, environment)
    registry = RegistryRepository(tmp_path, "team")
    listed = {"team": Registry("team", str(registry.path), 50)}
    wanted = Project(config.id, {"dev": environment}, registries=listed)
    config.commit({layout.PROJECT: project.spell(wanted).encode()}, "Registries\n")
    return registry


def typed(capfd: pytest.CaptureFixture[str], *words: str) -> Ended:
    code = main.run(list(words))
    told = capfd.readouterr()
    assert_harmless(told.out + told.err, " ".join(words))
    return Ended(code, told.out, told.err)


def ways(name: str) -> Sequence[Sequence[str]]:
    yield_ = [
        ["search"],
        ["search", name],
        ["search", "-o", "json"],
        ["show", name],
        ["show", name, "-o", "yaml"],
    ]
    return [*yield_, ["add", name, "--in", "dev", "--dry-run"], ["registry"], ["registry", "verify"]]


@pytest.mark.parametrize("place", PLACES, ids=range(len(PLACES)))
def test_a_text_of_a_template_that_steers_a_terminal_is_refused_with_its_place(
    team: RegistryRepository, capfd: pytest.CaptureFixture[str], place: str
) -> None:
    team.release("evil", "1.0.0", **PLACES[place])
    told = [typed(capfd, *words) for words in ways("evil")]
    assert [one.exit_code for one in told][3:6] == [6, 6, 6], "show and add refuse it"
    if place != HOSTILE:
        assert place in told[3].stderr, str(told[3])
    assert "which people do not see" in told[3].stderr


def test_what_an_index_says_of_a_version_is_refused_or_harmless(
    team: RegistryRepository, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("deprecated", "yanked"):
        team.release(name, "1.0.0")
        team.say(name, "1.0.0", **{name: HOSTILE})
        for words in ways(name):
            typed(capfd, *words)
    assert "which people do not see" in typed(capfd, "show", "deprecated").stderr


def test_a_config_repository_with_such_a_text_is_refused_with_its_place(
    team: RegistryRepository, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = Path(os.environ["RAPT_REPOSITORY"])
    config = ConfigRepository.__new__(ConfigRepository)
    config.path = path
    data = documents.load(config.files()[layout.PROJECT], layout.PROJECT)
    data["registries"]["team"]["url"] = f"https://example.com/{HOSTILE}"
    config.commit({layout.PROJECT: documents.dump(data).encode()}, f"Evil {HOSTILE}\n")
    for words in (["search"], ["registry"], ["changes"], ["check"], ["history", "x"], ["config", "view"]):
        typed(capfd, *words)
    refused = typed(capfd, "registry")
    assert refused.exit_code == 5, str(refused)
    assert "registries.team.url" in refused.stderr
