"""Hostile ``template.yaml``: refused with the place that is wrong, in little time and memory, also by ``search``."""

import resource
import time

import pytest

from kubectl_rapt.errors import Invalid
from kubectl_rapt.templating import declared, definition, parameters
from kubectl_rapt.templating.parameters import Parameter
from tests.attacks import corpus
from tests.attacks.corpus import DefinitionCase

FILE = "templates/t/template.yaml"


@pytest.mark.parametrize("case", list(corpus.definitions()), ids=lambda case: case.name)
def test_a_hostile_definition_is_refused_in_time_and_memory(case: DefinitionCase) -> None:
    memory, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(Invalid) as refused:
        definition.load(case.text, FILE)
    assert time.process_time() - begin < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 100 * 1024
    said = [refused.value.message, *(f"{one.where} {one.what}" for one in refused.value.problems)]
    assert any(case.refused in one for one in said), said
    assert len("".join(said)) < 40_000


def test_a_tool_with_too_many_patterns_is_refused_before_one_is_compiled() -> None:
    asked = [{"name": f"p{number}", "type": "string", "pattern": f"a{number}"} for number in range(65)]
    begin = time.process_time()
    with pytest.raises(Invalid, match="has 65 patterns; at most 64 are read"):
        declared.at_run(asked)
    assert time.process_time() - begin < 0.1
    assert len(declared.at_run(asked[1:])) == 64


def test_the_largest_pattern_that_is_taken_costs_little_for_the_longest_text() -> None:
    slow = Parameter("p", "string", pattern="[ab]*a[ab]{300}c")
    text = "".join("ab"[(number * number) % 7 % 2] for number in range(64 * 1024))
    begin = time.process_time()
    with pytest.raises(ValueError, match="expected text"):
        parameters.value_of(slow, text)
    assert time.process_time() - begin < 2


@pytest.mark.parametrize(
    "pattern",
    [
        r"\pL+",
        "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        ".{1,1000}",
        r"[^\s/]+(/\S*)?",
        "[a-z]{1,253}",
        r"(?:a|(?P<b>c))\(?i\)?|a",
    ],
)
def test_patterns_of_honest_authors_are_taken(pattern: str) -> None:
    assert parameters.matcher(pattern)("a")
