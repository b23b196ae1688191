"""Each rendering rule from both sides: what it refuses, with line and fix, and the nearest thing it accepts."""

import json

import pytest

from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.errors import Invalid, RaptError
from kubectl_rapt.ports.renderer import RenderRequest
from kubectl_rapt.templating.job import Rendered
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
            assert "rapt0" not in " ".join(said).lower()
            assert not any(len(word) > 24 and word.startswith("rapt") for word in " ".join(said).split())
