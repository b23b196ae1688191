"""Who says which value of a tool: the nearest to it wins."""

from dataclasses import replace
from typing import Any

import pytest

from kubectl_rapt.config import resolve
from kubectl_rapt.config.installation import Installation, Lock
from kubectl_rapt.config.project import Defaults, Environment, Profile, Project
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.parameters import Parameter
from tests.pure.config.test_derive import TEMPLATE as OTHER

TEMPLATE: Template = replace(
    OTHER,
    parameters=(Parameter("days", "integer", default=1), Parameter("where", "string")),
    retry_policy="never",
    cleanup_policy="week",
)
WANTED = Installation("backup", "backup", "1.0.0", Lock("bundled", "", ""))
PLACES = ("rapt.yaml", "profile large", "environment prod", "tools/prod/backup.yaml")


def world(*said: Defaults) -> tuple[Project, Environment, Installation, Template]:
    """Project, profile, environment and tool say these, as far as they are given."""
    project, profile, environment, tool = (*said, *[Defaults()] * (4 - len(said)))
    prod = Environment("prod", ("team",), profile="large", defaults=environment)
    wanted = replace(WANTED, answers=tool.answers, retry_policy=tool.retry_policy)
    whole = Project("0" * 8, {"prod": prod}, {"large": Profile(defaults=profile)}, defaults=project)
    return whole, prod, wanted, TEMPLATE


@pytest.mark.parametrize("nearest", range(4))
def test_the_nearest_to_the_tool_wins_and_is_named(nearest: int) -> None:
    said = [Defaults({"days": 10 + index}, retry_policy=f"r{index}") for index in range(nearest + 1)]
    chosen = resolve.answers(*world(*said))["days"]
    assert (chosen.value, chosen.source) == (10 + nearest, PLACES[nearest])
    policy = resolve.policies(*world(*said))["retry"]
    assert (policy.value, policy.source) == (f"r{nearest}", PLACES[nearest])


def test_the_template_speaks_last() -> None:
    assert resolve.answers(*world())["days"] == resolve.Chosen(1, "template default")
    assert resolve.policies(*world())["cleanup"] == resolve.Chosen("week", "template default")


def test_shared_answers_are_for_templates_that_ask_and_own_ones_are_kept_to_be_refused() -> None:
    shared: dict[str, Any] = {"days": 7, "colour": "red"}
    assert resolve.resolve(*world(Defaults(shared))).answers == {"days": 7}
    own = world(Defaults(), Defaults(), Defaults(), Defaults({"colour": "red"}))
    assert resolve.resolve(*own).answers == {"colour": "red"}


def test_a_tool_without_namespaces_is_in_the_first_one() -> None:
    assert resolve.resolve(*world()).namespaces == ("team",)


def test_what_others_say_under_an_earlier_name_holds_for_the_renamed_parameter() -> None:
    project, environment, wanted, _ = world(Defaults({"keep": 7}))
    days = Parameter("days", "integer", default=1, renamed_from=("keep",))
    found = resolve.answers(project, environment, wanted, replace(TEMPLATE, parameters=(days,)))
    assert found["days"] == resolve.Chosen(7, "rapt.yaml")
