"""What an administrator installs once a cluster: the definitions of Rapt's kinds, and who may use them."""

from collections.abc import Mapping, Sequence
from typing import Any

from kubectl_rapt.model.causes import CAUSES
from kubectl_rapt.model.kinds import (
    CLEANUP_POLICY,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CUSTOM_RESOURCE_DEFINITION,
    EXTERNAL_SECRET,
    LEASE,
    RETRY_POLICY,
    RUN,
    TOOL,
    Kind,
    Manifest,
)
from kubectl_rapt.objects import cleanup_policies, labels, retry_policies, runs
from kubectl_rapt.objects.job_places import PATTERN
from kubectl_rapt.objects.job_schema import LONGEST, TOOL_JOB

FORMAT = 4
"""Grows with each change of what is installed; ``install`` never replaces a higher one."""

_TEXT = {"type": "string", "maxLength": 1024}
_NAME = {"type": "string", "maxLength": 253}
_OBJECT_NAME = {**_NAME, "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"}
"""What Kubernetes takes for the name of an object."""
_WORD = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
"""What may be the value of a label: names of tools and environments are shown in commands that people copy."""
_TOOL_NAME = {**_NAME, "pattern": f"^{_WORD}$"}
_ENVIRONMENT_NAME = {**_NAME, "pattern": f"^({_WORD})?$"}
_TIME = {
    "type": "string",
    "maxLength": 64,
    "format": "date-time",
    # The format alone accepts times that no calendar has: year 0, zone +99:99, letters in the seconds.
    "pattern": "^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
}
_LONG = {"type": "string", "maxLength": LONGEST}
_ANY = {"x-kubernetes-preserve-unknown-fields": True}
_SOURCE = {
    "type": "object",
    "properties": dict.fromkeys(
        ("registry", "template", "version", "tree", "digest", "definition", "repository"), _TEXT
    ),
}
_POINTERS = {
    "type": "array",
    "maxItems": 64,
    "items": {"type": "string", "maxLength": 512, "pattern": PATTERN},
}
_PARAMETER = {
    "type": "object",
    "required": ["name", "type", "at"],
    "properties": {
        "name": {"type": "string", "maxLength": 63, "pattern": "^[a-z][A-Za-z0-9]{0,62}$"},
        "type": {
            "type": "string",
            "enum": [
                "string",
                "integer",
                "number",
                "boolean",
                "choice",
                "list",
                "quantity",
                "duration",
                "image",
            ],
        },
        "description": _TEXT,
        "at": _POINTERS,
        "default": _ANY,
        "required": {"type": "boolean"},
        "renamedFrom": {"type": "array", "maxItems": 64, "items": _TEXT},
        "choices": {"type": "array", "maxItems": 1000, "items": _ANY},
        "pattern": _TEXT,
        "minimum": {"type": "number"},
        "maximum": {"type": "number"},
        "prefixes": {"type": "array", "maxItems": 1000, "items": _TEXT},
        "example": _ANY,
        "code": {"type": "boolean"},
    },
}
_ARGUMENTS = {
    "type": "array",
    "maxItems": 256,
    "items": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": _NAME,
            "description": _LONG,
            "required": {"type": "boolean"},
            "default": _ANY,
        },
    },
}
_PREDECESSOR = {
    "type": "object",
    "required": ["image"],
    "properties": {
        "image": _TEXT,
        "command": {"type": "array", "maxItems": 1000, "items": _LONG},
        "args": {"type": "array", "maxItems": 1000, "items": _LONG},
        "help": _LONG,
        "arguments": _ARGUMENTS,
        "env": {
            "type": "array",
            "maxItems": 500,
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": _NAME,
                    "value": _LONG,
                    "valueFrom": _ANY | {"type": "object", "maxProperties": 4},
                },
            },
        },
    },
}
_DURATION = {
    "type": "string",
    "maxLength": 40,
    # At most about the 68 years that a duration may have, whatever is written in smaller units.
    "pattern": "^((1[0-7][0-9]{3}|[0-9]{1,4})d)?([0-9]{1,5}h)?([0-9]{1,6}m)?([0-9]{1,8}s)?$"
    "|^(1[89][0-9]{3}|2[0-3][0-9]{3}|24[0-7][0-9]{2})d([0-9]{1,3}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$",
}
_FACTOR = {"type": "number", "minimum": 1, "maximum": retry_policies.MAX_FACTOR}
_COUNT = {"type": "integer", "minimum": 0, "maximum": retry_policies.MAX_ATTEMPTS}
_ACTION = {"type": "string", "enum": ["retry", "ignore", "give-up"]}
_RULE = {
    "action": _ACTION,
    "causes": {"type": "array", "maxItems": 50, "items": _NAME},
    "exitCodes": {
        "type": "array",
        "maxItems": 255,
        "items": {"type": "integer", "minimum": 1, "maximum": 255},
    },
    "reason": _TEXT,
    "count": _COUNT,
    "memory": {
        "type": "object",
        "properties": {"factor": _FACTOR, "max": {"type": "string", "maxLength": 40}},
    },
    "deadline": {"type": "object", "properties": {"factor": _FACTOR, "max": _DURATION}},
    "otherNode": {"type": "boolean"},
}
_RETRY_FIELDS: Mapping[str, Any] = {
    "summary": _TEXT,
    "attempts": {**_COUNT, "minimum": 1},
    "delay": _DURATION,
    "factor": _FACTOR,
    "maxDelay": _DURATION,
    "jitterPercent": {"type": "integer", "minimum": 0, "maximum": 100},
    "otherwise": _ACTION,
}


def _retry(rule: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
    """A retry policy with rules of some fields."""
    rules = {
        "type": "array",
        "maxItems": 50,
        "items": {"type": "object", "required": ["action"], "properties": rule},
    }
    fields = {**more, **_RETRY_FIELDS, "rules": rules}
    return {"type": "object", "required": ["summary", "attempts"], "properties": fields}


_KNOWN_CAUSES = {"type": "array", "maxItems": 50, "items": {"type": "string", "enum": list(CAUSES)}}
_RETRY = _retry({**_RULE, "causes": _KNOWN_CAUSES})
# What a Tool or a Run holds may come from a later Rapt, with causes that are not known here.
_NAMED_RETRY = _retry(_RULE, name=_NAME)
_NUMBER = {"type": "integer", "minimum": 0, "maximum": cleanup_policies.MAX_NUMBER}


def _kept(statuses: Sequence[str]) -> Mapping[str, Any]:
    """The rules on what is kept of one kind."""
    fields = {
        "statuses": {
            "type": "array",
            "maxItems": len(statuses),
            "items": {"type": "string", "enum": list(statuses)},
        },
        "keepFor": _DURATION,
        "keepLast": _NUMBER,
        "keepAtMost": _NUMBER,
        "maxSize": {"type": "string", "maxLength": 40},
    }
    return {"type": "array", "maxItems": 50, "items": {"type": "object", "properties": fields}}


_CLEANUP_FIELDS: Mapping[str, Any] = {
    "summary": _TEXT,
    "jobs": _kept(cleanup_policies.JOB_STATUSES),
    "runs": _kept(cleanup_policies.RUN_STATUSES),
    "export": {"type": "boolean"},
    "keepFor": _DURATION,
    "keepSuccessful": _NUMBER,
    "keepFailed": _NUMBER,
}
_CLEANUP = {"type": "object", "required": ["summary"], "properties": _CLEANUP_FIELDS}
_NAMED_CLEANUP = {**_CLEANUP, "properties": {"name": _NAME, **_CLEANUP_FIELDS}}
_TOOL_SPEC = {
    "type": "object",
    "properties": {
        "summary": _TEXT,
        "environment": _ENVIRONMENT_NAME,
        "source": _SOURCE,
        "policies": {"type": "object", "properties": {"retry": _NAME, "cleanup": _NAME}},
        "retry": _NAMED_RETRY,
        "cleanup": _NAMED_CLEANUP,
        "concurrency": {"type": "string", "enum": ["allow", "forbid", "queue"]},
        "freeEnv": {"type": "boolean"},
        "runs": {"type": "string", "enum": ["reviewed", "direct"]},
        "parameters": {"type": "array", "maxItems": 256, "items": _PARAMETER},
        "job": TOOL_JOB,
        "jobTemplate": _PREDECESSOR,
        "help": _LONG,
        "args": {"type": "array", "maxItems": 1000, "items": _LONG},
        "arguments": _ARGUMENTS,
    },
    "x-kubernetes-validations": [
        {
            "rule": "has(self.job) != has(self.jobTemplate)",
            "message": "exactly one of job and jobTemplate is needed",
        }
    ],
}
_RUN_SPEC = {
    "type": "object",
    "required": ["tool", "digest", "job"],
    "properties": {
        "tool": _TOOL_NAME,
        "digest": {"type": "string", "maxLength": 71},
        "requestedBy": _TEXT,
        "answers": {"type": "object", "maxProperties": 256, "additionalProperties": _ANY},
        "env": {"type": "object", "maxProperties": 500, "additionalProperties": _LONG},
        "source": _SOURCE,
        "retry": _NAMED_RETRY,
        "concurrency": {"type": "string", "enum": ["allow", "forbid", "queue"]},
        "mounts": {
            "type": "array",
            "maxItems": 20,
            "items": {
                "type": "object",
                "required": ["kind", "name", "digest", "path"],
                "properties": {
                    "kind": {"type": "string", "enum": ["ConfigMap", "Secret"]},
                    "name": _NAME,
                    "digest": {"type": "string", "maxLength": 71},
                    "path": {"type": "string", "maxLength": 4096},
                },
            },
        },
        "adopted": {
            "type": "object",
            "required": ["job", "uid"],
            "properties": {"job": _OBJECT_NAME, "uid": _NAME},
        },
        "schedule": _OBJECT_NAME,
        "slot": _TIME,
        "replayOf": _OBJECT_NAME,
        "notAfter": _TIME,
        "wish": {
            "type": "object",
            "required": ["attempt"],
            "properties": {
                "attempt": {
                    "type": "integer",
                    "format": "int32",
                    "minimum": 2,
                    "maximum": retry_policies.MAX_ATTEMPTS,
                },
                "by": _TEXT,
                "job": TOOL_JOB,
            },
        },
        "cancelledBy": _TEXT,
        "job": TOOL_JOB,
    },
    "x-kubernetes-validations": [
        {"rule": f"self.{field} == oldSelf.{field}", "message": f"{field} of a Run never changes"}
        for field in ("tool", "digest")
    ],
}
_CONDITION = {
    "type": "object",
    "required": ["type", "status", "reason", "message", "lastTransitionTime"],
    "properties": {
        "type": _NAME,
        "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
        "reason": _TEXT,
        "message": {"type": "string", "maxLength": 32768},
        "lastTransitionTime": _TIME,
        "observedGeneration": {"type": "integer", "format": "int64"},
    },
}
_RUN_STATUS = {
    "type": "object",
    "properties": {
        "attempts": {
            "type": "array",
            "maxItems": 1000,
            "items": {
                "type": "object",
                "required": ["number", "job", "uid"],
                "properties": {
                    "number": {"type": "integer", "format": "int32", "minimum": 1},
                    "job": _NAME,
                    "uid": _NAME,
                    "startedAt": _TIME,
                    "finishedAt": _TIME,
                    "exitCode": {"type": "integer", "format": "int32"},
                    "cause": _TEXT,
                    "message": {"type": "string", "maxLength": 32768},
                    "evidence": {"type": "string", "maxLength": 32768},
                    "container": _NAME,
                    "node": _NAME,
                },
            },
        },
        "state": {"type": "string", "enum": list(runs.STATES)},
        "nextAttemptAt": _TIME,
        "result": {"type": "string", "maxLength": 4096},
        "log": {"type": "string", "maxLength": 65536},
        "conditions": {
            "type": "array",
            "maxItems": 16,
            "items": _CONDITION,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
    },
}


def _column(name: str, path: str, kind: str = "string", priority: int = 0) -> Mapping[str, Any]:
    return {"name": name, "jsonPath": path, "type": kind, "priority": priority}


_AGE = _column("Age", ".metadata.creationTimestamp", "date")
_TOOL_COLUMNS = [
    _column("Template", ".spec.source.template"),
    _column("Version", ".spec.source.version"),
    _column("Environment", ".spec.environment"),
    _AGE,
    _column("Summary", ".spec.summary", priority=1),
]
_RUN_COLUMNS = [
    _column("Tool", ".spec.tool"),
    _column("State", ".status.state"),
    _column("Cause", ".status.attempts[-1:].cause"),
    _column("Attempt", ".status.attempts[-1:].number", "integer"),
    _column("Exit", ".status.attempts[-1:].exitCode", "integer"),
    _column("By", ".spec.requestedBy"),
    _AGE,
    # What lists need and cannot read off an age; a list that asks for no metadata is a tenth of the size.
    _column("Of", ".spec.retry.attempts", "integer", priority=1),
    _column("Begun", ".status.attempts[0].startedAt", priority=1),
    _column("Started", ".status.attempts[-1:].startedAt", priority=1),
    _column("Finished", ".status.attempts[-1:].finishedAt", priority=1),
    _column("Next", ".status.nextAttemptAt", priority=1),
    _column("Environment", ".metadata.labels.rapt\\.dev/environment", priority=1),
    _column("Namespace", ".metadata.namespace", priority=1),
    _column("Created", ".metadata.creationTimestamp", priority=1),
    _column("Wish", ".spec.wish.attempt", "integer", priority=1),
    _column("Held", ".metadata.annotations.rapt\\.dev/keep", priority=1),
]
_RETRY_COLUMNS = [
    _column("Attempts", ".spec.attempts", "integer"),
    _column("Delay", ".spec.delay"),
    _AGE,
    _column("Summary", ".spec.summary", priority=1),
]
_CLEANUP_COLUMNS = [_column("Summary", ".spec.summary"), _AGE]
_RUN_SELECTABLE = (".spec.tool", ".spec.requestedBy", ".status.state")
"""What a field selector may ask for, besides the name: Kubernetes 1.31 and later."""


def manifests() -> list[Manifest]:
    """Everything that ``install`` applies, in order."""
    return [
        _definition(TOOL, "tool", "rtool", _TOOL_SPEC, None, _TOOL_COLUMNS),
        _definition(RUN, "run", "rrun", _RUN_SPEC, _RUN_STATUS, _RUN_COLUMNS, _RUN_SELECTABLE),
        _definition(RETRY_POLICY, "retrypolicy", "rretry", _RETRY, None, _RETRY_COLUMNS),
        _definition(CLEANUP_POLICY, "cleanuppolicy", "rclean", _CLEANUP, None, _CLEANUP_COLUMNS),
        _role(
            "rapt-view",
            ["view", "edit", "admin"],
            [*((kind.plural, _READ) for kind in KINDS), ("runs/status", ["get"])],
            _READ,
        ),
        _role(
            "rapt-edit",
            ["edit", "admin"],
            [
                *((kind.plural, _WRITE) for kind in KINDS),
                ("tools/status", _WRITE_STATUS),
                ("runs/status", _WRITE_STATUS),
            ],
            _WRITE,
        ),
        *_identity(),
    ]


KINDS = (TOOL, RUN, RETRY_POLICY, CLEANUP_POLICY)
"""The kinds of Rapt itself."""
_READ = ["get", "list", "watch"]
_WRITE = ["create", "update", "patch", "delete", "deletecollection"]
_WRITE_STATUS = ["update", "patch"]


def _metadata(name: str, **extra: Any) -> dict[str, Any]:
    return {"name": name, "annotations": {labels.SCHEMA: str(FORMAT)}, **extra}


def _definition(
    kind: Kind,
    singular: str,
    short: str,
    spec: Mapping[str, Any],
    status: Mapping[str, Any] | None,
    columns: list[Any],
    selectable: Sequence[str] = (),
) -> Manifest:
    properties: dict[str, Any] = {"spec": spec, "status": status or {"type": "object"}}
    return {
        "apiVersion": CUSTOM_RESOURCE_DEFINITION.api_version,
        "kind": CUSTOM_RESOURCE_DEFINITION.name,
        "metadata": _metadata(f"{kind.plural}.{kind.group}"),
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": singular,
                "shortNames": [short],
                "categories": ["rapt"],
            },
            "versions": [
                {
                    "name": kind.api_version.rpartition("/")[2],
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": properties}
                    },
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": columns,
                    **(
                        {"selectableFields": [{"jsonPath": path} for path in selectable]}
                        if selectable
                        else {}
                    ),
                }
            ],
        },
    }


def _role(
    name: str, aggregate_to: list[str], rules: list[tuple[str, list[str]]], others: list[str]
) -> Manifest:
    aggregation = {f"rbac.authorization.k8s.io/aggregate-to-{role}": "true" for role in aggregate_to}
    return {
        "apiVersion": CLUSTER_ROLE.api_version,
        "kind": CLUSTER_ROLE.name,
        "metadata": _metadata(name, labels=aggregation),
        "rules": [
            *({"apiGroups": [TOOL.group], "resources": [one], "verbs": verbs} for one, verbs in rules),
            {"apiGroups": [LEASE.group], "resources": [LEASE.plural], "verbs": others},
            {
                "apiGroups": [EXTERNAL_SECRET.group],
                "resources": [EXTERNAL_SECRET.plural],
                "verbs": others,
            },
        ],
    }


def _identity() -> list[Manifest]:
    """Everyone may ask which cluster this is, and what of Rapt is installed in it."""
    name = "rapt-identity"
    return [
        {
            "apiVersion": CLUSTER_ROLE.api_version,
            "kind": CLUSTER_ROLE.name,
            "metadata": _metadata(name),
            "rules": [
                {
                    "apiGroups": [""],
                    "resources": ["namespaces"],
                    "resourceNames": ["kube-system"],
                    "verbs": ["get"],
                },
                {
                    "apiGroups": [CUSTOM_RESOURCE_DEFINITION.group],
                    "resources": [CUSTOM_RESOURCE_DEFINITION.plural],
                    "resourceNames": [f"{kind.plural}.{kind.group}" for kind in KINDS],
                    "verbs": ["get"],
                },
            ],
        },
        {
            "apiVersion": CLUSTER_ROLE_BINDING.api_version,
            "kind": CLUSTER_ROLE_BINDING.name,
            "metadata": _metadata(name),
            "roleRef": {"apiGroup": CLUSTER_ROLE.group, "kind": CLUSTER_ROLE.name, "name": name},
            "subjects": [{"apiGroup": CLUSTER_ROLE.group, "kind": "Group", "name": "system:authenticated"}],
        },
    ]
