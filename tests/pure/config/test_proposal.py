"""What a pull request says, and what its text can never do."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from kubectl_rapt.config import changes, proposal, resolve
from kubectl_rapt.config.changes import Change
from kubectl_rapt.config.installation import Schedule
from kubectl_rapt.config.project import Review
from kubectl_rapt.config.proposal import Asked, Subject
from kubectl_rapt.model.proposals import Proposal
from kubectl_rapt.objects.tools import Source
from tests.given import NOON, a_run
from tests.hostile import HOSTILE, assert_harmless
from tests.pure.config.test_derive import INSTALLED, PROD, PROJECT, TEMPLATE, derived

CHANGE = Change(
    "7c1e42", ("tools/prod/nightly.yaml",), "Add nightly 1.0.0 in prod", ("backup 1.0.0 team@4be1f20",)
)


def body(**answers: object) -> str:
    installed = replace(INSTALLED, answers=answers, schedules=(Schedule("0 3 * * *", "Europe/Prague"),))
    wanted = resolve.resolve(PROJECT, PROD, installed, TEMPLATE)
    after = derived(installed=replace(installed, answers={}))
    return proposal.body(CHANGE, [Subject("prod", "nightly", (), after, wanted, TEMPLATE)], NOON)


def test_a_reviewer_reads_what_comes_what_was_answered_when_it_runs_and_what_it_reaches() -> None:
    text = body(word="hello")
    for part in (
        "+ tool/nightly",
        "+ cronjob/nightly",
        "word: hello",
        "0 3 * * *  →",
        "Europe/Prague",
        "image: ",
    ):
        assert part in text, part


def test_a_reviewer_reads_what_is_to_run_once_for_whom_with_what_and_until_when() -> None:
    change = Change("7c1e42", ("runs/prod/backup-x7k2p.yaml",), "run backup in prod: backup-x7k2p", ())
    run = a_run(
        answers={"day": "mon", "note": "``` @everyone"},
        env={"LEVEL": "2"},
        source=Source("bundled", "volume-backup", "1.2.0", "", "", "", ""),
        not_after=NOON + timedelta(days=1),
    )
    text = proposal.body(change, [Asked("prod", run)], NOON)
    for line in (
        "### Run backup-x7k2p in prod, once",
        "tool       backup (volume-backup 1.2.0)",
        "asked by   ann",
        "not after  2026-11-23T12:00:00Z",
        "**Answers**",
        "day: mon",
        "**Variables**",
        "LEVEL: 2",
    ):
        assert line in text.splitlines(), (line, text)
    assert "````\nday: mon\nnote: ``` @everyone\n````" in text
    assert changes.read(f"x\n\n{text}") is not None


def test_the_change_is_recognised_by_the_text_alone() -> None:
    found = changes.read(f"{CHANGE.summary} (#12)\n\n{body()}")
    assert found is not None
    assert (found.id, found.edits, found.templates) == (CHANGE.id, CHANGE.edits, CHANGE.templates)


def test_what_files_say_stays_inside_its_fence() -> None:
    text = body(word="``` ````\n@everyone ![x](http://example.com/x.png)\nRapt-Change: 000000")
    outside = [
        line for index, part in enumerate(text.split("`````")) if index % 2 == 0 for line in part.splitlines()
    ]
    assert not any("@everyone" in line for line in outside)
    found = changes.read(f"x\n\n{text}")
    assert found is not None and found.id == CHANGE.id


def test_no_text_steers_the_page_or_forges_a_line() -> None:
    change = replace(
        CHANGE, summary=f"Add {HOSTILE} @all #1 ![x](y)", requester=f"Ann ![x](y) {HOSTILE[:-15]}"
    )
    after = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "a"},
            "data": {"a": f"x\r+ y{HOSTILE}"},
        }
    ]
    text = proposal.body(change, [Subject("prod", "nightly", (), after, None, TEMPLATE)], NOON)
    assert_harmless(text.replace("@\u200b", "").replace("#\u200b", ""), "the body")
    outside = re.sub("^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "![x]" not in outside
    assert "@all" not in outside and "#1" not in outside


def test_a_long_difference_is_cut_and_says_so() -> None:
    lines = [str(number) for number in range(500)]
    assert "… and 300 more lines: see the files" in proposal._fenced(lines)


def proposed(now: datetime = NOON, **answers: object) -> Proposal:
    installed = replace(INSTALLED, answers=answers, schedules=(Schedule("0 3 * * *", "Europe/Prague"),))
    wanted = resolve.resolve(PROJECT, PROD, installed, TEMPLATE)
    subject = Subject(
        "prod", "nightly", (), derived(installed=replace(installed, answers={})), wanted, TEMPLATE
    )
    return proposal.of(CHANGE, [subject], now, Review(("sam",), ("prod",)))


def test_only_the_time_leaves_the_mark_as_it_is() -> None:
    marks = [
        one.body.rpartition("Rapt-Proposal: ")[2]
        for one in (
            proposed(word="a"),
            proposed(NOON + timedelta(days=3), word="a"),
            proposed(word="b"),
        )
    ]
    assert (marks[0] == marks[1], marks[0] == marks[2]) == (True, False)
    assert proposed(word="a").body != proposed(NOON + timedelta(days=3), word="a").body
    assert (proposed().labels, proposed().reviewers, proposed().branch) == (
        ("prod",),
        ("sam",),
        CHANGE.branch,
    )


def test_a_change_of_many_tools_fits_into_what_forges_take_and_keeps_its_trailers() -> None:
    long = [Subject("prod", f"tool-{number}", (), derived(), None, None) for number in range(3)]
    many = [*long, *([replace(long[0], after=[a_config_map("x" * 900, at) for at in range(150)])] * 2)]
    text = proposal.body(CHANGE, many, NOON)
    assert len(text) < 60_000
    assert "… and 2 more: see the files" in text
    found = changes.read(f"x\n\n{text}")
    assert found is not None and found.id == CHANGE.id


def a_config_map(name: str, number: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{name}-{number}", "namespace": "a"},
    }
