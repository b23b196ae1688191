"""``registry``, ``search`` and ``show`` with several registries, as they are typed."""

import json
from pathlib import Path

import pytest

from kubectl_rapt.config import layout, project
from kubectl_rapt.config.project import Environment, Project, Registry
from tests.cli.conftest import Ask
from tests.registries import RegistryRepository
from tests.repositories import ConfigRepository


@pytest.fixture
def team(tmp_path: Path) -> RegistryRepository:
    return RegistryRepository(tmp_path, "team")


@pytest.fixture
def other(tmp_path: Path) -> RegistryRepository:
    return RegistryRepository(tmp_path, "other")


class Configured(ConfigRepository):
    """A config repository that lists registries."""

    def lists(self, *registries: Registry) -> None:
        environment = Environment("dev", ("team",), "uid", is_reviewed=False)
        wanted = Project(self.id, {"dev": environment}, registries={one.name: one for one in registries})
        self.commit({layout.PROJECT: project.spell(wanted).encode()}, "Registries\n")


@pytest.fixture
def config(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Configured:
    monkeypatch.setenv("RAPT_REPOSITORY", str(tmp_path / "config.git"))
    return Configured(tmp_path, Environment("dev", ("team",), "uid", is_reviewed=False))


def registry(repository: RegistryRepository, priority: int = 50) -> Registry:
    return Registry(repository.path.stem, str(repository.path), priority)


def test_without_a_config_repository_there_is_the_bundled_registry(ask: Ask) -> None:
    listed = ask("registry", "list")
    assert (listed.exit_code, listed.stderr) == (0, "")
    assert listed.stdout.split()[:7] == [
        *("NAME", "URL", "PRIORITY", "TEMPLATES", "QUARANTINED", "COMMIT", "AGE")
    ]
    assert "bundled   bundled   0" in listed.stdout
    assert "http-check" in ask("search").stdout
    assert "PARAMETER" in ask("show", "command").stdout
    assert ask("registry", "verify").stdout.endswith(" versions in 1 registries are what they should be\n")


def test_search_and_show_find_what_a_registry_has_and_say_what_is_deprecated(
    ask: Ask, config: Configured, team: RegistryRepository, other: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    team.release("say", "1.1.0")
    other.release("say", "3.0.0")
    other.say("say", "3.0.0", deprecated="use team/say")
    config.lists(registry(team), registry(other, 10))
    found = ask("search", "say")
    assert [line.split()[:4] for line in found.stdout.splitlines()[1:]] == [
        ["say", "1.1.0", "team", "Say"],
        ["say", "3.0.0", "other", "(deprecated)"],
    ]
    assert ask("search", "say", "-o", "name").stdout == "say\nother/say\n"
    assert json.loads(ask("search", "say", "-o", "json").stdout)[1] == {
        "name": "say",
        "version": "3.0.0",
        "registry": "other",
        "summary": "Say a word, as say does",
        "deprecated": "use team/say",
    }
    for text, version in (
        ("say", "1.1.0 (team)"),
        ("say@~1.0", "1.0.0 (team)"),
        ("other/say", "3.0.0 (other)"),
    ):
        assert ask("show", text).stdout.startswith(f"say {version}   ")
    assert "note: say 3.0.0 is deprecated: use team/say" in ask("show", "other/say").stderr


def test_search_and_list_work_while_no_repository_answers(
    ask: Ask, config: Configured, team: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    config.lists(registry(team))
    before = ask("search")
    with team.unreachable(), config.unreachable():
        assert ask("search") == before
        assert ask("show", "say").exit_code == 0
        assert "team" in ask("registry").stdout


def test_update_tells_what_is_new(ask: Ask, config: Configured, team: RegistryRepository) -> None:
    team.release("say", "1.0.0")
    config.lists(registry(team))
    assert ask("registry", "update").stdout == "team: 1 templates, 1 versions\n"
    assert ask("registry", "update").stdout == "team: nothing new\n"
    team.release("say", "1.1.0")
    team.release("shout", "1.0.0")
    assert ask("registry", "update", "-o", "name").stdout == "team/say@1.1.0\nteam/shout@1.0.0\n"
    team.release("shout", "1.0.1")
    assert ask("registry", "update").stdout == "team: new shout 1.0.1\n"


def test_update_of_a_registry_that_does_not_answer_updates_the_others(
    ask: Ask, config: Configured, team: RegistryRepository, other: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    config.lists(registry(team), registry(other))
    with other.unreachable():
        ended = ask("registry", "update")
    assert (ended.exit_code, ended.stdout) == (8, "team: 1 templates, 1 versions\n")
    assert "error: 1 of 2 registries could not be updated" in ended.stderr


def test_a_moved_release_is_an_alarm_of_update_and_of_verify(
    ask: Ask, config: Configured, team: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    before = team.index.templates["say"]
    config.lists(registry(team))
    assert ask("registry", "update").exit_code == 0
    team.say("say", "1.0.0", tree="1" * 40)
    for verb in ("update", "verify"):
        ended = ask("registry", verb)
        assert ended.exit_code == 6
        assert "1" * 40 in ended.stderr
        assert next(iter(before.values())).tree in ended.stderr
    # Nobody gets used to it.
    assert ask("registry", "update").exit_code == 6


def test_verify_finds_a_lock_that_the_index_denies_also_without_a_memory(
    ask: Ask, config: Configured, team: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    config.lists(registry(team))
    tree = team.tree("say")
    lock = {"registry": str(team.path), "tree": "2" * 40, "digest": "sha256:" + "3" * 64}
    kind = {"apiVersion": "rapt.dev/v1alpha1", "kind": "Installation"}
    tool = {**kind, "template": "say", "version": "1.0.0", "lock": lock}
    config.commit({layout.definition("dev", "say"): json.dumps(tool).encode()})
    ended = ask("registry", "verify")
    assert ended.exit_code == 6
    assert "2" * 40 in ended.stdout
    assert tree in ended.stdout


def test_verify_ends_with_1_where_something_is_wrong_that_is_no_alarm(
    ask: Ask, config: Configured, team: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    team.commit({"templates/broken/template.yaml": b"no: template\n", "templates/broken/job.yaml.j2": b""})
    config.lists(registry(team))
    ended = ask("registry", "verify", "-o", "json")
    assert ended.exit_code == 1
    (finding,) = json.loads(ended.stdout)
    assert (finding["gravity"], finding["entry"]) == ("problem", "templates/broken")
    listed = ask("registry", "list")
    assert listed.exit_code == 0
    assert "note: team: templates/broken is quarantined: " in listed.stderr


def test_a_word_that_registry_does_not_know_is_refused(ask: Ask) -> None:
    ended = ask("registry", "lst")
    assert (ended.exit_code, "try: kubectl rapt registry list" in ended.stderr) == (2, True)
