"""The fields that Rapt lets through: a legal structural schema, and a strict check that says what is wrong."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from kubectl_rapt.objects import job_schema
from kubectl_rapt.objects.job_schema import TEMPLATE_JOB, TOOL_JOB

KEYWORDS = {
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "maxProperties",
    "x-kubernetes-int-or-string",
    "x-kubernetes-validations",
}


def nodes(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for part in schema.get("properties", {}).values():
        yield from nodes(part)
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from nodes(schema[key])


@pytest.mark.parametrize("schema", [TEMPLATE_JOB, TOOL_JOB], ids=["template", "tool"])
def test_schema_is_structural(schema: Mapping[str, Any]) -> None:
    for node in nodes(schema):
        assert set(node) <= KEYWORDS
        assert ("type" in node) != ("x-kubernetes-int-or-string" in node)
        if node.get("type") == "object":
            assert ("properties" in node) != ("additionalProperties" in node)
            assert set(node.get("required", ())) <= set(node.get("properties", ()))
        if node.get("type") == "array":
            assert "items" in node and "maxItems" in node
        if "additionalProperties" in node:
            assert "maxProperties" in node
        if "pattern" in node:
            assert "\\d" not in node["pattern"] and "(?" not in node["pattern"]


def test_tool_may_hold_whatever_a_template_may_write() -> None:
    def fields(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
        for key, part in schema.get("properties", {}).items():
            yield f"{path}/{key}"
            yield from fields(part, f"{path}/{key}")
        yield from fields(schema["items"], f"{path}[]") if "items" in schema else ()

    assert set(fields(TEMPLATE_JOB)) < set(fields(TOOL_JOB))


def job(pod: Mapping[str, Any] | None = None, spec: Mapping[str, Any] | None = None, **rest: Any) -> Any:
    base = {"restartPolicy": "Never", "containers": [{"name": "tool", "image": "a"}]}
    return {**rest, "spec": {**(spec or {}), "template": {"spec": {**base, **(pod or {})}}}}


POD = "/spec/template/spec"
BY_RAPT: list[tuple[Any, str]] = [
    (job({"serviceAccountName": "a"}), f"{POD}/serviceAccountName"),
    (job({"automountServiceAccountToken": False}), f"{POD}/automountServiceAccountToken"),
    (job({"nodeSelector": {"kubernetes.io/arch": "arm64"}}), f"{POD}/nodeSelector"),
    (job({"tolerations": [{"operator": "Exists"}]}), f"{POD}/tolerations"),
    (job({"priorityClassName": "a"}), f"{POD}/priorityClassName"),
    (job({"runtimeClassName": "a"}), f"{POD}/runtimeClassName"),
    (job({"imagePullSecrets": [{"name": "a"}]}), f"{POD}/imagePullSecrets"),
    (job(spec={"suspend": True}), "/spec/suspend"),
    (job(spec={"ttlSecondsAfterFinished": 60}), "/spec/ttlSecondsAfterFinished"),
    (job(spec={"activeDeadlineSeconds": 60}), "/spec/activeDeadlineSeconds"),
    (
        job(spec={"podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "a"}]}]}}),
        "/spec/podFailurePolicy",
    ),
    (job(metadata={"labels": {"rapt.dev/tool": "a"}}), "/metadata/labels/rapt.dev~1tool"),
    (job(metadata={"labels": {"app.kubernetes.io/name": "a"}}), "/metadata/labels/app.kubernetes.io~1name"),
    (
        job(metadata={"labels": {"kueue.x-k8s.io/queue-name": "a"}}),
        "/metadata/labels/kueue.x-k8s.io~1queue-name",
    ),
]


@pytest.mark.parametrize(("data", "field"), BY_RAPT, ids=lambda one: one if isinstance(one, str) else "")
def test_what_rapt_and_profiles_add_is_the_tools_and_not_the_templates(data: Any, field: str) -> None:
    assert job_schema.check(data, TOOL_JOB) == []
    assert [problem.where for problem in job_schema.check(data, TEMPLATE_JOB)] == [field]


@pytest.mark.parametrize(
    ("data", "field", "what"),
    [
        (job({"hostNetwork": True}), f"{POD}/hostNetwork", "no tool may set it"),
        (job({"volumes": [{"name": "a", "hostPath": {}}]}), f"{POD}/volumes/0/hostPath", "no tool may"),
        (job({"containerz": []}), f"{POD}/containerz", "did you mean containers?"),
        (job({"restartPolicy": "Always"}), f"{POD}/restartPolicy", 'must be one of "Never", "OnFailure"'),
        (job({"containers": []}), f"{POD}/containers", "has 0 items, and must have 1 to 20"),
        (job({"containers": [{"name": "tool"}]}), f"{POD}/containers/0/image", "is missing"),
        (job({"containers": [5]}), f"{POD}/containers/0", "must be a mapping, not 5"),
        (job({"activeDeadlineSeconds": 0}), f"{POD}/activeDeadlineSeconds", "must be at least 1"),
        (job({"activeDeadlineSeconds": True}), f"{POD}/activeDeadlineSeconds", "whole number, not true"),
        (job({"activeDeadlineSeconds": 2**31}), f"{POD}/activeDeadlineSeconds", "must be at most 2147483647"),
        (job({"containers": [{"name": "A", "image": "a"}]}), f"{POD}/containers/0/name", "does not match"),
        (job({"containers": [{"name": "a\n", "image": "a"}]}), f"{POD}/containers/0/name", "does not match"),
        (job({"containers": [{"name": "a", "image": " a"}]}), f"{POD}/containers/0/image", "does not match"),
        (job({"containers": [{"name": "a", "image": ""}]}), f"{POD}/containers/0/image", "does not match"),
        (job({"restartPolicy": None}), f"{POD}/restartPolicy", "must be text, not nothing"),
        (job(metadata={"labels": {"a": 1}}), "/metadata/labels/a", "must be text, not 1: put it in quotes"),
        (
            job({"volumes": [{"name": "a", "configMap": {"name": "b", "defaultMode": "0555"}}]}),
            f"{POD}/volumes/0/configMap/defaultMode",
            'must be a whole number, not "0555": write 365, which is 0555 in octal',
        ),
        (
            job(metadata={"labels": {"a": "x" * 64}}),
            "/metadata/labels/a",
            "has 64 characters, and may have 63",
        ),
        (
            job(metadata={"annotations": {"batch.kubernetes.io/job-tracking": ""}}),
            "/metadata/annotations/batch.kubernetes.io~1job-tracking",
            "is not permitted: keys of kubernetes.io",
        ),
        (job(metadata={"labels": {str(i): "" for i in range(65)}}), "/metadata/labels", "has 65 entries"),
        ({}, "/spec", "is missing"),
        ([], "", "must be a mapping, not []"),
    ],
)
def test_what_is_wrong_is_said_with_its_field(data: Any, field: str, what: str) -> None:
    (problem,) = job_schema.check(data, TOOL_JOB)
    assert problem.where == field
    assert what in problem.what


@pytest.mark.parametrize(
    ("amount", "is_right"),
    [
        *((amount, True) for amount in ("1", 1, "100m", "1.5Gi", "1e3", 0, "+1", ".5", "1.", "5n")),
        *((amount, False) for amount in (-1, "-1", "1 Gi", "1GiB", "", ".", 1.5, True, "1Gi\n")),
    ],
)
def test_amounts_are_quantities_or_whole_numbers(amount: Any, is_right: bool) -> None:
    container = {"name": "a", "image": "a", "resources": {"limits": {"memory": amount}}}
    assert (job_schema.check(job({"containers": [container]}), TEMPLATE_JOB) == []) is is_right
