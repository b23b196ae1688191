"""The fields of a Job that Rapt lets through, as one structural schema, and the strict check against it.

``TEMPLATE_JOB`` is what a template may write, ``TOOL_JOB`` what a Tool holds: the same and what Rapt and the
environment's profile add. Both describe ``{metadata, spec}`` of a Job. The Tool's CRD embeds ``TOOL_JOB`` as
it is: every rule here is one that an API server enforces too. The only keywords used are ``type``,
``properties``, ``required``, ``additionalProperties``, ``items``, ``enum``, ``pattern``, ``minimum``,
``maximum``, ``minLength``, ``maxLength``, ``minItems``, ``maxItems``, ``maxProperties``,
``x-kubernetes-int-or-string`` and ``x-kubernetes-validations`` (the rules of ``_KEY_RULES`` only).
"""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from functools import cache
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.errors import Problem
from kubectl_rapt.model import names
from kubectl_rapt.model.fields import shown

Schema = Mapping[str, Any]

_NO_SLASH = "self.all(key, !key.contains('/'))"
_OURS = (
    "self.all(key, !key.contains('/') || key.startsWith('app.kubernetes.io/') || "
    "key.startsWith('kueue.x-k8s.io/') || !(key.contains('kubernetes.io/') || key.contains('k8s.io/')))"
)
_SYSTEM_KEY = re.compile(r"(?!app\.kubernetes\.io/|kueue\.x-k8s\.io/).*(kubernetes|k8s)\.io/", re.DOTALL)
_KEY_RULES: Mapping[str, Callable[[str], bool]] = {
    _NO_SLASH: lambda key: "/" not in key,
    _OURS: lambda key: _SYSTEM_KEY.match(key) is None,
}
"""The CEL rules that the schema uses, and what each says of one key of a map."""

_DNS_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
_QUANTITY = r"^[+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?$"
_OCTAL = re.compile(r"0[0-7]+")
_MAX_INT32 = 2**31 - 1
LONGEST = 131072
"""What Linux takes as one argument or variable of a program, in bytes."""


def _object(required: Sequence[str] = (), /, **properties: Schema) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(required)
    return schema


def _list(items: Schema, most: int, least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": most, **({"minItems": least} if least else {})}


def _text(pattern: str = "", most: int = 0, least: int = 0) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if pattern:
        schema["pattern"] = pattern
    if most:
        schema["maxLength"] = most
    if least:
        schema["minLength"] = least
    return schema


def _one_of(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


def _whole(least: int, most: int = _MAX_INT32) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": most}


def _map(values: Schema, most: int, rule: str = "", message: str = "") -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "additionalProperties": values, "maxProperties": most}
    if rule:
        schema["x-kubernetes-validations"] = [{"rule": rule, "message": message}]
    return schema


_BOOLEAN = {"type": "boolean"}
_FALSE = {"type": "boolean", "enum": [False]}
_NAME = _text(_DNS_LABEL, 63)
_OBJECT_NAME = _text(r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", 253)
_KEY = _text(r"^[-._a-zA-Z0-9]+$", 253)
_AMOUNT = {"x-kubernetes-int-or-string": True, "pattern": _QUANTITY, "maxLength": 64}
_RELATIVE_PATH = _text(r"^[^/]", 4096)
_ID = _whole(0)
_MODE = _whole(0, 0o777)
_ITEMS = _list(_object(("key", "path"), key=_KEY, path=_RELATIVE_PATH, mode=_MODE), 200)

_SECURITY = {
    "runAsNonRoot": _BOOLEAN,
    "runAsUser": _ID,
    "runAsGroup": _ID,
    "seccompProfile": _object(("type",), type=_one_of("RuntimeDefault")),
}

_VARIABLE = _object(
    ("name",),
    name=_text(r"^[A-Za-z_][-._A-Za-z0-9]*$", 253),
    value=_text("", LONGEST),
    valueFrom=_object(
        secretKeyRef=_object(("name", "key"), name=_OBJECT_NAME, key=_KEY, optional=_BOOLEAN),
        configMapKeyRef=_object(("name", "key"), name=_OBJECT_NAME, key=_KEY, optional=_BOOLEAN),
        fieldRef=_object(
            ("fieldPath",),
            fieldPath=_one_of(
                "metadata.name",
                "metadata.namespace",
                "metadata.uid",
                "spec.nodeName",
                "spec.serviceAccountName",
                "status.podIP",
            ),
        ),
        resourceFieldRef=_object(
            ("resource",),
            containerName=_NAME,
            resource=_one_of("limits.cpu", "limits.memory", "requests.cpu", "requests.memory"),
            divisor=_AMOUNT,
        ),
    ),
)

_CONTAINER = _object(
    ("name", "image"),
    name=_NAME,
    image=_text(r"^[a-z0-9A-Z][-a-zA-Z0-9._/:@]*$", 1024),
    imagePullPolicy=_one_of("Always", "IfNotPresent", "Never"),
    command=_list(_text("", LONGEST), 1000),
    args=_list(_text("", LONGEST), 1000),
    workingDir=_text(r"^/", 4096),
    env=_list(_VARIABLE, 500),
    envFrom=_list(
        _object(
            prefix=_text(r"^[A-Za-z_][-._A-Za-z0-9]*$", 253),
            secretRef=_object(("name",), name=_OBJECT_NAME, optional=_BOOLEAN),
            configMapRef=_object(("name",), name=_OBJECT_NAME, optional=_BOOLEAN),
        ),
        50,
    ),
    resources=_object(requests=_map(_AMOUNT, 20), limits=_map(_AMOUNT, 20)),
    volumeMounts=_list(
        _object(
            ("name", "mountPath"),
            name=_NAME,
            mountPath=_text(r"^/[^:]*$", 4096),
            subPath=_RELATIVE_PATH,
            readOnly=_BOOLEAN,
        ),
        100,
    ),
    terminationMessagePolicy=_one_of("File", "FallbackToLogsOnError"),
    securityContext=_object(
        **_SECURITY,
        readOnlyRootFilesystem=_BOOLEAN,
        allowPrivilegeEscalation=_FALSE,
        capabilities=_object(drop=_list(_text(r"^[A-Z_]+$", 64), 50)),
    ),
)

_VOLUME = _object(
    ("name",),
    name=_NAME,
    emptyDir=_object(medium=_one_of("", "Memory"), sizeLimit=_AMOUNT),
    configMap=_object(("name",), name=_OBJECT_NAME, items=_ITEMS, defaultMode=_MODE, optional=_BOOLEAN),
    secret=_object(
        ("secretName",), secretName=_OBJECT_NAME, items=_ITEMS, defaultMode=_MODE, optional=_BOOLEAN
    ),
    persistentVolumeClaim=_object(("claimName",), claimName=_OBJECT_NAME, readOnly=_BOOLEAN),
    projected=_object(
        ("sources",),
        defaultMode=_MODE,
        sources=_list(
            _object(
                ("serviceAccountToken",),
                serviceAccountToken=_object(
                    ("path",),
                    path=_RELATIVE_PATH,
                    audience=_text("", 1024, 1),
                    expirationSeconds=_whole(600, 86400),
                ),
            ),
            1,
            1,
        ),
    ),
)

_TEMPLATE_POD = {
    "restartPolicy": _one_of("Never", "OnFailure"),
    "activeDeadlineSeconds": _whole(1),
    "terminationGracePeriodSeconds": _whole(0, 3600),
    "containers": _list(_CONTAINER, 20, 1),
    "initContainers": _list(_CONTAINER, 20),
    "volumes": _list(_VOLUME, 100),
    "securityContext": _object(**_SECURITY, fsGroup=_ID),
}

_TOOL_POD = {
    "serviceAccountName": _OBJECT_NAME,
    "automountServiceAccountToken": _BOOLEAN,
    "nodeSelector": _map(_text("", 63), 50),
    "tolerations": _list(
        _object(
            key=_text("", 317),
            operator=_one_of("Exists", "Equal", "Lt", "Gt"),
            value=_text("", 63),
            effect=_one_of("NoSchedule", "PreferNoSchedule", "NoExecute"),
            tolerationSeconds={"type": "integer"},
        ),
        50,
    ),
    "priorityClassName": _OBJECT_NAME,
    "runtimeClassName": _OBJECT_NAME,
    "imagePullSecrets": _list(_object(("name",), name=_OBJECT_NAME), 20),
}

_TEMPLATE_SPEC = {
    "parallelism": _whole(0),
    "completions": _whole(0),
    "completionMode": _one_of("NonIndexed", "Indexed"),
    "backoffLimit": _whole(0),
    "backoffLimitPerIndex": _whole(0),
    "maxFailedIndexes": _whole(0),
}

_TOOL_SPEC = {
    "suspend": _BOOLEAN,
    "ttlSecondsAfterFinished": _whole(0),
    "activeDeadlineSeconds": _whole(1),
    "podReplacementPolicy": _one_of("TerminatingOrFailed", "Failed"),
    "podFailurePolicy": _object(
        ("rules",),
        rules=_list(
            _object(
                ("action",),
                action=_one_of("FailJob", "FailIndex", "Ignore", "Count"),
                onExitCodes=_object(
                    ("operator", "values"),
                    containerName=_NAME,
                    operator=_one_of("In", "NotIn"),
                    values=_list({"type": "integer"}, 255, 1),
                ),
                onPodConditions=_list(
                    _object(("type",), type=_text("", 317), status=_one_of("True", "False", "Unknown")), 20
                ),
            ),
            20,
        ),
    ),
}


def _job(pod: Schema, spec: Schema, rule: str, message: str) -> Schema:
    metadata = _object(
        labels=_map(_text(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$", 63), 64, rule, message),
        annotations=_map(_text("", 262144), 64, rule, message),
    )
    return _object(
        ("spec",),
        metadata=metadata,
        spec=_object(
            ("template",),
            **spec,
            template=_object(
                ("spec",), metadata=metadata, spec=_object(("containers", "restartPolicy"), **pod)
            ),
        ),
    )


TEMPLATE_JOB = _job(
    _TEMPLATE_POD, _TEMPLATE_SPEC, _NO_SLASH, "keys with a / belong to Rapt and to the environment's profile"
)
"""What a template may write."""

TOOL_JOB = _job(
    {**_TEMPLATE_POD, **_TOOL_POD},
    {**_TEMPLATE_SPEC, **_TOOL_SPEC},
    _OURS,
    "keys of kubernetes.io and k8s.io belong to Kubernetes",
)
"""What a Tool's ``spec.job`` may hold."""

_BY_ACCESS = "Rapt makes the service account and its rights: declare `access` in template.yaml"
_BY_PROFILE = "the environment's profile decides where and how pods run: set it there"
_BY_RAPT = "Rapt sets it for each run"
_NEVER = "no tool may set it"
_WHY_NOT: Mapping[str, str] = {
    **dict.fromkeys(("serviceAccountName", "serviceAccount", "automountServiceAccountToken"), _BY_ACCESS),
    **dict.fromkeys(
        ("nodeSelector", "nodeName", "affinity", "tolerations", "topologySpreadConstraints", "schedulerName"),
        _BY_PROFILE,
    ),
    **dict.fromkeys(
        ("priorityClassName", "priority", "runtimeClassName", "imagePullSecrets", "preemptionPolicy"),
        _BY_PROFILE,
    ),
    **dict.fromkeys(
        (
            "suspend",
            "ttlSecondsAfterFinished",
            "finalizers",
            "ownerReferences",
            "name",
            "namespace",
            "managedBy",
        ),
        _BY_RAPT,
    ),
    "generateName": _BY_RAPT,
    "podFailurePolicy": "retry policies say which failures to try again",
    "activeDeadlineSeconds": "it would delete the pod and its log: write it in spec.template.spec",
    "selector": "Kubernetes makes it",
    "manualSelector": "Kubernetes makes it",
    **dict.fromkeys(
        ("hostNetwork", "hostPID", "hostIPC", "hostUsers", "hostAliases", "hostname", "hostPath", "hostPort"),
        _NEVER,
    ),
    **dict.fromkeys(
        ("privileged", "procMount", "add", "ephemeralContainers", "volumeDevices", "subPathExpr"), _NEVER
    ),
    **dict.fromkeys(
        ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe", "ports", "shareProcessNamespace"),
        "a Job does not need it",
    ),
}
"""Kubernetes fields that are left out on purpose, and what to do instead."""


def check(job: Any, schema: Schema, accepted: Set[int] = frozenset()) -> list[Problem]:
    """Compare a Job with a schema, strictly: what the schema does not name is a problem.

    Args:
        job: ``{metadata, spec}`` of a Job, as JSON data.
        schema: ``TEMPLATE_JOB`` or ``TOOL_JOB``.
        accepted: The ids of maps and lists in it that were found right before, at the same place.

    Returns:
        The problems in the order of the document, each with the JSON pointer of its field
        (``documents.place`` spells it for people); empty where there are none.
    """
    _, compiled = _COMPILED.get(id(schema)) or _COMPILED.setdefault(id(schema), (schema, _compile(schema)))
    problems: list[Problem] = []
    compiled(job, "", problems, accepted)
    return problems


_Check = Callable[[Any, str, list[Problem], Set[int]], None]
_COMPILED: dict[int, tuple[Schema, _Check]] = {}
_TYPES: Mapping[str, tuple[type, str]] = {
    "object": (dict, "a mapping"),
    "array": (list, "a list"),
    "string": (str, "text"),
    "integer": (int, "a whole number"),
    "boolean": (bool, "true or false"),
}


def _compile(schema: Schema) -> _Check:
    """The check of a value, with everything looked up that does not depend on the value."""
    kind = schema.get("type", "string")
    wanted, words = _TYPES[kind]
    may_be_number = "x-kubernetes-int-or-string" in schema
    check_content = _CONTENTS.get(kind, _compile_scalar)(schema)

    def check_value(value: Any, where: str, problems: list[Problem], accepted: Set[int]) -> None:
        given: type = type(value)
        if may_be_number and given is int:
            if value < 0:
                problems.append(Problem(where, f"is {value}, and must not be negative"))
        elif given is wanted:
            if not accepted or id(value) not in accepted:
                check_content(value, where, problems, accepted)
        else:
            problems.append(Problem(where, f"must be {words}, not {shown(value)}{_quoting(value, kind)}"))

    return check_value


def _compile_scalar(schema: Schema) -> _Check:
    def check_scalar(value: Any, where: str, problems: list[Problem], accepted: Set[int]) -> None:
        if wrong := _wrong(value, schema):
            problems.append(Problem(where, wrong))

    return check_scalar


def _compile_list(schema: Schema) -> _Check:
    least, most = schema.get("minItems", 0), schema["maxItems"]
    check_item = _compile(schema["items"])

    def check_list(value: list[Any], where: str, problems: list[Problem], accepted: Set[int]) -> None:
        if not least <= len(value) <= most:
            problems.append(Problem(where, f"has {len(value)} items, and must have {least} to {most}"))
            return
        for index, item in enumerate(value):
            check_item(item, f"{where}/{index}", problems, accepted)

    return check_list


def _compile_map(schema: Schema) -> _Check:
    properties = schema.get("properties")
    if properties is None:
        return _compile_free_map(schema)
    known = {key: _compile(inner) for key, inner in properties.items()}
    required = tuple(schema.get("required", ()))

    def check_map(value: dict[Any, Any], where: str, problems: list[Problem], accepted: Set[int]) -> None:
        missing = [key for key in required if key not in value]
        for key, item in value.items():
            check_item = known.get(key)
            if check_item is not None:
                check_item(item, f"{where}/{key}", problems, accepted)
                continue
            near = names.nearest(key, known)
            missing = [other for other in missing if other != near]
            problems.append(Problem(documents.join_pointer(where, key), _unknown(key, near)))
        for key in missing:
            problems.append(Problem(documents.join_pointer(where, key), "is missing"))

    return check_map


def _compile_free_map(schema: Schema) -> _Check:
    """Of a map whose keys are the template's own, such as labels."""
    most = schema["maxProperties"]
    rules = [
        (_KEY_RULES[rule["rule"]], rule["message"]) for rule in schema.get("x-kubernetes-validations", ())
    ]
    check_item = _compile(schema["additionalProperties"])

    def check_free_map(
        value: dict[Any, Any], where: str, problems: list[Problem], accepted: Set[int]
    ) -> None:
        if len(value) > most:
            problems.append(Problem(where, f"has {len(value)} entries, and may have {most}"))
            return
        for is_permitted, message in rules:
            for key in value:
                if not is_permitted(key):
                    here = documents.join_pointer(where, key)
                    problems.append(Problem(here, f"is not permitted: {message}"))
        for key, item in value.items():
            check_item(item, documents.join_pointer(where, key), problems, accepted)

    return check_free_map


_CONTENTS: Mapping[str, Callable[[Schema], _Check]] = {"object": _compile_map, "array": _compile_list}


def _wrong(value: Any, schema: Schema) -> str:
    if "enum" in schema and value not in schema["enum"]:
        allowed = ", ".join(shown(word) for word in schema["enum"])
        return f"is {shown(value)}, and must be {'one of ' if len(schema['enum']) > 1 else ''}{allowed}"
    if "pattern" in schema and not _matcher(schema["pattern"])(value):
        return f"is {shown(value)}, which does not match {schema['pattern']}"
    if "minimum" in schema and value < schema["minimum"]:
        return f"is {value}, and must be at least {schema['minimum']}"
    if "maximum" in schema and value > schema["maximum"]:
        return f"is {value}, and must be at most {schema['maximum']}"
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        return f"has {len(value)} characters, and may have {schema['maxLength']}"
    if "minLength" in schema and len(value) < schema["minLength"]:
        return "is empty"
    return ""


@cache
def _matcher(pattern: str) -> Callable[[str], object]:
    """The schema's patterns as ECMA and RE2 mean them: ``$`` is the very end, also after a last newline."""
    return re.compile(pattern.removesuffix("$") + (r"\Z" if pattern.endswith("$") else "")).match


def _unknown(key: str, near: str | None) -> str:
    if key in _WHY_NOT:
        return f"is not permitted: {_WHY_NOT[key]}"
    return "is not a field that a tool may set" + (f"; did you mean {near}?" if near else "")


def _quoting(value: Any, kind: str) -> str:
    if kind == "integer" and isinstance(value, str) and _OCTAL.fullmatch(value):
        return f": write {int(value, 8)}, which is {value} in octal"
    return ": put it in quotes" if kind == "string" and isinstance(value, int | float) else ""
