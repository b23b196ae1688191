"""What differs between objects, whole and field by field, and who owns a field in the cluster."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from kubectl_rapt import documents
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import Manifest, Ref, ref_of

Path = tuple[str | int, ...]
"""Keys and indexes from the top of an object to a field."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not the same in two versions of an object.

    Args:
        path: Where it is in the version that has it, the newer one where both have it.
        label: The path for people: ``spec.template.spec.containers[tool].image``.
        before: Its value in the older version; None where it is absent.
        after: Its value in the newer version; None where it is absent.
    """

    path: Path
    label: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.label}: {_shown(self.before)} → {_shown(self.after)}"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not the same in two sets of objects, as a reviewer reads it.

    Args:
        ref: The object.
        how: ``+`` for one that came, ``-`` for one that went, ``~`` for a field that is another.
        field: That field; None where the whole object came or went.
    """

    ref: Ref
    how: Literal["+", "-", "~"]
    field: Difference | None = None

    def __str__(self) -> str:
        return f"{self.how} {self.ref}" + (f" {self.field}" if self.field else "")


@dataclass(frozen=True, slots=True)
class Manager:
    """A field manager (``metadata.managedFields``): who wrote a field, how and when it last wrote any.

    Args:
        manager: Its name, such as ``kubectl-edit``.
        operation: ``Apply`` or ``Update``.
        at: When; None where the server does not say.
    """

    manager: str
    operation: str
    at: datetime | None


def changes(before: Iterable[Manifest], after: Iterable[Manifest]) -> list[Change]:
    """What differs, object by object in the order of the new ones, those that went last."""
    was, now = ({ref_of(one): one for one in manifests} for manifests in (before, after))
    found: list[Change] = []
    for ref, manifest in now.items():
        if ref in was:
            found += (Change(ref, "~", one) for one in differences(was[ref], manifest))
        else:
            found.append(Change(ref, "+"))
    return [*found, *(Change(ref, "-") for ref in was if ref not in now)]


def differences(before: Any, after: Any) -> tuple[Difference, ...]:
    """Where two versions of an object differ, field by field.

    Elements of lists that all have a unique ``name`` are matched by it, whatever their order; other lists by
    position. A value that only one side has is one difference, however much is in it.
    """
    return tuple(_differences(before, after, (), ""))


def _differences(before: Any, after: Any, path: Path, label: str) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from _differences(before.get(key), after.get(key), (*path, key), _deeper(label, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _in_lists(before, after, path, label)
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):
        yield Difference(path, label, before, after)


def _in_lists(before: list[Any], after: list[Any], path: Path, label: str) -> Iterator[Difference]:
    old, new = _by_name(before), _by_name(after)
    if old is None or new is None:
        for index in range(max(len(before), len(after))):
            one = before[index] if index < len(before) else None
            other = after[index] if index < len(after) else None
            yield from _differences(one, other, (*path, index), f"{label}[{index}]")
        return
    for name in dict.fromkeys((*old, *new)):
        index = new[name] if name in new else old[name]
        one = before[old[name]] if name in old else None
        other = after[new[name]] if name in new else None
        yield from _differences(one, other, (*path, index), f"{label}[{name}]")


def _by_name(items: Sequence[Any]) -> dict[str, int] | None:
    found = {}
    for index, item in enumerate(items):
        name = item.get("name") if isinstance(item, Mapping) else None
        if not isinstance(name, str) or name in found:
            return None
        found[name] = index
    return found


def _deeper(label: str, key: str) -> str:
    if "." in key or "/" in key:
        return f"{label}[{key}]"
    return f"{label}.{key}" if label else key


def _shown(value: Any) -> str:
    if value is None:
        return "(nothing)"
    text = value if isinstance(value, str) else documents.dump_json(value, indent=None).strip()
    return text.replace("\n", "⏎")


def managers(manifest: Manifest, path: Path) -> tuple[Manager, ...]:
    """The managers of one field of a live object, or of the whole value that it is part of, the newest first."""
    found = [_manager(entry) for entry in _entries(manifest) if _holds(entry.get("fieldsV1"), manifest, path)]
    return tuple(sorted(found, key=lambda one: one.at.timestamp() if one.at else 0.0, reverse=True))


def owns_all(manifest: Manifest, manager: str, paths: Iterable[Path]) -> bool:
    """Whether a field manager owns each of these fields of a live object, or the whole value that it is part of."""
    own = [entry.get("fieldsV1") for entry in _entries(manifest) if entry.get("manager") == manager]
    return all(any(_holds(one, manifest, path) for one in own) for path in paths)


def managers_of_content(manifest: Manifest) -> frozenset[str]:
    """The names of those who own a field outside ``metadata``."""
    return frozenset(
        _manager(entry).manager
        for entry in _entries(manifest)
        if any(key not in ("f:metadata", ".") for key in entry.get("fieldsV1") or {})
    )


def _entries(manifest: Manifest) -> Iterator[Mapping[str, Any]]:
    """Those about the object itself: of a subresource, such as its status, nobody says what it should be."""
    for entry in manifest["metadata"].get("managedFields") or ():
        if not entry.get("subresource"):
            yield entry


def _manager(entry: Mapping[str, Any]) -> Manager:
    time = entry.get("time")
    return Manager(
        str(entry.get("manager", "")), str(entry.get("operation", "")), times.parse(time) if time else None
    )


def _holds(owned: Any, value: Any, path: Path) -> bool:
    """Whether a set of fields (FieldsV1 of structured-merge-diff) has a field; an empty set owns all that is in it."""
    for step in path:
        if not isinstance(owned, Mapping):
            return False
        if not owned:
            return True
        if isinstance(step, str):
            key, inner = f"f:{step}", value.get(step) if isinstance(value, Mapping) else None
        else:
            inner = value[step] if isinstance(value, list) and step < len(value) else None
            key = next((key for key in owned if _is_element(key, step, inner)), "")
        if key not in owned:
            return False
        owned, value = owned[key], inner
    return isinstance(owned, Mapping)


def _is_element(key: str, index: int, element: Any) -> bool:
    kind, _, rest = key.partition(":")
    if kind == "i":
        return rest == str(index)
    if kind == "v":
        return bool(json.loads(rest) == element)
    if kind == "k" and isinstance(element, Mapping):
        return bool(json.loads(rest).items() <= element.items())
    return False
