"""A tool's file: read strictly, written once, digested."""

import hashlib
from dataclasses import replace

import pytest

from kubectl_rapt.config import installation
from kubectl_rapt.config.installation import Installation, Lock, Schedule
from kubectl_rapt.errors import Invalid, Problem

LOCK = Lock("bundled", "a" * 40, "sha256:" + "b" * 64)
BARE = Installation("backup", "backup", "1.2.3", LOCK)
FULL = Installation(
    "backup",
    "backup",
    "1.2.3",
    LOCK,
    {"tries": 3, "words": ["a", "b"], "token": {"name": "s", "key": "k"}},
    (Schedule("*/15 * * * *", "Europe/Prague"), Schedule("@daily")),
    ("team", "team-2"),
)
PATH = "tools/prod/backup.yaml"


@pytest.mark.parametrize("wanted", [BARE, FULL])
def test_a_tools_file_is_written_and_read_back(wanted: Installation) -> None:
    text = installation.spell(wanted).encode()
    assert installation.read(text, "backup", PATH) == wanted


def test_a_tools_file_reads_well() -> None:
    assert (
        installation.spell(FULL)
        == f"""\
apiVersion: rapt.dev/v1alpha1
kind: Installation
template: backup
version: "1.2.3"
lock:
  registry: bundled
  tree: {"a" * 40}
  digest: sha256:{"b" * 64}
  format: 1
answers:
  tries: 3
  words:
  - a
  - b
  token:
    name: s
    key: k
schedules:
- cron: "*/15 * * * *"
  timeZone: Europe/Prague
- cron: "@daily"
namespaces:
- team
- team-2
"""
    )


def test_nothing_empty_is_written() -> None:
    text = installation.spell(BARE)
    assert [line.partition(":")[0] for line in text.splitlines() if line[0] != " "] == [
        *("apiVersion", "kind", "template", "version", "lock"),
    ]


def test_what_must_be_there_is_asked_for() -> None:
    with pytest.raises(Invalid) as caught:
        installation.read(b"{}", "backup", PATH)
    needed = ["apiVersion", "kind", "template", "version", "lock.registry", "lock.tree", "lock.digest"]
    assert caught.value.problems == tuple(Problem(f"{PATH}:1: {key}", "is missing") for key in needed)


def test_a_file_without_a_format_has_the_first() -> None:
    text = installation.spell(BARE).replace("  format: 1\n", "").encode()
    assert installation.read(text, "backup", PATH) == BARE


def test_all_mistakes_are_told_at_once_with_their_lines() -> None:
    text = b"""\
apiVersion: rapt.dev/v2
kind: Tool
template: ""
lock:
  registry: bundled
  tree: 5
  format: 2
  sha: x
answers: [1]
schedules:
- crn: "@daily"
- "@daily"
namespaces: [1]
namespace: team
"""
    with pytest.raises(Invalid) as caught:
        installation.read(text, "backup", PATH)
    assert caught.value.code == "bad-definition"
    assert caught.value.message == f"{PATH} has 14 mistakes"
    assert caught.value.problems == (
        Problem(f"{PATH}:1: apiVersion", "expected one of: rapt.dev/v1alpha1"),
        Problem(f"{PATH}:1: version", "is missing"),
        Problem(f"{PATH}:2: kind", "expected one of: Installation"),
        Problem(f"{PATH}:3: template", "is empty"),
        Problem(f"{PATH}:4: lock.digest", "is missing"),
        Problem(f"{PATH}:6: lock.tree", "expected text, was given 5"),
        Problem(f"{PATH}:7: lock.format", "expected a format that this Rapt knows: 1"),
        Problem(f"{PATH}:8: lock.sha", "is not a key here"),
        Problem(f"{PATH}:9: answers", "expected a mapping, was given [1]"),
        Problem(f"{PATH}:11: schedules[0].cron", "is missing"),
        Problem(f"{PATH}:11: schedules[0].crn", "is not a key here; did you mean: cron?"),
        Problem(f"{PATH}:12: schedules[1]", 'expected a mapping, was given "@daily"'),
        Problem(f"{PATH}:13: namespaces[0]", "expected text, was given 1"),
        Problem(f"{PATH}:14: namespace", "is not a key here; did you mean: namespaces?"),
    )


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("backup", ""),
        ("b", ""),
        ("b" * 45, ""),
        ("b" * 46, "a tool's name has at most 45 characters, got 46"),
        ("Backup", 'a tool\'s name has lower-case letters, digits and -, got "Backup"'),
        ("", 'a tool\'s name has lower-case letters, digits and -, got ""'),
        ("a.b", 'a tool\'s name has lower-case letters, digits and -, got "a.b"'),
        ("../x", 'a tool\'s name has lower-case letters, digits and -, got "../x"'),
    ],
)
def test_a_tools_name_leaves_room_for_what_is_added_to_it(name: str, problem: str) -> None:
    assert installation.bad_name(name) == problem
    if problem:
        with pytest.raises(Invalid) as caught:
            installation.read(installation.spell(BARE).encode(), name, PATH)
        assert caught.value.problems == (Problem(f"{PATH}:1", problem),)


def test_the_digest_is_of_the_file_as_it_is() -> None:
    assert installation.digest(b"x") == "sha256:" + hashlib.sha256(b"x").hexdigest()


COMPLETE = Lock(
    "https://example.com/team.git",
    "a" * 40,
    "sha256:" + "b" * 64,
    commit="c" * 40,
    policies="sha256:" + "d" * 64,
)


def test_a_lock_is_spelled_with_everything_by_which_it_is_found_again() -> None:
    text = installation.spell(replace(BARE, lock=COMPLETE))
    keys = [line.split(":")[0].strip() for line in text.splitlines() if line.startswith("  ")]
    assert keys == ["registry", "commit", "tree", "digest", "policies", "format"]
    assert installation.read(text.encode(), "backup", PATH).lock == COMPLETE


@pytest.mark.parametrize("key", ["tree", "commit"])
@pytest.mark.parametrize("value", ["main", "--upload-pack=x", "c" * 39, "C" * 40])
def test_what_reaches_git_of_a_lock_is_an_id(key: str, value: str) -> None:
    text = installation.spell(replace(BARE, lock=COMPLETE)).replace(getattr(COMPLETE, key), value)
    with pytest.raises(Invalid) as caught:
        installation.read(text.encode(), "backup", PATH)
    (problem,) = caught.value.problems
    assert (problem.where.endswith(f": lock.{key}"), problem.what) == (True, "expected 40 hex digits")
