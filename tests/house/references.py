"""Pages of the reference that are made of what the code says: files, objects, labels and exit codes."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from kubectl_rapt.cli import main, watching
from kubectl_rapt.config.schema import SCHEMAS
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import CUSTOM_RESOURCE_DEFINITION
from kubectl_rapt.objects import crds
from tests.house import source

NOTE = "<!-- Written by `make docs` from the source: change that, not this. -->"
_FILES = {"project": "rapt.yaml", "tool": "tools/ENVIRONMENT/TOOL.yaml", "template": "template.yaml"}
_LABELS = ("objects/labels.py", "runs/adoption.py", "runs/notices.py")
_ELSEWHERE = {
    "job": "a Job's metadata and spec: [Fields of a Job](#fields-of-a-job)",
    "retry": "a copy of the policy: the spec of a [RetryPolicy](#retrypolicy)",
    "cleanup": "a copy of the policy: the spec of a [CleanupPolicy](#cleanuppolicy)",
}
"""What is described once on the page of objects, and stands in several."""


def pages() -> dict[str, str]:
    """Name to text."""
    return {
        "files": _files(),
        "objects": _objects(),
        "labels": _labels(),
        "exit-codes": _exit_codes(),
    }


def _page(title: str, *lines: str) -> str:
    return "\n".join([f"# {title}", "", NOTE, "", *lines]) + "\n"


def _files() -> str:
    lines = [
        "Every field of the files that people write. `kubectl rapt schema` prints the JSON Schema of each for",
        "editors ([how](../repository.md#editing-by-hand)); the readers check more than a schema can say.",
    ]
    for name, make in SCHEMAS.items():
        lines += ["", f"## {_FILES[name]}", "", *_table(make())]
        lines += ["", f"The schema as a file: [{name}.json](../schemas/{name}.json)."]
    return _page("Files", *lines)


def _objects() -> str:
    lines = [
        "The kinds that `kubectl rapt install` brings: group `rapt.dev`, version `v1alpha1`, all in namespaces, all in",
        "the category `rapt` (`kubectl get rapt`).",
    ]
    job: Mapping[str, Any] = {}
    for manifest in crds.manifests():
        if manifest["kind"] != CUSTOM_RESOURCE_DEFINITION.name:
            continue
        names, [version] = manifest["spec"]["names"], manifest["spec"]["versions"]
        schema = version["schema"]["openAPIV3Schema"]
        spec = schema["properties"]["spec"]["properties"]
        job = job or spec.get("job", {})
        lines += ["", f"## {names['kind']}", "", f"`{names['plural']}`, short: {_code(names['shortNames'])}."]
        columns = [one["name"] for one in version["additionalPrinterColumns"] if not one.get("priority")]
        lines += [f"`kubectl get` shows {_code(columns)}."]
        if fields := version.get("selectableFields"):
            lines += [f"Field selectors: {_code(one['jsonPath'].removeprefix('.') for one in fields)}."]
        parts = {key: schema["properties"][key] for key in ("spec", "status") if key in schema["properties"]}
        lines += ["", *_table({"properties": parts})]
    lines += ["", "## Fields of a Job", ""]
    lines += [
        "What `spec.job` of a Tool or Run may hold; anything else is refused, here and by the API server."
    ]
    return _page("Objects", *lines, "", *_table(job))


def _code(words: Any) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(schema: Mapping[str, Any]) -> list[str]:
    rows = [f"| `{path}` | {kind} | {about} |" for path, kind, about in _fields(schema, "")]
    return ["| field | type | |", "|---|---|---|", *rows]


def _fields(schema: Mapping[str, Any], above: str) -> Iterator[tuple[str, str, str]]:
    required = schema.get("required", ())
    for name, one in schema.get("properties", {}).items():
        path = f"{above}.{name}" if above else name
        if name in _ELSEWHERE and one.get("type") == "object" and "properties" in one:
            yield path, "object", _ELSEWHERE[name]
            continue
        said = ["required"] if name in required else []
        said += [one["description"]] if "description" in one else []
        yield path, _type(one), "; ".join(said).replace("|", "\\|")
        yield from _below(one, path)


def _below(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    yield from _fields(schema, path)
    for one in schema.get("oneOf", ()):
        yield from _fields({**one, "required": ()}, path)
    if "items" in schema:
        yield from _below(schema["items"], f"{path}[]")
    if isinstance(named := schema.get("additionalProperties"), dict):
        yield from _below(named, f"{path}.NAME")


def _type(schema: Mapping[str, Any]) -> str:
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{word}`" for word in schema["enum"])
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    kinds = schema.get("type", "object" if "oneOf" in schema else "any")
    kind = kinds if isinstance(kinds, str) else " or ".join(kinds)
    if kind == "array":
        return f"list of {_type(schema['items'])}" if "items" in schema else "list"
    if kind == "object" and isinstance(named := schema.get("additionalProperties"), dict):
        return f"name to {_type(named)}"
    return "time" if schema.get("format") == "date-time" else str(kind)


def _labels() -> str:
    found = [one for module in source.modules() if module.path in _LABELS for one in _keys(module.tree)]
    rows = [f"| `{key}` | {about} |" for key, about in sorted(found)]
    lines = [
        "What Rapt writes on its objects and knows them by. All labels are on Jobs **and** their pods:",
        "`kubectl get pods -l rapt.dev/tool=backup`. Never `app.kubernetes.io/instance`, which belongs to Argo CD.",
    ]
    return _page("Labels and annotations", *lines, "", "| key | |", "|---|---|", *rows)


def _keys(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The constants that are keys of labels, with what the line below each says of it."""
    for node, after in zip(tree.body, tree.body[1:], strict=False):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            continue
        key = str(node.value.value)
        if key.startswith(("rapt.dev/", "app.kubernetes.io/")) and "/v1" not in key:
            text = (
                after.value.value
                if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                else ""
            )
            assert text, f"{key}: say below the constant what it is"
            yield key, " ".join(str(text).split()).replace("``", "`")


def _exit_codes() -> str:
    kinds = sorted((one.exit_code, one.__doc__ or "") for one in RaptError.__subclasses__())
    about = {
        0: "It is done.",
        1: "An honest no: a check found something, or a run failed without a container's code.",
        main.OUR_BUG: "A bug of Rapt; the message has the path of a report.",
        **{code: text.partition("\n")[0] for code, text in kinds},
        watching.TIMED_OUT: "`--timeout` is over; the run, or the review, continues.",
        watching.OUR_FAILURE: "Following a run failed; the run continues.",
        main.INTERRUPTED: "Interrupted: Ctrl-C.",
    }
    rows = [f"| {code} | {text} |" for code, text in sorted(about.items())]
    lines = [
        "While a run is followed, the exit code is that of its last attempt's container, whatever it is. Otherwise:",
        *("", "| code | |", "|---|---|", *rows, ""),
        "Every error has a code of its own besides, a word: [Errors](../errors.md).",
    ]
    return _page("Exit codes", *lines)
