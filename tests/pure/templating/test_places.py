"""Setting run-time parameters in a Tool's Job: where they may stand, and what their values become."""

import copy
import json
import re
import subprocess
import sys
from typing import Any

import pytest

from kubectl_rapt.errors import Invalid, UsageError
from kubectl_rapt.objects import job_places
from kubectl_rapt.templating import places
from kubectl_rapt.templating.parameters import Parameter

POD = "/spec/template/spec"
C = f"{POD}/containers/0"
JOB: dict[str, Any] = {
    "metadata": {"labels": {"team": "data"}},
    "spec": {
        "parallelism": 1,
        "backoffLimit": 0,
        "template": {
            "spec": {
                "restartPolicy": "Never",
                "activeDeadlineSeconds": 60,
                "initContainers": [{"name": "first", "image": "a", "env": [{"name": "A", "value": "a"}]}],
                "containers": [
                    {
                        "name": "tool",
                        "image": "registry.example/tool:1",
                        "command": ["tool", "run"],
                        "args": ["one", "--", "two"],
                        "env": [
                            {"name": "A", "value": "a"},
                            {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                            {"name": "C", "value": "$(A)"},
                        ],
                        "resources": {"limits": {"memory": "1Gi", "nvidia.com/gpu": 1}},
                    }
                ],
            }
        },
    },
}


def run_time(kind: str = "string", name: str = "x", **fields: Any) -> Parameter:
    return Parameter(name, kind, at="run", **fields)  # type: ignore[arg-type]


def at(job: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/")
        job = job[int(part) if isinstance(job, list) else part]
    return job


@pytest.mark.parametrize(
    ("parameter", "pointer", "value", "becomes"),
    [
        (run_time(), f"{C}/env/0/value", "a$(id)", "a$$(id)"),
        (run_time("integer"), f"{C}/env/0/value", 5, "5"),
        (run_time("number"), f"{C}/env/0/value", 0.5, "0.5"),
        (run_time("boolean"), f"{C}/env/0/value", True, "true"),
        (run_time("duration"), f"{C}/env/0/value", "1h30m", "1h30m"),
        (run_time("quantity"), f"{C}/env/0/value", "1Gi", "1Gi"),
        (run_time(), f"{POD}/initContainers/0/env/0/value", "b", "b"),
        (run_time(), f"{C}/args/2", "-v$", "-v$$"),
        (run_time(), f"{C}/args/0", "v", "v"),
        (run_time(), f"{C}/command/1", "v", "v"),
        (run_time("list"), f"{C}/args", ["a", "$"], ["a", "$$"]),
        (run_time("list"), f"{C}/args", [], []),
        (run_time("integer"), "/spec/parallelism", 3, 3),
        (run_time("integer"), "/spec/backoffLimit", 0, 0),
        (run_time("duration"), f"{POD}/activeDeadlineSeconds", "1h30m", 5400),
        (run_time("quantity"), f"{C}/resources/limits/memory", "2Gi", "2Gi"),
        (run_time("quantity"), f"{C}/resources/limits/nvidia.com~1gpu", "2", "2"),
        (run_time("image", choices=("a:1", "b:1")), f"{C}/image", "b:1", "b:1"),
        (
            run_time("image", prefixes=("registry.example/",)),
            f"{C}/image",
            "registry.example/b",
            "registry.example/b",
        ),
    ],
)
def test_value_is_written_as_its_field_holds_it(
    parameter: Parameter, pointer: str, value: Any, becomes: Any
) -> None:
    before = copy.deepcopy(JOB)
    filled = places.fill(JOB, [(parameter, [pointer])], {"x": value})
    assert at(filled, pointer) == becomes
    assert type(at(filled, pointer)) is type(becomes)
    assert before == JOB, "the Tool's Job stays as it is"


@pytest.mark.parametrize("values", [{}, {"x": None}])
def test_parameter_without_a_value_leaves_the_job_as_it_is(values: dict[str, Any]) -> None:
    assert places.fill(JOB, [(run_time(), [f"{C}/env/0/value"])], values) == JOB


def test_one_value_fills_all_its_places() -> None:
    pointers = [f"{C}/env/0/value", f"{C}/args/0", f"{POD}/initContainers/0/env/0/value"]
    filled = places.fill(JOB, [(run_time(), pointers)], {"x": "v"})
    assert [at(filled, pointer) for pointer in pointers] == ["v", "v", "v"]


@pytest.mark.parametrize(
    ("parameter", "pointer"),
    [
        (run_time(), "/metadata/labels/team"),
        (run_time(), "/spec/template/spec/restartPolicy"),
        (run_time(), f"{C}/env/0/name"),
        (run_time(), f"{C}/name"),
        (run_time(), f"{C}/env/0"),
        (run_time(), f"{C}/command/0"),
        (run_time(), f"{C}/command"),
        (run_time(), f"{C}/env/1/valueFrom/fieldRef/fieldPath"),
        (run_time(), ""),
        (run_time(), "/"),
        (run_time(), f"{C}/args/-"),
        (run_time(), f"{C}/args/00"),
        (run_time(), f"{C}/args/+1"),
        (run_time(), f"{C}/args/1 "),
        (run_time(), f"{C}/args/1\n"),
        (run_time(), f"{C}/args/\u0661"),
        (run_time(), f"{C}/args/99999999999999999999"),
        (run_time(), f"{POD}/containers/-1/args/0"),
        (run_time(), f"{C}/args/3"),
        (run_time(), f"{C}/env/9/value"),
        (run_time(), f"{C}/env/1/value"),
        (run_time(), f"{POD}/containers/1/args/0"),
        (run_time(), f"{C}/resources/limits/memory"),
        (run_time("quantity"), f"{C}/resources/limits/cpu"),
        (run_time("quantity"), f"{C}/resources/requests/memory"),
        (run_time("list"), f"{C}/args/0"),
        (run_time("list"), f"{C}/env"),
        (run_time("list"), f"{POD}/initContainers/0/args"),
        (run_time("string"), f"{C}/args"),
        (run_time("number"), "/spec/parallelism"),
        (run_time("integer"), "/spec/completions"),
        (run_time("integer"), f"{POD}/activeDeadlineSeconds"),
        (run_time("integer"), f"{POD}/terminationGracePeriodSeconds"),
        (run_time("duration"), "/spec/activeDeadlineSeconds"),
        (run_time("image"), f"{C}/image"),
        (run_time("string"), f"{C}/image"),
        (run_time("secretRef"), f"{C}/env/0/value"),
        (run_time("volumeRef"), f"{C}/args/0"),
    ],
    ids=lambda one: one.type if isinstance(one, Parameter) else one,
)
def test_place_is_refused(parameter: Parameter, pointer: str) -> None:
    with pytest.raises(Invalid) as caught:
        places.fill(JOB, [(parameter, [pointer])], {"x": "v"})
    assert caught.value.code == "bad-place"


@pytest.mark.parametrize(
    "placed",
    [
        [(run_time(), [f"{C}/args/0", f"{C}/args/0"])],
        [(run_time(), [f"{C}/args/0"]), (run_time(name="y"), [f"{C}/args/0"])],
        [(run_time("list"), [f"{C}/args"]), (run_time(name="y"), [f"{C}/args/0"])],
        [(run_time(name="y"), [f"{C}/args/0"]), (run_time("list"), [f"{C}/args"])],
        [(run_time(), [])],
    ],
)
def test_places_are_refused_together(placed: list[places.Placed]) -> None:
    with pytest.raises(Invalid, match="places are wrong"):
        places.fill(JOB, placed, {})


@pytest.mark.parametrize(
    ("parameter", "pointer", "value"),
    [
        (run_time("integer"), "/spec/parallelism", "5"),
        (run_time("integer"), "/spec/parallelism", True),
        (run_time("list"), f"{C}/args", "a"),
        (run_time(), f"{C}/args/0", ["a"]),
        (run_time(), f"{C}/args/0", {"a": "b"}),
        (run_time("duration"), f"{POD}/activeDeadlineSeconds", "soon"),
        (run_time("duration"), f"{POD}/activeDeadlineSeconds", "0s"),
        (run_time("quantity"), f"{C}/resources/limits/memory", "-1Gi"),
        (run_time("image", choices=("a:1",)), f"{C}/image", "b:1"),
        (run_time("image", prefixes=("registry.example/team",)), f"{C}/image", "registry.example/teams/a"),
    ],
)
def test_value_of_another_type_is_refused(parameter: Parameter, pointer: str, value: Any) -> None:
    with pytest.raises(Invalid) as caught:
        places.fill(JOB, [(parameter, [pointer])], {"x": value})
    assert caught.value.code == "bad-answers"


@pytest.mark.parametrize(
    ("pointer", "value", "is_refused"),
    [
        (f"{C}/args/0", "-v", True),
        (f"{C}/args/2", "-v", False),
        (f"{C}/command/1", "--help", True),
        (f"{C}/env/0/value", "-v", False),
    ],
)
def test_value_is_no_option_without_dashes_before_it(pointer: str, value: str, is_refused: bool) -> None:
    if is_refused:
        with pytest.raises(Invalid, match="read as an option"):
            places.fill(JOB, [(run_time(), [pointer])], {"x": value})
    else:
        places.fill(JOB, [(run_time(), [pointer])], {"x": value})


def shell(*args: str, **container: Any) -> dict[str, Any]:
    tool = {"name": "tool", "image": "a", "command": ["timeout", "5"], "args": [*args], **container}
    return {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [tool]}}}}


def test_value_that_makes_a_shell_of_the_next_one_is_refused_at_run_time() -> None:
    job = shell("echo", "x", "y")
    placed = [(run_time(name=name), [f"{C}/args/{i}"]) for i, name in enumerate(("a", "b"))]
    with pytest.raises(Invalid, match="shell"):
        places.fill(job, placed, {"a": "sh", "b": "id"})
    assert places.fill(job, placed, {"a": "echo", "b": "id"})


def test_what_the_author_of_a_tool_wrote_by_hand_is_left_alone() -> None:
    job = shell("sh", "-c", "echo $(A)", env=[{"name": "A", "value": "a"}])
    assert places.fill(job, [], {}) == job
    assert places.add_env(job, {"A": "b"}, is_free=False)


@pytest.mark.parametrize(
    ("variables", "env"),
    [
        ({}, ["A=a", "B", "C=$(A)"]),
        ({"A": "b"}, ["A=b", "B", "C=$(A)"]),
        ({"C": "$x", "A": ""}, ["A=", "B", "C=$$x"]),
        ({"B": "b"}, ["A=a", "B=b", "C=$(A)"]),
        ({"Z": "1", "Y": "2"}, ["A=a", "B", "C=$(A)", "Y=2", "Z=1"]),
    ],
)
def test_variables_are_replaced_where_they_stand_and_new_ones_follow(
    variables: dict[str, str], env: list[str]
) -> None:
    before = copy.deepcopy(JOB)
    found = at(places.add_env(JOB, variables, is_free=True), f"{C}/env")
    assert found == at(places.add_env(JOB, dict(reversed(variables.items())), is_free=True), f"{C}/env")
    assert [one["name"] + (f"={one['value']}" if "value" in one else "") for one in found] == env
    assert before == JOB


def test_duplicates_of_a_replaced_variable_are_dropped() -> None:
    job = shell(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "A", "value": "3"}])
    found = at(places.add_env(job, {"A": "x"}, is_free=False), f"{C}/env")
    assert found == [{"name": "A", "value": "x"}, {"name": "B", "value": "2"}]


def test_undeclared_variables_need_a_free_environment() -> None:
    with pytest.raises(UsageError, match="declares no variable Z"):
        places.add_env(JOB, {"Z": "1"}, is_free=False)


@pytest.mark.parametrize("name", ["", "A=B", "1A", "A B", "A\n", "\u00c4"])
def test_a_variable_needs_a_name_that_it_can_have(name: str) -> None:
    with pytest.raises(UsageError, match="no variable can have the name"):
        places.add_env(JOB, {name: "1"}, is_free=True)


def test_variables_go_to_the_container_called_tool_or_the_first_or_the_one_asked_for() -> None:
    pod = {"containers": [{"name": "side", "image": "a"}, {"name": "tool", "image": "a"}]}
    job = {"spec": {"template": {"spec": pod}}}

    def where(container: str) -> list[str]:
        filled = places.add_env(job, {"A": "1"}, is_free=True, container=container)
        return [one["name"] for one in filled["spec"]["template"]["spec"]["containers"] if "env" in one]

    assert where("") == ["tool"]
    assert where("side") == ["side"]
    pod["containers"][1]["name"] = "other"
    assert where("") == ["side"]
    with pytest.raises(UsageError, match="no container"):
        where("tool")


def test_a_new_variable_may_not_turn_a_command_of_the_script_into_its_value() -> None:
    job = shell("sh", "-c", "echo $(date)")
    with pytest.raises(Invalid, match=re.escape("paste $(date)")):
        places.add_env(job, {"date": "; id"}, is_free=True)


@pytest.mark.parametrize("kind", job_places.PATTERNS)
def test_pattern_for_the_cluster_matches_whole_pointers_only(kind: job_places.Kind) -> None:
    pattern = job_places.PATTERNS[kind]
    assert pattern.startswith("^") and pattern.endswith("$")
    assert not re.search(r"\\[dwsb]|\(\?[^:]", pattern), "RE2 and ECMA read it as Python does"


def test_setting_parameters_needs_no_template_engine() -> None:
    code = (
        "import sys; import kubectl_rapt.templating.places;"
        "print([name for name in ('jinja2', 'jsonschema_rs', 'ruamel.yaml', 'json') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_references_are_found_wherever_a_job_reads_by_name() -> None:
    job = {
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {
                            "env": [
                                {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s1", "key": "k"}}},
                                {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "c1", "key": "k"}}},
                            ],
                            "envFrom": [{"secretRef": {"name": "s2"}}, {"configMapRef": {"name": "c2"}}],
                        }
                    ],
                    "initContainers": [{"envFrom": [{"secretRef": {"name": "s3"}}]}],
                    "volumes": [
                        {"name": "a", "secret": {"secretName": "s4"}},
                        {"name": "b", "configMap": {"name": "c3"}},
                        {"name": "c", "persistentVolumeClaim": {"claimName": "v1"}},
                        {"name": "d", "emptyDir": {}},
                    ],
                }
            }
        }
    }
    found = list(places.references(job))
    assert sorted((kind, name) for _, kind, name, _ in found) == [
        *(("configMapRef", f"c{i}") for i in (1, 2, 3)),
        *(("secretRef", f"s{i}") for i in (1, 2, 3, 4)),
        ("volumeRef", "v1"),
    ]
    assert all(at(job, pointer) == name for pointer, _, name, _ in found)
    assert json.dumps(job)
