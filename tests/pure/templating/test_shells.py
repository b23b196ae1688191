"""Which words of a command line a shell would read as code, and what Kubernetes would paste into a script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_rapt.templating import shells
from kubectl_rapt.templating.parameters import Parameter
from tests.attacks.kubernetes import expand

C = "/spec/template/spec/containers/0"


def problems(command: list[str], *values: int, env: tuple[str, ...] = (), code: bool = False) -> list[str]:
    """The indexes that are refused, in a command line where the words at some indexes are values."""
    container = {"name": "tool", "command": command, "env": [{"name": name, "value": "a"} for name in env]}
    parameter = Parameter("x", "string", code=code)
    origins = {f"{C}/command/{index}": parameter for index in values}
    job = {"spec": {"template": {"spec": {"containers": [container]}}}}
    return [one.where.rpartition("/")[2] for one in shells.check(job, origins)]


@pytest.mark.parametrize(
    ("command", "values", "refused"),
    [
        ("sh -c SCRIPT", [2], ["2"]),
        ("sh -c SCRIPT arg", [3], []),
        ("/bin/sh -ec SCRIPT", [2], ["2"]),
        ("sh -e -u -c SCRIPT", [4], ["4"]),
        ("bash -euo pipefail -c SCRIPT", [4], ["4"]),
        ("bash -euo pipefail -c SCRIPT arg", [5], []),
        ("bash -o VALUE -c SCRIPT", [2], ["2"]),
        ("bash +x -c SCRIPT", [3], ["3"]),
        ("bash --norc -c SCRIPT", [3], ["3"]),
        ("bash --rcfile VALUE -c SCRIPT", [2], ["2"]),
        ("sh -- FILE arg", [2], ["2"]),
        ("sh FILE arg", [1], ["1"]),
        ("sh FILE arg", [2], []),
        ("sh -x FILE arg", [3], []),
        ("busybox sh -c SCRIPT", [3], ["3"]),
        ("env A=B nice -n 5 zsh -c SCRIPT", [7], ["7"]),
        ("tini -- dash -c SCRIPT", [4], ["4"]),
        ("pwsh -Command SCRIPT", [2], ["2"]),
        ("sh -c SCRIPT sh bash -c SCRIPT", [6], ["6"]),
        ("sh -c SCRIPT sh ARG", [4], []),
        ("echo ARG", [1], []),
        ("bashful ARG", [1], []),
        ("./sh.py ARG", [1], []),
    ],
)
def test_values_stay_out_of_options_and_scripts(command: str, values: list[int], refused: list[str]) -> None:
    assert problems(command.split(), *values) == refused
    assert problems(command.split(), *values, code=True) == []


@pytest.mark.parametrize(
    ("script", "env", "is_refused"),
    [
        ("echo $(A)", ("A",), True),
        ("echo $(A)", ("B",), False),
        ("echo $$(A)", ("A",), False),
        ("echo $$$(A)", ("A",), True),
        ('echo "$A"', ("A",), False),
        ("echo $(A", ("A",), False),
        ("echo $(date)", ("A",), False),
    ],
)
def test_scripts_take_no_variables_from_kubernetes(
    script: str, env: tuple[str, ...], is_refused: bool
) -> None:
    assert bool(problems(["sh", "-c", script], env=env)) is is_refused
    assert problems(["echo", script], env=env) == []


@given(st.text(alphabet=st.sampled_from("$$$(()AB "), max_size=20))
def test_variables_are_those_that_kubernetes_looks_up(text: str) -> None:
    asked: list[str] = []
    expand(text, lambda name: asked.append(name) or "")  # type: ignore[func-returns-value]
    assert list(shells.variables(text)) == asked
