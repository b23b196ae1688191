"""JSON Schemas of the files that people write, for their editors: what the readers take, as far as a schema can say it.

What one part of a file says of another stays with the readers: a profile that is not there, an address listed twice.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kubectl_rapt.config import installation, project
from kubectl_rapt.model import names, quantity, versions
from kubectl_rapt.templating import definition, parameters

Schema = dict[str, Any]

_LINE: Schema = {"type": "string", "pattern": r"^[^\u0000-\u001f]*$"}
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_FLAG: Schema = {"type": "boolean"}
_NAME: Schema = {"type": "string", "pattern": f"^{names.LABEL.pattern}$", "maxLength": names.MAX_LABEL}
_SUBDOMAIN: Schema = {
    "type": "string",
    "pattern": rf"^{names.LABEL.pattern}(?:\.{names.LABEL.pattern})*$",
    "maxLength": names.MAX_SUBDOMAIN,
}
_QUANTITIES: Schema = {
    "type": "object",
    "additionalProperties": {
        "type": ["string", "number"],
        "pattern": r"^(?=[+-]?\.?[0-9])" + re.sub(r"\?P<\w+>", "", quantity.PATTERN.pattern) + "$",
    },
}
_RESOURCES_ABOUT = "requests and limits of containers that have none"


def _whole(pattern: "re.Pattern[str]") -> Schema:
    return {"type": "string", "pattern": f"^(?:{pattern.pattern})$"}


def _about(text: str, schema: Schema) -> Schema:
    return {**schema, "description": text}


def _needed(schema: Schema = _LINE) -> Schema:
    return {**schema, "minLength": 1}


def _one_of(*words: str) -> Schema:
    return {"enum": list(words)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _named(items: Schema, key: Schema | None = None) -> Schema:
    return {"type": "object", "additionalProperties": items, **({"propertyNames": key} if key else {})}


def _object(properties: Mapping[str, Schema], required: Sequence[str] = ()) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
        **({"required": list(required)} if required else {}),
    }


def _document(title: str, kind: str, properties: Mapping[str, Schema], required: Sequence[str]) -> Schema:
    head = {"apiVersion": {"const": definition.API_VERSION}, "kind": {"const": kind}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **_object({**head, **properties}, [*head, *required]),
    }


_POLICIES = _about(
    "which policies tools have that name none themselves", _object({"retry": _LINE, "cleanup": _LINE})
)
_ANSWERS = _about("parameter to value", {"type": "object"})
_DEFAULTS = {"answers": _ANSWERS, "policies": _POLICIES}
_ALLOWED = _about("texts that look like secrets and are none", _list(_whole(installation.DIGEST)))
_NODES = _about("labels of the nodes that Jobs may go to", _named(_LINE))
_MARKS = _about("labels of everything that is rendered", _named(_LINE))
_SIZES = _about(_RESOURCES_ABOUT, _object({"requests": _QUANTITIES, "limits": _QUANTITIES}))


def of_project() -> Schema:
    """``rapt.yaml``."""
    url = {**_needed(), "allOf": [{"pattern": f"^(?:{project.ADDRESS.pattern})"}]}
    registry = _object(
        {
            "url": {**url, "not": {"pattern": f"^{project.CREDENTIALS.pattern}"}},
            "priority": _about(
                "the higher wins if several have a template of one name; without it, such a name needs its registry",
                {"type": "integer", "minimum": -project.MAX_PRIORITY, "maximum": project.MAX_PRIORITY},
            ),
            "branch": _about("the branch that is read, main if not given", _LINE),
            "signers": _about("public keys: versions need a signed tag", _list(_whole(project.SIGNER))),
        },
        ["url"],
    )
    environment = _object(
        {
            "cluster": _about("the UID of its cluster's kube-system", _LINE),
            "namespaces": _about("the first is the usual one", {**_list(_NAME), "minItems": 1}),
            "allowedNamespaces": _about("where tools may be shared to", _list(_NAME)),
            "wideAccess": _about(
                "tools whose access may hold *, escalate, bind or impersonate", _list(_NAME)
            ),
            "review": _about("whether changes wait for one", _one_of("required", "none")),
            "runs": _about("whether each run waits for a review", _one_of("direct", "reviewed")),
            "reviewers": _about("names on the forge; team/NAME for a team", _TEXTS),
            "reviewLabels": _about("labels that its pull requests get", _TEXTS),
            "autoMerge": _about("whether the forge merges as soon as it may", _FLAG),
            "profile": _about("its profile's name", _LINE),
            "secretStore": _about(
                "where ExternalSecrets fetch its tools' Secrets",
                _object({"name": _SUBDOMAIN, "kind": _one_of("SecretStore", "ClusterSecretStore")}, ["name"]),
            ),
            "reconcile": _about(
                "what passes over it do besides",
                _object(
                    {
                        "webhook": _about(
                            "the environment variables that hold its address and secret where a pass runs",
                            _object(
                                {"urlEnv": _whole(project.VARIABLE), "secretEnv": _whole(project.VARIABLE)},
                                ["urlEnv", "secretEnv"],
                            ),
                        ),
                        "exportTo": _about("the folder for evidence", {"type": "string", "pattern": "^/"}),
                    }
                ),
            ),
            **_DEFAULTS,
        },
        ["namespaces"],
    )
    profile = _object({"resources": _SIZES, "nodeSelector": _NODES, "labels": _MARKS, **_DEFAULTS})
    return _document(
        "rapt.yaml",
        "Project",
        {
            "id": _about("by which objects in clusters name this repository", _whole(project.ID)),
            "environments": _about("places where tools run", _named(environment, _NAME)),
            "profiles": _about("what environments share", _named(profile)),
            "registries": _about(
                "where templates come from, besides the bundled ones",
                _named(registry, {**_NAME, "not": {"const": project.BUNDLED}}),
            ),
            "forge": _about(
                "only if it cannot be told from the repository's address",
                _object({"kind": _one_of("github", "gitlab", "gitea", "none"), "api": _LINE}),
            ),
            "allowedLiterals": _ALLOWED,
            **_DEFAULTS,
        },
        ["id"],
    )


def of_tool() -> Schema:
    """``tools/<environment>/<tool>.yaml``."""
    lock = _object(
        {
            "registry": _needed(),
            "commit": _whole(installation.OBJECT_ID),
            "tree": _whole(installation.OBJECT_ID),
            "digest": _needed(),
            "policies": _LINE,
            "format": {"const": installation.FORMAT},
        },
        ["registry", "tree", "digest"],
    )
    return _document(
        "A tool's file",
        "Installation",
        {
            "template": _needed(),
            "version": _needed(),
            "lock": _about("exactly which template; kubectl rapt upgrade writes it", lock),
            "answers": _ANSWERS,
            "schedules": _about(
                "when it runs automatically",
                _list(_object({"cron": _needed(), "timeZone": _LINE}, ["cron"])),
            ),
            "namespaces": _about("where it is; the environment's first one if not given", _TEXTS),
            "policies": _POLICIES,
            "allowedLiterals": _ALLOWED,
        },
        ["template", "version", "lock"],
    )


def of_template() -> Schema:
    """``templates/<name>/template.yaml`` of a registry."""
    labels = _object({"matchLabels": _named(_LINE)})
    number = {"type": "integer", "minimum": 1, "maximum": 65535}
    port = _object({"port": number, "protocol": _one_of("TCP", "UDP", "SCTP")}, ["port"])
    egress = _object(
        {
            "cidr": _about("a network, such as 10.0.0.0/8", _LINE),
            "any": _about("any address", _FLAG),
            "podSelector": _about("pods with these labels", labels),
            "namespaceSelector": _about("in namespaces with these labels, else its own", labels),
            "host": _about("documents the address; alone it is any address", _LINE),
            "ports": _about("all if not given", _list({"anyOf": [number, port]})),
        }
    )
    some = {**_TEXTS, "minItems": 1}
    access = _object(
        {"apiGroups": some, "resources": some, "verbs": some, "resourceNames": _TEXTS},
        ["apiGroups", "resources", "verbs"],
    )
    policies = _object({"retry": _SUBDOMAIN, "cleanup": _SUBDOMAIN})
    version = {**_whole(versions.PATTERN), "maxLength": names.MAX_LABEL}
    return _document(
        "template.yaml",
        definition.KIND,
        {
            "name": _NAME,
            "version": version,
            "summary": _needed(),
            "parameters": _about("what it asks, in this order", _list(_parameter())),
            "rules": _about("what must hold between answers", _list(_rule())),
            "schedule": _about("a cron line: the default of its installations", _LINE),
            "policies": _about("the default ones, by their names", policies),
            "resources": _SIZES,
            "concurrency": _about(
                "what happens to a run while another is running", _one_of("allow", "forbid", "queue")
            ),
            "access": _about("what its ServiceAccount may do", _list(access)),
            "egress": _about("where its pods may connect to, besides DNS; empty is nowhere", _list(egress)),
            "kubernetes": _about("the minor versions that it works on", _LINE),
            "minRapt": _about("the oldest Rapt that renders it", version),
            "freeEnv": _about("whether --env may set variables that it does not declare", _FLAG),
        },
        ["name", "version", "summary"],
    )


def _parameter() -> Schema:
    bound: Schema = {"type": "number"}
    return _object(
        {
            "name": {"type": "string", "pattern": f"^{parameters.NAME.pattern}$"},
            "type": _one_of(*parameters.TYPES),
            "description": _about("one line for people", _LINE),
            "at": _about("whether it is fixed in git or may be set at each run", _one_of("install", "run")),
            "default": _about("without one an answer is needed, unless required is false", {}),
            "required": _FLAG,
            "choices": _about("the permitted values", {**_TEXTS, "uniqueItems": True}),
            "pattern": _about("what a whole text must match", _LINE),
            "minimum": _about("least value, or least length of a text or list", bound),
            "maximum": _about("greatest value, or greatest length", bound),
            "prefixes": _about("permitted beginnings of an image's name", _TEXTS),
            "example": _about("a value that would be right", {}),
            "code": _about("its value is code for a shell, on purpose", _FLAG),
            "renamedFrom": _about(
                "what it was called in earlier versions",
                _list({"type": "string", "pattern": f"^{parameters.NAME.pattern}$"}),
            ),
        },
        ["name", "type"],
    )


def _rule() -> Schema:
    several = {**_TEXTS, "minItems": 2, "uniqueItems": True}
    requires = _object({"if": _needed(), "then": {**_TEXTS, "minItems": 1}}, ["if", "then"])
    kinds = {"requires": requires, "exclusive": several, "anyOf": several}
    return {"oneOf": [_object({kind: inner}, [kind]) for kind, inner in kinds.items()]}


SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "project": of_project,
    "tool": of_tool,
    "template": of_template,
}
"""The files that have one, by what ``kubectl rapt schema`` calls them."""
