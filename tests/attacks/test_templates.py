"""Each rendering rule from both sides: what it refuses, with line and fix, and the nearest thing it accepts."""

import json
import re
import string

import pytest

from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.errors import Invalid, RaptError
from kubectl_rapt.ports.renderer import RenderRequest
from kubectl_rapt.templating.job import Rendered
from kubectl_rapt.templating.parameters import Parameter
from kubectl_rapt.templating.render import render
from tests.attacks import corpus
from tests.attacks.corpus import TemplateCase

CASES = list(corpus.templates())


def outcome(case: TemplateCase) -> Rendered | RaptError:
    try:
        return render(case.source, case.parameters, case.answers, name=corpus.FILE)
    except RaptError as error:
        return error


def hold(case: TemplateCase, found: Rendered | RaptError) -> None:
    if isinstance(found, Rendered):
        assert not case.refused, f"rendered {found.job}"
        assert json.dumps(found.job) == json.dumps(case.job), "the job, with the order of its keys"
        assert found.places == case.places
        return
    assert isinstance(found, Invalid)
    assert case.refused, f"refused: {found.message}; {found.hint}"
    if case.refused.endswith("…"):
        assert found.message.startswith(case.refused[:-1])
    else:
        assert (found.message, found.hint) == (case.refused, case.fix)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_template_becomes_what_its_file_says(case: TemplateCase) -> None:
    hold(case, outcome(case))


def test_the_child_says_the_same_of_all_of_them(sandbox: Sandbox) -> None:
    requests = [RenderRequest(corpus.FILE, case.source, case.parameters, case.answers) for case in CASES]
    answers = list(sandbox.render_many(requests))
    assert len(answers) == len(CASES)
    for case, answer in zip(CASES, answers, strict=True):
        hold(case, answer)


@pytest.mark.parametrize("rule", range(1, 13))
def test_each_rule_is_shown_from_both_sides(rule: int) -> None:
    sides = {bool(case.refused) for case in CASES if case.rule == rule}
    assert sides == ({False} if rule in (4, 8) else {False, True}), "4 and 8 refuse nothing"


def test_nothing_of_a_token_is_left_in_any_message() -> None:
    for case in CASES:
        found = outcome(case)
        if isinstance(found, RaptError):
            said = [found.message, found.hint, *(problem.what for problem in found.problems)]
            assert not re.search("[0-9a-f]{16}", " ".join(said).lower())


BEFORE = ["", *string.punctuation, " ", *(f"\\{chr(code)}" for code in range(0x20, 0x7F))]
BEFORE += [
    "\\x4",
    "\\u00",
    "\\u004",
    "\\U0000000",
    "\\\\",
    "\\\n ",
    "&a ",
    "*a ",
    "! ",
    "!!str ",
    "- ",
    "? ",
    "''",
    '""',
]
AROUND = [
    'args: ["%s"]',
    "args: ['%s']",
    "args: [%s]",
    "args: %s",
    "%s: a",
    '"%s": a',
    "args: {%s: a}",
    '{"%s": a}',
]
AROUND += [
    "args:\n  - |-\n    %s",
    "args:\n  - >-\n    %s",
    "args:\n  - >+\n    %s",
    "args: # %s",
    "args: [a#%s]",
]


@pytest.mark.parametrize("after", ["", "a", '"'])
@pytest.mark.parametrize("around", AROUND)
def test_whatever_stands_beside_a_value_no_token_is_left_in_a_job(around: str, after: str) -> None:
    """What a value may stand beside is an error or the value alone."""
    for before in BEFORE:
        source = corpus.framed(around % (before + "{{ r }}" + after))
        try:
            job = render(source, [Parameter("r", "string")], {"r": "VALUE"}, name=corpus.FILE).job
        except Invalid as error:
            assert not re.search("[0-9a-f]{16}", error.message + error.hint)
            continue
        text = json.dumps(job)
        assert not re.search("[0-9a-f]{16}", text), (before, text)
        words = job["spec"]["template"]["spec"]["containers"][0].get("args") or []
        assert all("VALUE" not in word or word == "VALUE" for word in words), (before, text)
