"""Changes: ids that say what changes, branches that say where, trailers that survive a squash."""

import itertools
from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from kubectl_rapt.config import changes
from kubectl_rapt.config.changes import Change

PATH = "tools/prod/backup.yaml"
ADD = Change(
    "7c1e42", (PATH,), "Add backup 1.0.0 in prod", ("backup 1.0.0 bundled",), "Ann <ann@example.com>"
)
MESSAGE = (
    "Add backup 1.0.0 in prod\n\nRapt-Change: 7c1e42\nRapt-Edits: tools/prod/backup.yaml\n"
    "Rapt-Template: backup 1.0.0 bundled\nRapt-Requester: Ann <ann@example.com>\n"
)
TRAILERS = MESSAGE.partition("\n\n")[2]


def test_a_change_names_its_branch_and_its_commit() -> None:
    assert ADD.branch == "rapt/prod/backup/7c1e42"
    assert ADD.message == MESSAGE
    assert f"refs/heads/{ADD.branch}".startswith(changes.BRANCHES)
    assert not f"refs/heads/{changes.MAIN}".startswith(changes.BRANCHES)
    assert changes.MAIN == "main"


@pytest.mark.parametrize(
    ("edits", "branch"),
    [
        (["tools/dev/backup.yaml", PATH], "rapt/all/backup/7c1e42"),
        (["tools/prod/a.yaml", PATH], "rapt/prod/all/7c1e42"),
        (["tools/dev/a.yaml", PATH], "rapt/all/all/7c1e42"),
        (["rapt.yaml"], "rapt/all/project/7c1e42"),
        (["rapt.yaml", PATH], "rapt/prod/backup/7c1e42"),
    ],
)
def test_a_change_of_several_files_has_one_branch(edits: list[str], branch: str) -> None:
    assert Change("7c1e42", tuple(edits), "Change it").branch == branch


def test_an_id_is_the_same_on_every_machine_and_for_ever() -> None:
    files = {"tools/prod/backup.yaml": b"a: 1\n", "rendered/prod/backup.yaml": None}
    assert changes.identify(files, "0" * 40) == "a2edb7"
    assert changes.identify(dict(reversed(files.items())), "0" * 40) == "a2edb7"


VARIANTS: list[tuple[Mapping[str, bytes | None], str]] = [
    ({}, ""),
    ({}, "a"),
    ({"a": b""}, ""),
    ({"a": None}, ""),
    ({"a": b"x"}, ""),
    ({"a": b"x"}, "a"),
    ({"b": b"x"}, ""),
    ({"a": b"x", "b": b"y"}, ""),
    ({"a": b"y", "b": b"x"}, ""),
    ({"a": b"x\0b\x001\0y"}, ""),
    ({"a": b"xb", "c": b""}, ""),
    ({"a": b"x", "bc": b""}, ""),
    ({"a": b"", "b": b"x"}, ""),
    ({"a": None, "b": b"x"}, ""),
]


def test_ids_differ_where_the_changes_do() -> None:
    for one, other in itertools.combinations(VARIANTS, 2):
        assert changes.identify(*one) != changes.identify(*other), (one, other)


SPELLINGS = [
    MESSAGE,
    MESSAGE.strip(),
    MESSAGE.replace("\n", "\r\n"),
    f"Add backup 1.0.0 in prod\n\n* Add backup 1.0.0 in prod\n\n{TRAILERS}",
    f"Add backup 1.0.0 in prod\n\n{TRAILERS}Signed-off-by: Ann <ann@example.com>\n",
    f"Add backup 1.0.0 in prod\n\nCo-authored-by: Bob\n{TRAILERS}",
    f"Add backup 1.0.0 in prod\n\nRapt-Change: 000000\n{TRAILERS}",
]


@pytest.mark.parametrize("message", SPELLINGS)
def test_the_trailers_are_read_back_however_the_change_was_merged(message: str) -> None:
    found = changes.read(message)
    assert found is not None
    assert (found.id, found.environment, found.tool) == ("7c1e42", "prod", "backup")
    assert (found.edits, found.templates, found.requester) == (ADD.edits, ADD.templates, ADD.requester)
    assert found.summary.strip() == ADD.summary


STRANGERS = [
    "",
    "Fix a typo",
    MESSAGE.replace("Rapt-Change", "rapt-change"),
    MESSAGE.replace("Rapt-Edits: tools/prod/backup.yaml\n", ""),
    MESSAGE.replace("Rapt-Change: ", "Rapt-Change:"),
    MESSAGE.replace("Rapt-Change", " Rapt-Change"),
    MESSAGE.replace("7c1e42", ""),
    MESSAGE.replace("7c1e42", "7C1E42"),
    MESSAGE.replace("7c1e42", "7c1e42f"),
    MESSAGE.replace("7c1e42", "\x1b[2J12"),
    MESSAGE.replace("tools/prod/", "tools/../prod/"),
    MESSAGE.replace("tools/prod/", "rendered/prod/"),
    MESSAGE.replace("backup.yaml", "back up.yaml"),
    MESSAGE.replace("backup.yaml", "-rf.yaml"),
    MESSAGE.replace("backup.yaml", "\u202ebackup.yaml"),
    MESSAGE.replace("backup.yaml\n", "backup.yaml\nRapt-Edits: .github/workflows/ci.yaml\n"),
]


@pytest.mark.parametrize("message", STRANGERS)
def test_a_message_that_does_not_say_it_exactly_speaks_of_no_change(message: str) -> None:
    assert changes.read(message) is None


@given(some.text())
@example(MESSAGE * 3)
def test_no_message_yields_a_change_that_could_not_be_one(message: str) -> None:
    for text in (message, f"x\n\n{TRAILERS}{message}", f"{message}\n\n{TRAILERS}"):
        found = changes.read(text)
        if found:
            assert found.branch.encode("ascii")
            assert found.branch.count("/") == 3
            assert "\n" not in found.summary


def test_a_change_writes_only_what_is_not_so_already() -> None:
    before = {"same": b"1", "edited": b"1", "removed": b"1", "untouched": b"1"}
    after: dict[str, bytes | None] = {
        "same": b"1",
        "edited": b"2",
        "removed": None,
        "new": b"1",
        "absent": None,
    }
    assert changes.difference(before, after) == {"edited": b"2", "removed": None, "new": b"1"}
    assert changes.difference(before, {}) == {}
