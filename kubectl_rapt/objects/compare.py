"""What differs between objects: which came, which went, and field by field what is another value."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.model.kinds import Manifest, Ref, ref_of


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Args:
        ref: The object.
        pointer: The field, as a JSON pointer; empty for the whole object.
        before: What it was; None where it was not there.
        after: What it is; None where it is not there any more.
    """

    ref: Ref
    pointer: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if not self.pointer:
            return f"{'+' if self.before is None else '-'} {self.ref}"
        return f"~ {self.ref} {_dotted(self.pointer)}: {_shown(self.before)} → {_shown(self.after)}"


def differences(before: Iterable[Manifest], after: Iterable[Manifest]) -> list[Difference]:
    """What differs, object by object in the order of the new ones, those that went last."""
    was, now = ({ref_of(one): one for one in manifests} for manifests in (before, after))
    found: list[Difference] = []
    for ref, manifest in now.items():
        if ref in was:
            found.extend(Difference(ref, *one) for one in fields(was[ref], manifest))
        else:
            found.append(Difference(ref, "", None, manifest))
    found.extend(Difference(ref, "", manifest, None) for ref, manifest in was.items() if ref not in now)
    return found


def fields(before: Any, after: Any, pointer: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The fields that differ, as JSON pointer, old and new value; items of lists are told apart by their names."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            yield from fields(before.get(key), after.get(key), documents.join_pointer(pointer, key))
    elif isinstance(before, list) and isinstance(after, list) and _are_named([*before, *after]):
        was, now = ({one["name"]: one for one in items} for items in (before, after))
        for name in dict.fromkeys((*was, *now)):
            yield from fields(was.get(name), now.get(name), documents.join_pointer(pointer, name))
    elif type(before) is not type(after) or before != after:
        yield pointer, before, after


def _are_named(items: list[Any]) -> bool:
    return all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in items)


def _dotted(pointer: str) -> str:
    return ".".join(documents.split_pointer(pointer))


def _shown(value: Any) -> str:
    if value is None:
        return "(nothing)"
    text = value if isinstance(value, str) else documents.dump_json(value, indent=None).strip()
    return text.replace("\n", "⏎")
