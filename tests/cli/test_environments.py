"""Two environments that both have a tool of one name: what is typed for one is never done to the other."""

import json
from pathlib import Path

import pytest

from kubectl_rapt.config import layout
from kubectl_rapt.config.project import Environment
from tests.cli.conftest import Ask
from tests.cli.endings import refused
from tests.cli.test_checkout import hello
from tests.repositories import ConfigRepository


@pytest.fixture
def repository(tmp_path: Path, home: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> ConfigRepository:
    """``hello`` is in both, with another image in prod; ``only`` is in dev, which is the default environment."""
    dev, prod = Environment("dev", ("nc-dev",), is_reviewed=False), Environment("prod", ("nc-prod",))
    repository = ConfigRepository(tmp_path, dev, prod)
    monkeypatch.setenv("RAPT_REPOSITORY", str(repository.path))
    settings = home / ".config" / "rapt" / "config.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"environment": "dev"}))
    files = {
        layout.PROJECT: repository.files()[layout.PROJECT],
        layout.definition("dev", "hello"): hello(),
        layout.definition("dev", "only"): hello(),
        layout.definition("prod", "hello"): hello("busybox:1.36"),
    }
    work = tmp_path / "work"
    for path, content in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(content)
    assert ask("render", "--path", str(work)).exit_code == 0
    for place, name in (("dev", "hello"), ("dev", "only"), ("prod", "hello")):
        path = layout.rendered(place, name)
        files[path] = (work / path).read_bytes()
    repository.commit({**files})
    return repository


ABOUT_THE_REPOSITORY = (
    "remove hello",
    "set hello --schedule @daily",
    "explain hello",
    "history hello",
    "diff hello",
    "sync",
    "drift",
    "add http-check --set url=http://example.com",
    "upgrade hello",
    "share hello --to-environment prod",
    "render",
    "check",
)


@pytest.mark.parametrize("command", ABOUT_THE_REPOSITORY)
def test_a_namespace_of_another_environment_is_refused_without_in_too(
    ask: Ask, repository: ConfigRepository, command: str
) -> None:
    what = 'namespace "nc-prod" does not belong to environment "dev", but to prod; dev has nc-dev'
    hint = f"kubectl rapt {command} -n nc-prod --in prod"
    before = repository.branches
    assert ask(*command.split(), "-n", "nc-prod") == refused(6, what, hint)
    named = refused(6, what, f"kubectl rapt {command} -n nc-dev --in dev")
    assert ask(*command.split(), "-n", "nc-prod", "--in", "dev") == named
    assert repository.branches == before


def test_a_namespace_that_nobody_has_is_refused_with_one_of_the_default_environment(
    ask: Ask, repository: ConfigRepository
) -> None:
    what = 'namespace "nc-test" does not belong to environment "dev"; dev has nc-dev'
    assert ask("explain", "hello", "-n", "nc-test") == refused(
        6, what, "kubectl rapt explain hello -n nc-dev"
    )
    own = ask("explain", "hello", "-n", "nc-dev")
    assert own.exit_code == 0
    assert own.stdout == ask("explain", "hello").stdout


@pytest.mark.parametrize(
    "command", ["remove only", "set only image=busybox:1.36", "upgrade only", "explain only"]
)
def test_a_tool_that_only_another_environment_has_is_not_hinted_there(
    ask: Ask, repository: ConfigRepository, command: str
) -> None:
    before = repository.branches
    assert ask(*command.split(), "--in", "prod") == refused(
        4, 'no tool "only" in environment prod, but in dev', "kubectl rapt list --in prod --repository"
    )
    assert repository.branches == before


@pytest.mark.parametrize(
    "flags", [["--image", "busybox:1.35"], [], ["--image", "busybox:1.35", "--name", "x"]]
)
def test_the_words_after_two_dashes_are_never_the_name_of_a_tool(
    ask: Ask, repository: ConfigRepository, flags: list[str]
) -> None:
    before = repository.branches
    assert ask("add", *flags, "--in", "dev", "--", "sh", "-c", "true") == refused(
        2, "missing argument 'TEMPLATE'", "kubectl rapt add --help"
    )
    assert repository.branches == before


def test_a_tool_may_be_called_like_its_command(ask: Ask, repository: ConfigRepository) -> None:
    words = ["sh", "--image", "busybox:1.35", "--in", "dev", "--dry-run", "--", "sh", "-c", "true"]
    assert "tools/dev/sh.yaml" in ask("add", *words).stdout


def _zone(ask: Ask, repository: ConfigRepository, held: str, *words: str) -> str:
    """The time zone of the next firings, as ``set`` tells it of a tool that had other schedules."""
    repository.commit({layout.definition("dev", "hello"): hello() + held.encode()})
    ended = ask("set", "hello", "--schedule", "0 3 * * *", *words, "--in", "dev", "--dry-run", "--overwrite")
    firings = next(one for one in ended.stdout.splitlines() if one.startswith("next runs "))
    assert firings.count(" 03:00") == 3
    return firings.rpartition("03:00 ")[2]


PRAGUE = (
    "schedules:\n- cron: 0 1 * * *\n  timeZone: Europe/Prague\n- cron: 0 2 * * *\n  timeZone: Europe/Prague\n"
)
NONE = "UTC (or the cluster's own time zone)"


@pytest.mark.parametrize(
    ("held", "words", "expected"),
    [
        (PRAGUE, [], "Europe/Prague"),
        (PRAGUE, ["--time-zone", "Asia/Tokyo"], "Asia/Tokyo"),
        (PRAGUE, ["--time-zone", ""], NONE),
        (PRAGUE.replace("Europe/Prague", "Asia/Tokyo", 1), [], NONE),
        (PRAGUE.replace("  timeZone: Europe/Prague\n", "", 1), [], NONE),
    ],
    ids=["kept", "another", "removed", "two", "not-all"],
)
def test_a_replaced_schedule_keeps_the_time_zone_that_all_had(
    ask: Ask, repository: ConfigRepository, held: str, words: list[str], expected: str
) -> None:
    assert _zone(ask, repository, held, *words) == expected
