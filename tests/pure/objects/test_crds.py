"""What ``install`` applies: the schemas fit what Rapt writes, and nobody gets more rights than the plan says."""

import re
from collections.abc import Iterator
from typing import Any

from kubectl_rapt.model.duration import MAX_SECONDS, Duration
from kubectl_rapt.model.kinds import CUSTOM_RESOURCE_DEFINITION, KINDS, ref_of
from kubectl_rapt.objects import cleanup_policies, crds, job_schema, runs, tools
from kubectl_rapt.objects.runs import Attempt
from kubectl_rapt.templating import parameters
from tests.given import NOON, a_run
from tests.pure.objects.test_cleanup_policies import FULL as CLEANUP
from tests.pure.objects.test_tools import FULL, SOURCE

BY_NAME = {manifest["metadata"]["name"]: manifest for manifest in crds.manifests()}
RUN_SCHEMA = BY_NAME["runs.rapt.dev"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
TOOL_SCHEMA = BY_NAME["tools.rapt.dev"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]


def unknown(data: Any, schema: dict[str, Any], where: str = "") -> list[str]:
    """What an API server would prune: fields that a structural schema does not name."""
    if schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema:
        return []
    if isinstance(data, dict):
        known = schema.get("properties", {})
        lost = [f"{where}.{key}" for key in data if key not in known]
        return lost + [
            one
            for key, value in data.items()
            if key in known
            for one in unknown(value, known[key], f"{where}.{key}")
        ]
    if isinstance(data, list | tuple):
        return [one for value in data for one in unknown(value, schema["items"], f"{where}[]")]
    return []


def test_nothing_that_a_tool_holds_is_pruned() -> None:
    assert unknown(tools.to_manifest(FULL, {}, {})["spec"], TOOL_SCHEMA["spec"]) == []


def test_nothing_that_a_run_holds_is_pruned() -> None:
    assert unknown(runs.to_manifest(a_run(source=SOURCE))["spec"], RUN_SCHEMA["spec"]) == []
    attempt = Attempt(1, "j", "u", NOON, NOON, 0, "Succeeded", "all well")
    condition = dict.fromkeys(
        ("type", "status", "reason", "message", "lastTransitionTime", "observedGeneration")
    )
    status = {"attempts": [runs.attempt_to_data(attempt)], "result": "42 files", "conditions": [condition]}
    assert unknown(status, RUN_SCHEMA["status"]) == []


def test_nothing_that_a_cleanup_policy_holds_is_pruned() -> None:
    schema = BY_NAME["cleanuppolicies.rapt.dev"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    spec = schema["properties"]["spec"]
    assert unknown(cleanup_policies.to_data(CLEANUP), spec) == []
    assert unknown(cleanup_policies.snapshot(CLEANUP), TOOL_SCHEMA["spec"]["properties"]["cleanup"]) == []


def test_every_field_of_a_run_time_parameter_has_its_place_and_every_type_is_known() -> None:
    schema = TOOL_SCHEMA["spec"]["properties"]["parameters"]["items"]["properties"]
    assert set(schema) == {
        "renamedFrom" if one == "renamed_from" else one for one in parameters.Parameter.__dataclass_fields__
    }
    assert set(schema["type"]["enum"]) == set(parameters.TYPES) - set(parameters.REFERENCES)


def test_both_kinds_hold_exactly_the_jobs_that_are_checked_here() -> None:
    for schema in (RUN_SCHEMA, TOOL_SCHEMA):
        assert schema["spec"]["properties"]["job"] == job_schema.TOOL_JOB


def test_both_kinds_have_a_status_of_its_own_short_names_and_the_category() -> None:
    for kind, short in (("tools", "rtool"), ("runs", "rrun")):
        spec = BY_NAME[f"{kind}.rapt.dev"]["spec"]
        assert spec["versions"][0]["subresources"] == {"status": {}}
        assert (spec["names"]["shortNames"], spec["names"]["categories"]) == ([short], ["rapt"])
        assert (spec["scope"], spec["versions"][0]["name"]) == ("Namespaced", "v1alpha1")


def test_every_object_says_which_format_it_is_and_is_of_a_known_kind() -> None:
    kinds = [f"{kind.plural}.rapt.dev" for kind in crds.KINDS]
    assert list(BY_NAME) == [*kinds, "rapt-view", "rapt-edit", "rapt-identity"]
    for manifest in crds.manifests():
        assert manifest["metadata"]["annotations"] == {"rapt.dev/schema": str(crds.FORMAT)}
        assert ref_of(manifest).kind in KINDS


def test_viewers_read_and_editors_write() -> None:
    def rights(name: str) -> dict[str, list[str]]:
        return {rule["resources"][0]: rule["verbs"] for rule in BY_NAME[name]["rules"]}

    assert rights("rapt-view") == {
        "tools": ["get", "list", "watch"],
        "runs": ["get", "list", "watch"],
        "retrypolicies": ["get", "list", "watch"],
        "cleanuppolicies": ["get", "list", "watch"],
        "runs/status": ["get"],
        "leases": ["get", "list", "watch"],
        "externalsecrets": ["get", "list", "watch"],
    }
    everything = ["create", "update", "patch", "delete", "deletecollection"]
    status = ["update", "patch"]
    assert rights("rapt-edit") == {
        "tools": everything,
        "runs": everything,
        "retrypolicies": everything,
        "cleanuppolicies": everything,
        "tools/status": status,
        "runs/status": status,
        "leases": everything,
        "externalsecrets": everything,
    }
    aggregated = "rbac.authorization.k8s.io/aggregate-to-"
    assert set(BY_NAME["rapt-view"]["metadata"]["labels"]) == {
        f"{aggregated}{one}" for one in ("view", "edit", "admin")
    }
    assert set(BY_NAME["rapt-edit"]["metadata"]["labels"]) == {
        f"{aggregated}{one}" for one in ("edit", "admin")
    }


def test_everyone_may_only_ask_which_cluster_this_is_and_what_is_installed() -> None:
    role, binding = [one for one in crds.manifests() if one["metadata"]["name"] == "rapt-identity"]
    assert [(rule["resources"], rule["resourceNames"], rule["verbs"]) for rule in role["rules"]] == [
        (["namespaces"], ["kube-system"], ["get"]),
        ([CUSTOM_RESOURCE_DEFINITION.plural], [f"{kind.plural}.rapt.dev" for kind in crds.KINDS], ["get"]),
    ]
    assert [one["name"] for one in binding["subjects"]] == ["system:authenticated"]
    assert binding["roleRef"]["name"] == "rapt-identity"


def unbounded(schema: Any, where: str) -> Iterator[str]:
    """The places of a schema that may hold as much as anybody likes."""
    kind = schema.get("type", "string" if "x-kubernetes-int-or-string" in schema else "")
    if kind == "string" and not {"maxLength", "enum"} & {*schema}:
        yield where
    if kind == "array":
        if "maxItems" not in schema:
            yield where
        yield from unbounded(schema["items"], f"{where}[]")
    if kind == "object":
        if "properties" not in schema and "maxProperties" not in schema:
            yield where
        if "additionalProperties" in schema:
            yield from unbounded(schema["additionalProperties"], f"{where}{{}}")
        for name, one in schema.get("properties", {}).items():
            yield from unbounded(one, f"{where}.{name}")
    if not kind and "x-kubernetes-preserve-unknown-fields" in schema:
        yield where


ANYTHING = {
    "runs: .spec.answers{}",
    "tools: .spec.arguments[].default",
    "tools: .spec.jobTemplate.arguments[].default",
    "tools: .spec.parameters[].choices[]",
    "tools: .spec.parameters[].default",
    "tools: .spec.parameters[].example",
}
"""Values of any type, which no keyword of a structural schema bounds: the object's own size does."""


def test_every_text_list_and_map_of_every_kind_has_its_bound() -> None:
    found = set()
    for kind in crds.KINDS:
        version = BY_NAME[f"{kind.plural}.rapt.dev"]["spec"]["versions"][0]
        for name, part in version["schema"]["openAPIV3Schema"]["properties"].items():
            if part != {"type": "object"}:  # a status that holds nothing
                found |= {f"{kind.plural}: {one}" for one in unbounded(part, f".{name}")}
    assert found == ANYTHING


def test_a_length_of_time_that_no_reader_takes_is_not_admitted() -> None:
    pattern = RUN_SCHEMA["spec"]["properties"]["retry"]["properties"]["delay"]["pattern"]
    for word in ("99999999999999999999d", "24856d", "99999d", "999999h", "1e3s", "5", "\u001b[31m1d"):
        assert not re.search(pattern, word), word
    for word in ("10s", "90m", "8760h", "31536000s", "1d12h", "24799d", str(Duration(MAX_SECONDS - 10**7))):
        assert re.search(pattern, word), word
    for longest in ("17999d99999h999999m99999999s", "24799d999h9999m99999s"):
        assert re.search(pattern, longest), longest
        Duration.parse(longest)


def test_what_a_run_names_is_a_name_that_an_object_can_have() -> None:
    fields = RUN_SCHEMA["spec"]["properties"]
    for field in (fields["schedule"], fields["replayOf"], fields["adopted"]["properties"]["job"]):
        for word in ("backup-x7k2p", "a", "backup.nightly-2"):
            assert re.search(field["pattern"], word), word
        for word in ("", "-a", "a/b", "a b", "Backup", "a\u001b[31m", "../a", "a;b", "a."):
            assert not re.search(field["pattern"], word), word
