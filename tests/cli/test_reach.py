"""What a tool may do that it could not before: it is said before anything is written, and without a limit refused."""

from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.config import layout, project
from kubectl_rapt.config.project import Environment, Project, Registry
from tests.cli.conftest import Ask
from tests.registries import RegistryRepository
from tests.repositories import ConfigRepository

ADD = ("add", "team/evil", "--in", "prod", "--dry-run")
WIDE: list[dict[str, Any]] = [
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["*"], "verbs": ["get"]},
    {"apiGroups": ["*"], "resources": ["pods"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["*/log"], "verbs": ["get"]},
    {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["escalate"]},
    {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["get", "bind"]},
    {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["impersonate"]},
]


class Team:
    """A registry, and a config repository whose environment prod may allow a tool more."""

    def __init__(self, folder: Path) -> None:
        self.registry = RegistryRepository(folder, "team")
        self.config = ConfigRepository(folder, Environment("prod", ("team",)))

    def allows(self, *tools: str) -> None:
        listed = {"team": Registry("team", str(self.registry.path), 50)}
        wanted = Project(self.config.id, {"prod": Environment("prod", ("team",))}, registries=listed)
        text = project.spell(wanted)
        if tools:
            text = text.replace("    namespaces:", f"    wideAccess: [{', '.join(tools)}]\n    namespaces:")
        self.config.commit({layout.PROJECT: text.encode()}, "Registries\n")


@pytest.fixture
def team(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    monkeypatch.setenv("RAPT_REPOSITORY", str(tmp_path / "config.git"))
    return Team(tmp_path)


@pytest.mark.parametrize("rule", WIDE)
def test_rights_without_a_limit_are_refused_unless_the_environment_allows_them(
    ask: Ask, team: Team, rule: dict[str, Any]
) -> None:
    team.registry.release("evil", "1.0.0", access=[rule])
    team.allows("other")
    ended = ask(*ADD)
    assert ended.exit_code == 6, str(ended)
    assert "asks for rights without a limit" in ended.stderr
    assert "help errors wide-access" in ended.stderr
    assert "wideAccess: [evil] below environments.prod" in ended.stderr
    team.allows("evil")
    ended = ask(*ADD)
    assert ended.exit_code == 0, str(ended)


def test_what_a_tool_newly_reaches_is_said_by_add(ask: Ask, team: Team) -> None:
    rule = {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["delete"], "resourceNames": ["a"]}
    team.registry.release("evil", "1.0.0", access=[rule])
    team.allows()
    told = ask(*ADD).stdout.splitlines()
    assert "new   rights: delete jobs.batch a" in told
    assert "new   image: busybox:1.35" in told
