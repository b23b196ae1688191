"""What a new version would do to the tools that have it: told before anybody upgrades, and nothing is written."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.actions import add, impact
from kubectl_rapt.actions.impact import Effect
from kubectl_rapt.config import layout
from kubectl_rapt.config.installation import Schedule
from kubectl_rapt.errors import NotFound
from tests.actions.test_verbs import made
from tests.fakes.world import FakeWorld
from tests.registries import RegistryRepository, template
from tests.repositories import ConfigRepository

FOLDER = Path("templates/say")


@pytest.fixture
def team(tmp_path: Path, repository: ConfigRepository, ann: FakeWorld) -> RegistryRepository:
    """A registry with say 1.0.0, which dev has twice, one of them with another answer and a schedule."""
    team = RegistryRepository(tmp_path / "registries", "team")
    team.release("say", "1.0.0")
    text = repository.files()[layout.PROJECT] + f"registries:\n  team:\n    url: {team.path}\n".encode()
    repository.commit({layout.PROJECT: text})
    for tool, answers, when in (
        ("say", {"word": "hello"}, ()),
        ("shout", {}, (Schedule("0 3 * * *", "Europe/Prague"),)),
    ):
        wish = add.Request("team/say", tool, "dev", answers=answers, values={}, schedules=when)
        made(ann, add.draft(ann, wish))
    return team


@pytest.fixture
def checkout(team: RegistryRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The author's checkout of the registry, and the current folder."""
    root = tmp_path / "checkout"
    subprocess.run(["git", "clone", "--quiet", str(team.path), str(root)], check=True, timeout=60)
    monkeypatch.chdir(root)
    return root


def write(files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        (FOLDER / path).write_bytes(content)


def told(
    world: FakeWorld, wanted: str = "say", addresses: Sequence[str] = (), environment: str = ""
) -> dict[str, Effect]:
    found = impact.effects(world, impact.candidate(world, wanted), addresses, environment)
    return {one.tool: one for one in found}


def states(found: Mapping[str, Effect]) -> dict[str, str]:
    return {tool: one.state for tool, one in found.items()}


def test_a_version_that_is_what_they_have_changes_nothing(ann: FakeWorld, checkout: Path) -> None:
    assert states(told(ann)) == states(told(ann, "say@1.0.0")) == {"say": "stays", "shout": "stays"}


def test_each_tool_tells_what_would_be_applied_and_when_it_runs_next(
    ann: FakeWorld, repository: ConfigRepository, checkout: Path
) -> None:
    main = repository.main
    write(template("say", "1.1.0"))
    found = told(ann)
    assert states(found) == {"say": "stays", "shout": "changes"}
    command = "spec.job.spec.template.spec.containers[tool].command[1]"
    said = [str(one) for one in found["shout"].changes]
    assert said == [
        f"~ tool/shout {command}: 1.0.0 → 1.1.0",
        f"~ cronjob/shout {command.replace('spec.job', 'spec.jobTemplate')}: 1.0.0 → 1.1.0",
    ]
    ((_, firings),) = found["shout"].firings
    assert len(firings) == 3 and all(one.hour == 3 for one in firings)
    assert repository.main == main


def test_what_a_version_needs_is_told_for_each_tool_and_the_others_are_looked_at(
    ann: FakeWorld, checkout: Path
) -> None:
    choices: list[dict[str, Any]] = [
        {"name": "text", "type": "string", "default": "x", "pattern": "[a-z0-9]*", "renamedFrom": ["word"]}
    ]
    write(template("say", "1.1.0", parameters=choices))
    job = FOLDER / "job.yaml.j2"
    job.write_text(job.read_text().replace("{{ word }}", "{{ text }}"))
    found = told(ann)
    assert states(found) == {"say": "stays", "shout": "changes"}
    assert (found["say"].renamed, found["shout"].renamed) == ({"word": "text"}, {})
    choices[0]["pattern"] = "[a-d]*"
    choices[0]["default"] = "abc"
    write(template("say", "1.1.0", parameters=choices))
    job.write_text(job.read_text().replace("{{ word }}", "{{ text }}"))
    found = told(ann)
    assert states(found) == {"say": "breaks", "shout": "changes"}
    (misfit,) = found["say"].misfits
    assert (misfit.name, misfit.flag) == ("text", "--set text=…")


def test_a_version_that_does_not_render_breaks_and_says_why(ann: FakeWorld, checkout: Path) -> None:
    write(template("say", "1.1.0"))
    job = FOLDER / "job.yaml.j2"
    job.write_text(job.read_text().replace("restartPolicy: Never", "restartPolicy: Sometimes"))
    found = told(ann)
    assert states(found) == {"say": "breaks", "shout": "breaks"}
    assert found["say"].error is not None


def test_tools_of_another_registry_and_newer_ones_are_not_its_own(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository, checkout: Path, tmp_path: Path
) -> None:
    other = RegistryRepository(tmp_path / "registries", "other")
    other.release("say", "1.0.0", parameters=[{"name": "word", "type": "string", "default": "other"}])
    more = f"  other:\n    url: {other.path}\n".encode()
    repository.commit({layout.PROJECT: repository.files()[layout.PROJECT] + more})
    made(ann, add.draft(ann, add.Request("other/say", "theirs", "dev", answers={}, values={})))
    team.release("say", "2.0.0")
    made(ann, add.draft(ann, add.Request("team/say@2.0.0", "ahead", "dev", answers={}, values={})))
    subprocess.run(["git", "pull", "--quiet"], check=True, timeout=60)
    write(template("say", "1.1.0"))
    assert states(told(ann)) == {"ahead": "stays", "say": "stays", "shout": "changes"}
    found = told(ann, "say@2.0.0")
    assert states(found) == {"ahead": "stays", "say": "stays", "shout": "changes"}


def test_an_older_released_version_comes_from_the_history(
    ann: FakeWorld, team: RegistryRepository, checkout: Path
) -> None:
    team.release("say", "1.1.0")
    team.release("say", "1.2.0")
    subprocess.run(["git", "pull", "--quiet"], check=True, timeout=60)
    assert impact.candidate(ann, "say@1.1.0").entry.template.version.minor == 1
    assert states(told(ann, "say@1.1.0")) == {"say": "stays", "shout": "changes"}
    with pytest.raises(NotFound) as caught:
        impact.candidate(ann, "say@1.9.0")
    assert (caught.value.code, caught.value.message) == (
        "no-version",
        "say has no version 1.9.0; it has 1.0.0, 1.1.0, 1.2.0",
    )


def test_a_repository_or_a_file_that_cannot_be_read_is_told_and_the_rest_is_looked_at(
    ann: FakeWorld, repository: ConfigRepository, checkout: Path, tmp_path: Path
) -> None:
    broken = layout.definition("dev", "broken")
    repository.commit({broken: b"template: say\nversion: [\n"})
    write(template("say", "1.1.0"))
    gone = str(tmp_path / "gone.git")
    found = told(ann, "say", [gone, str(repository.path)])
    assert states(found) == {"": "unknown", "broken": "unknown", "say": "stays", "shout": "changes"}
    assert found[""].repository == gone
    assert states(told(ann, "say", (), "prod")) == {}
    assert states(told(ann, "say", (), "prd")) == {"": "unknown"}


def test_what_each_run_would_have_to_answer_is_told(ann: FakeWorld, checkout: Path) -> None:
    asked: list[dict[str, Any]] = [
        {"name": "word", "type": "string", "default": "x"},
        {"name": "who", "type": "string", "at": "run"},
        {"name": "often", "type": "integer", "at": "run", "default": 1},
    ]
    write(template("say", "1.1.0", parameters=asked))
    job = FOLDER / "job.yaml.j2"
    job.write_text(job.read_text().replace('"{{ word }}"', '"{{ word }}", "{{ who }}", "{{ often }}"'))
    found = told(ann)
    assert found["say"].asked == ("who",)
