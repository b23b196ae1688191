"""Values that no flag can take are refused before anything is asked or done: nobody gets an empty answer for a typo."""

from pathlib import Path

import pytest

from kubectl_rapt.cli import words
from kubectl_rapt.cli.wording import Flag
from kubectl_rapt.config.project import Environment
from tests.cli.conftest import Ask
from tests.repositories import ConfigRepository

OPEN = (
    *("DIR", "FILE", "FILE|-", "FOLDER", "ID", "IMAGE", "LABELS", "NAME", "NAMESPACE", "SELECTOR", "TEXT"),
    *("TOOL", "URL", "URL|PATH", "USER", "GROUP", "NAME,…"),
)
"""Values of which only the cluster, a repository or nobody knows which ones there are."""
ELSEWHERE = {
    "ENV": "an environment is looked up in rapt.yaml: see test_config_repository",
    "ENV,…": "the same",
    "POLICY": "a policy is looked up in the registries: see test_config_repository",
    "ZONE": "goes into a file, which is checked as a whole: see test_config_repository",
    "CRON": "the same",
}
CLOSED = [
    (name, flag)
    for name, command in words.COMMANDS.items()
    for flag in (*command.flags, *words.SHARED)
    if flag.value and flag.value not in (*OPEN, *ELSEWHERE)
]


@pytest.fixture
def repository(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> ConfigRepository:
    """The person's own."""
    dev = Environment("dev", ("nc-dev",), cluster="uid", is_reviewed=False)
    found = ConfigRepository(tmp_path, dev)
    monkeypatch.setenv("RAPT_REPOSITORY", str(found.path))
    monkeypatch.setenv("RAPT_ENVIRONMENT", "dev")
    return found


@pytest.mark.parametrize(("name", "flag"), CLOSED, ids=lambda one: getattr(one, "name", one))
def test_a_value_that_a_flag_cannot_take_is_refused(
    ask: Ask, repository: ConfigRepository, name: str, flag: Flag
) -> None:
    before = repository.branches
    arguments = [
        word
        for written, _ in words.COMMANDS[name].arguments
        for word in ([] if written.startswith("[") and written != "[TOOL…]" else ["x"])
    ]
    wrong = "{" if flag.value == "JSONPATH" else "!nonsense"
    is_begun = name == "schedule backfill" and flag.name != "--from"
    more = ["--from", "2026-11-01T00:00:00Z"] if is_begun else []
    ended = ask(*name.split(), *arguments, *more, f"{flag.name}={wrong}")
    assert ended.exit_code in (2, 5), f"{ended}"
    assert wrong in ended.stderr or flag.name in ended.stderr, f"{ended}"
    assert repository.branches == before
