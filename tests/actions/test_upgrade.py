"""Upgrades: from recorded answers, within the registry of the lock, and never half."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from kubectl_rapt.actions import add, check, upgrade
from kubectl_rapt.actions import repository as repositories
from kubectl_rapt.config import layout
from kubectl_rapt.errors import Invalid, Refused
from kubectl_rapt.model.versions import VersionRange
from tests.actions.test_verbs import changed, made
from tests.fakes.world import FakeWorld
from tests.registries import RegistryRepository, template
from tests.repositories import ConfigRepository

PATH = layout.definition("dev", "say")


@pytest.fixture
def team(tmp_path: Path, repository: ConfigRepository) -> RegistryRepository:
    """A registry with say 1.0.0, configured."""
    team = RegistryRepository(tmp_path / "registries", "team")
    team.release("say", "1.0.0")
    text = repository.files()[layout.PROJECT] + f"registries:\n  team:\n    url: {team.path}\n".encode()
    repository.commit({layout.PROJECT: text})
    return team


@pytest.fixture
def say(ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository) -> str:
    """The tool, installed in dev, and the text of its file."""
    made(ann, add.draft(ann, add.Request("team/say", "say", "dev", answers={"word": "hello"}, values={})))
    return repository.files()[PATH].decode()


def errors(world: FakeWorld) -> list[str]:
    return [one.path for one in check.check(world, repositories.read(world)) if one.problems]


def test_an_upgrade_changes_version_and_lock_and_keeps_the_answers(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository, say: str
) -> None:
    commit = team.release("say", "1.1.0")
    composition = made(ann, upgrade.draft(ann, upgrade.Request("dev")))
    after = repository.files()[PATH].decode()
    keys = {line[1:].split(":")[0].strip() for line in changed(say, after)}
    assert keys == {"version", "commit", "tree", "digest"}
    assert f"commit: {commit}" in after.replace('"', "")
    assert "word: hello" in after
    assert composition.change.summary == "Upgrade say from 1.0.0 to 1.1.0 in dev"
    assert composition.change.templates == (f"say 1.1.0 team@{commit[:7]}",)
    assert errors(ann) == []


def test_what_is_outdated_is_what_an_upgrade_would_bring_to_a_newer_version(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository, say: str
) -> None:
    told: list[str] = []

    def outdated(environment: str = "") -> list[tuple[str, str, str, str]]:
        found = upgrade.outdated(ann, repositories.read(ann), environment, told.append)
        return [(one.tool, one.environment, one.version, one.newest) for one in found]

    assert outdated() == []
    team.release("say", "1.10.0")
    team.release("say", "1.9.0")
    assert outdated() == outdated("dev") == [("say", "dev", "1.0.0", "1.10.0")]
    assert outdated("prod") == []
    made(ann, upgrade.draft(ann, upgrade.Request("dev")))
    assert outdated() == []
    assert told == []
    assert upgrade.draft(ann, upgrade.Request("dev"))(repositories.read(ann)).summary == "Upgrade nothing"


def test_an_upgrade_to_what_is_there_has_nothing_to_do(
    ann: FakeWorld, repository: ConfigRepository, say: str
) -> None:
    main = repository.main
    assert made(ann, upgrade.draft(ann, upgrade.Request("dev", ["say"]))).after == {}
    assert repository.main == main


def test_a_range_keeps_an_upgrade_below_the_next_major(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository, say: str
) -> None:
    team.release("say", "1.2.0")
    team.release("say", "2.0.0")
    made(ann, upgrade.draft(ann, upgrade.Request("dev", ["say"], VersionRange.parse("^1.0"))))
    assert repositories.read(ann).installation("dev", "say").version == "1.2.0"


def test_everything_that_a_new_version_asks_for_is_told_in_one_message(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository, say: str
) -> None:
    asked = [
        {"name": "words", "type": "string", "required": True},
        {"name": "loud", "type": "boolean", "required": True},
    ]
    job = team.files()["templates/say/job.yaml.j2"].replace(b'"{{ word }}"', b'"{{ words }}", "{{ loud }}"')
    files = {**template("say", "2.0.0", parameters=asked), "job.yaml.j2": job}
    team.release("say", "2.0.0", files)
    main = repository.main
    with pytest.raises(Invalid) as caught:
        made(ann, upgrade.draft(ann, upgrade.Request("dev")))
    assert caught.value.code == "answers-needed"
    assert [one.where for one in caught.value.problems] == ["word", "words", "loud"]
    assert caught.value.hint == "kubectl rapt upgrade say --in dev --unset word --set words=… --set loud=…"
    assert repository.main == main
    request = upgrade.Request("dev", ["say"], None, {"words": "hello", "loud": "true"}, ["word"])
    made(ann, upgrade.draft(ann, request))
    assert repositories.read(ann).installation("dev", "say").answers == {"words": "hello", "loud": True}
    assert errors(ann) == []


def renamed(team: RegistryRepository, *more: Mapping[str, object]) -> dict[str, bytes]:
    """The files of say 1.1.0, whose word is called text now."""
    asked = [{"name": "text", "type": "string", "renamedFrom": ["word"], "default": "x"}, *more]
    job = team.files()["templates/say/job.yaml.j2"].replace(b"{{ word }}", b"{{ text }}")
    return {**template("say", "1.1.0", parameters=asked), "job.yaml.j2": job}


def test_an_answer_follows_its_parameter_to_its_new_name_on_one_line(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository, say: str
) -> None:
    team.release("say", "1.1.0", renamed(team))
    commented = say.replace("word: hello", "word:   hello  # for the tests")
    repository.commit({PATH: commented.encode()})
    made(ann, upgrade.draft(ann, upgrade.Request("dev")), overwrite=True)
    after = repository.files()[PATH].decode()
    assert "  text:   hello  # for the tests\n" in after
    assert b"- hello\n" in repository.files()[layout.rendered("dev", "say")]
    assert errors(ann) == []


def test_removed_renamed_and_new_parameters_are_told_in_one_message(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository, say: str
) -> None:
    needed = {"name": "loud", "type": "boolean"}
    files = renamed(team, needed)
    files["job.yaml.j2"] = files["job.yaml.j2"].replace(b'"{{ text }}"', b'"{{ text }}", "{{ loud }}"')
    team.release("say", "1.1.0", files)
    repository.commit({PATH: say.replace("word: hello", "word: hello\n  colour: red").encode()})
    with pytest.raises(Invalid) as caught:
        made(ann, upgrade.draft(ann, upgrade.Request("dev", ["say"])), overwrite=True)
    assert [(one.where, one.what) for one in caught.value.problems] == [
        ("colour", "is not a parameter any more"),
        ("loud", "is missing: expected true or false"),
        ("text", "was called word: its answer is kept"),
    ]
    assert caught.value.hint == "kubectl rapt upgrade say --in dev --unset colour --set loud=…"


def test_a_tool_stays_with_the_registry_that_it_came_from(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository, say: str, tmp_path: Path
) -> None:
    other = RegistryRepository(tmp_path / "registries", "other")
    other.release("say", "9.0.0")
    more = f"  other:\n    url: {other.path}\n    priority: 90\n".encode()
    repository.commit({layout.PROJECT: repository.files()[layout.PROJECT] + more})
    assert made(ann, upgrade.draft(ann, upgrade.Request("dev"))).after == {}


def test_a_moved_version_is_an_alarm_and_never_followed(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository, say: str
) -> None:
    team.release("say", "1.1.0")
    team.commit({"templates/say/job.yaml.j2": team.files()["templates/say/job.yaml.j2"] + b"# more\n"})
    main = repository.main
    with pytest.raises(Refused) as caught:
        made(ann, upgrade.draft(ann, upgrade.Request("dev")))
    assert (caught.value.code, caught.value.exit_code) == ("moved-version", 6)
    assert repository.main == main


def test_what_each_run_must_answer_from_now_on_is_told(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository, say: str
) -> None:
    word = {"name": "word", "type": "string", "default": "x"}
    who = {"name": "who", "type": "string", "at": "run"}

    def release(version: str) -> None:
        files = template("say", version, parameters=[word, who])
        files["job.yaml.j2"] = files["job.yaml.j2"].replace(b'"{{ word }}"', b'"{{ word }}", "{{ who }}"')
        team.release("say", version, files)

    release("1.1.0")
    composition = made(ann, upgrade.draft(ann, upgrade.Request("dev")))
    told = "each run of say must now answer who: kubectl rapt run say --in dev --set who=…"
    assert told in composition.plan.notes
    release("1.2.0")
    again = made(ann, upgrade.draft(ann, upgrade.Request("dev")))
    assert not any("must now answer" in note for note in again.plan.notes), "they answer it already"
