"""Kubernetes' schemas as kubernetes-validate ships them, through one compiled validator for each kind.

Its own ``validate`` reads 1.8 MB on every call, and its import brings in what the schemas do not need: only its
files are used. What a kind needs of them is a thirtieth.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.errors import Problem, Unavailable
from kubectl_rapt.model.kinds import Manifest

_FOLDER = re.compile(r"v1\.([0-9]+)\.[0-9]+-local-strict")
_KIND = re.compile(r"[A-Za-z]{1,80}")
_API_VERSION = re.compile(
    r"(?:([a-z]+)(?:\.[a-z.]+\.k8s\.io|\.k8s\.io)?/)?(v[0-9]+(?:(?:alpha|beta)[0-9]+)?)"
)
_DEFINITIONS = "_definitions.json"
_LONGEST = 300


class Schemas:
    """Implements ``ports.schemas.Schemas``; a kind's schema is compiled when it is first needed, and kept."""

    def __init__(self) -> None:
        self._find = cache(self._load)

    def nearest(self, minor: int) -> int:
        """See ``ports.schemas.Schemas``."""
        return max((shipped for shipped in _folders() if shipped <= minor), default=min(_folders()))

    def validate(self, manifest: Manifest, minor: int) -> list[Problem]:
        """See ``ports.schemas.Schemas``."""
        validator = self._find(manifest.get("kind"), manifest.get("apiVersion"), self.nearest(minor))
        if validator is None or validator.is_valid(manifest):
            return []
        return [
            Problem(_pointer(error.instance_path), _cut(error.message))
            for error in validator.iter_errors(manifest)
        ]

    @staticmethod
    def _load(kind: Any, api_version: Any, minor: int) -> Any:
        """The compiled validator of a kind; None where Kubernetes has no such kind."""
        import jsonschema_rs

        file = _file(kind, api_version, _folders()[minor])
        if file is None:
            return None
        schema = json.loads(file.read_bytes())
        schema["$defs"] = dict(_needed(schema, _definitions(file.parent)))
        return jsonschema_rs.Draft202012Validator(_local(schema))


@cache
def _folders() -> dict[int, Path]:
    """Minor version to the folder of its strict schemas."""
    package = find_spec("kubernetes_validate")
    if package is None or not package.submodule_search_locations:
        raise Unavailable("no-schemas", "the package kubernetes-validate is missing", "install Rapt again")
    root = Path(package.submodule_search_locations[0], "kubernetes-json-schema")
    return {int(found[1]): folder for folder in root.iterdir() if (found := _FOLDER.fullmatch(folder.name))}


@cache
def _definitions(folder: Path) -> dict[str, Any]:
    definitions: dict[str, Any] = json.loads(Path(folder, _DEFINITIONS).read_bytes())
    return definitions


def _file(kind: Any, api_version: Any, folder: Path) -> Path | None:
    if not isinstance(kind, str) or not isinstance(api_version, str):
        return None
    found = _API_VERSION.fullmatch(api_version)
    if not found or not _KIND.fullmatch(kind):
        return None
    group = f"{found[1]}-" if found[1] else ""
    file = Path(folder, f"{kind.lower()}-{group}{found[2]}.json")
    return file if file.exists() else None


def _needed(schema: Any, shipped: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The definitions that a schema refers to, directly or through others."""
    definitions = shipped["$defs"]
    open_names, seen = list(_references(schema)), set[str]()
    while open_names:
        name = open_names.pop()
        if name not in seen:
            seen.add(name)
            yield name, definitions[name]
            open_names += _references(definitions[name])


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.rpartition("/")[2]
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from _references(part)


def _local(schema: Any) -> Any:
    """The schema with every reference pointing into itself, and without its address."""
    if isinstance(schema, dict):
        return {
            key: f"#{part.partition('#')[2]}" if key == "$ref" and isinstance(part, str) else _local(part)
            for key, part in schema.items()
            if key != "$id"
        }
    return [_local(part) for part in schema] if isinstance(schema, list) else schema


def _pointer(path: list[str | int]) -> str:
    pointer = ""
    for part in path:
        pointer = documents.join_pointer(pointer, part)
    return pointer


def _cut(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1]}…"
