"""What a pull request says, and what its text can never do."""

from kubectl_rapt.config import changes, proposal, resolve
from kubectl_rapt.config.changes import Change
from kubectl_rapt.config.installation import Schedule
from kubectl_rapt.config.proposal import Subject
from tests.given import NOON
from tests.pure.config.test_derive import INSTALLED, PROD, PROJECT, TEMPLATE, derived

CHANGE = Change(
    "7c1e42", ("tools/prod/nightly.yaml",), "Add nightly 1.0.0 in prod", ("backup 1.0.0 team@4be1f20",)
)


def body(**answers: object) -> str:
    from dataclasses import replace

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
        "image   ",
    ):
        assert part in text, part


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


def test_a_long_difference_is_cut_and_says_so() -> None:
    lines = [str(number) for number in range(500)]
    assert "… and 300 more lines: see the files" in proposal._fenced(lines)
