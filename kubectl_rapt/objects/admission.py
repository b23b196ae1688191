"""What the API server itself refuses about Runs, whoever writes them: ValidatingAdmissionPolicies (Kubernetes 1.30)."""

from collections.abc import Mapping, Sequence
from typing import Any

from kubectl_rapt.model.kinds import (
    RUN,
    TOOL,
    VALIDATING_ADMISSION_POLICY,
    VALIDATING_ADMISSION_POLICY_BINDING,
    Kind,
    Manifest,
)
from kubectl_rapt.objects import jobs, labels

RUNS, STATUS, TOOLS = "rapt-runs", "rapt-run-status", "rapt-runs-of-tools"

_NEVER_CHANGED = (
    *(
        "tool",
        "digest",
        "requestedBy",
        "answers",
        "env",
        "source",
        "retry",
        "concurrency",
        "mounts",
        "adopted",
    ),
    *("schedule", "slot", "replayOf", "notAfter", "job"),
)
_JOBS = "authorizer.group('batch').resource('jobs').namespace(request.namespace).check('create').allowed()"
_NEW_JOB = (
    "(has(object.spec.wish) && has(object.spec.wish.job) && !(request.operation == 'UPDATE' && "
    "has(oldObject.spec.wish) && has(oldObject.spec.wish.job) && oldObject.spec.wish.job == object.spec.wish.job))"
)
"""Whether an attempt is asked for with another Job than the Run's."""
_SCHEDULED = f"(object.spec.requestedBy == '{jobs.CRON}' && has(object.spec.adopted) && {_JOBS})"
_POD = "spec.template.spec"
_ACCOUNT = f"{_POD}.?serviceAccountName.orValue('')"


def manifests(form: int) -> list[Manifest]:
    """The policies with their bindings, in order.

    Args:
        form: The number of the format, which is noted on each.
    """
    name = f"authorizer.group('{TOOL.group}').resource('tools').namespace(request.namespace)"
    may_sync = f"{name}.name(params.metadata.name).check('patch').allowed()"
    is_other = "object.spec.tool != params.metadata.name"
    has_its_job = "has(params.spec.job) && object.spec.job == params.spec.job"
    return [
        *_policy(
            form,
            RUNS,
            ("runs", ["CREATE", "UPDATE"]),
            [
                _only(
                    f"(request.operation == 'UPDATE' && !{_NEW_JOB}) || {_JOBS}",
                    "only those who may create Jobs in the namespace may create Runs, or change the Job of a retry",
                ),
                _only(
                    "request.operation == 'UPDATE' || has(object.spec.requestedBy) || has(object.spec.adopted)",
                    "requestedBy must be the user who creates the Run",
                ),
                _only(
                    f"{_named('requestedBy', 'object.spec.requestedBy')} || {_SCHEDULED}",
                    "requestedBy must be the user who creates the Run",
                ),
                _only(
                    _named("cancelledBy", "object.spec.cancelledBy"),
                    "cancelledBy must be the user who cancels the run",
                ),
                _only(
                    _named("wish", "object.spec.wish.?by.orValue('')"),
                    "wish.by must be the user who asks for the attempt",
                ),
                _only(
                    f"!{_NEW_JOB} || object.spec.wish.job.{_ACCOUNT} == object.spec.job.{_ACCOUNT}",
                    "the Job of a retry has the service account of its run",
                ),
                _only(
                    "request.operation == 'CREATE' || "
                    f"[{', '.join(repr(one) for one in _NEVER_CHANGED)}].all(one, (one in object.spec) == "
                    "(one in oldObject.spec) && (!(one in object.spec) || "
                    "object.spec[one] == oldObject.spec[one]))",
                    "of a Run, only wish and cancelledBy change",
                ),
            ],
        ),
        *_policy(
            form,
            STATUS,
            ("runs/status", ["UPDATE"]),
            [_only(_JOBS, "the status of a Run is written by those who may create Jobs in its namespace")],
        ),
        *_policy(
            form,
            TOOLS,
            ("runs", ["CREATE", "UPDATE"]),
            [
                _only(
                    f"{is_other} || params.spec.?runs.orValue('') != 'reviewed' || {may_sync} || "
                    f"(request.operation == 'UPDATE' ? !{_NEW_JOB} : "
                    f"has(object.spec.adopted) && !has(object.spec.wish) && {has_its_job})",
                    "runs of this tool are reviewed: only those who may patch the tool may create or change them",
                ),
                _only(
                    f"request.operation == 'UPDATE' || {is_other} || !has(object.spec.adopted) || "
                    f"!has(params.spec.job) || {has_its_job}",
                    "a Run that begins with the Job of a schedule holds the Job of its tool",
                ),
                _only(
                    f"request.operation == 'UPDATE' || {is_other} || !has(params.spec.job) || "
                    f"object.spec.job.{_ACCOUNT} == params.spec.job.{_ACCOUNT}",
                    "the Job of a Run has the service account of its tool",
                ),
            ],
            params=TOOL,
        ),
    ]


def is_as_installed(live: Manifest, wanted: Manifest) -> bool:
    """Whether a policy or binding in the cluster says what was installed, and nothing that could weaken it."""
    return not _changes(_without_defaults(live.get("spec") or {}), wanted["spec"])


def repaired(live: Manifest, wanted: Manifest) -> Mapping[str, Any]:
    """The merge patch that takes away what others have written into one; an apply leaves theirs."""
    metadata = {key: live["metadata"][key] for key in ("uid", "resourceVersion")}
    return {"metadata": metadata, "spec": _changes(_without_defaults(live.get("spec") or {}), wanted["spec"])}


def _without_defaults(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """A spec without what the API server itself adds."""
    about = spec.get("matchConstraints")
    if not isinstance(about, Mapping):
        return spec
    defaults = {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}}
    kept = {key: one for key, one in about.items() if key not in defaults or one != defaults[key]}
    return {**spec, "matchConstraints": kept}


def _changes(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch from one mapping to another; empty if they say the same."""
    found: dict[str, Any] = {
        key: None for key, one in live.items() if key not in wanted and one not in ({}, [], "")
    }
    for key, one in wanted.items():
        there = live.get(key)
        if isinstance(there, Mapping) and isinstance(one, Mapping):
            if inner := _changes(there, one):
                found[key] = inner
        elif there != one:
            found[key] = one
    return found


def _named(field: str, who: str) -> str:
    """Whoever is named is the one who writes it, or it stands there already, or they may act as that one."""
    is_same = f"has(oldObject.spec.{field}) && oldObject.spec.{field} == object.spec.{field}"
    was = f"(request.operation == 'UPDATE' && {is_same})"
    may = f"authorizer.group('').resource('users').name({who}).check('impersonate').allowed()"
    return f"!has(object.spec.{field}) || {was} || {who} == request.userInfo.username || {may}"


def _only(expression: str, message: str) -> Mapping[str, Any]:
    return {"expression": expression, "message": message, "reason": "Forbidden"}


def _policy(
    form: int,
    name: str,
    about: tuple[str, Sequence[str]],
    validations: Sequence[Mapping[str, Any]],
    params: Kind | None = None,
) -> list[Manifest]:
    metadata = {"name": name, "annotations": {labels.SCHEMA: str(form)}}
    resource, operations = about
    rule = {
        "apiGroups": [RUN.group],
        "apiVersions": ["*"],
        "operations": [*operations],
        "resources": [resource],
        "scope": "Namespaced",
    }
    spec: dict[str, Any] = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [*validations],
    }
    binding: dict[str, Any] = {"policyName": name, "validationActions": ["Deny"]}
    if params:
        spec["paramKind"] = {"apiVersion": params.api_version, "kind": params.name}
        # Until the API server has read the tools, as just after the installation, nothing is held back.
        spec["failurePolicy"] = "Ignore"
        binding["paramRef"] = {"selector": {}, "parameterNotFoundAction": "Allow"}
    return [
        {
            "apiVersion": VALIDATING_ADMISSION_POLICY.api_version,
            "kind": VALIDATING_ADMISSION_POLICY.name,
            "metadata": metadata,
            "spec": spec,
        },
        {
            "apiVersion": VALIDATING_ADMISSION_POLICY_BINDING.api_version,
            "kind": VALIDATING_ADMISSION_POLICY_BINDING.name,
            "metadata": metadata,
            "spec": binding,
        },
    ]
