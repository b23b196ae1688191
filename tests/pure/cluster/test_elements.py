"""Lists read bit by bit: whatever they hold and wherever their text is cut, the same elements."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kubectl_rapt.adapters.cluster import elements
from kubectl_rapt.model.kinds import MAX_LEVELS, RUN, TooDeep

HOSTILE = ['"items":[', "},{", "]}", "\\", '\\"', "ß€😀", ""]
TEXT = some.text() | some.sampled_from(HOSTILE)
OBJECTS = some.recursive(
    some.none() | some.booleans() | some.integers() | TEXT,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def a_list(items: Any, *, indent: int | None = None) -> bytes:
    """A list as the server spells it; of custom resources, what is known of it stands behind."""
    whole = {"kind": "JobList", "about": 'has "items":[ in it', "items": items, "metadata": {"version": "7"}}
    separators = (",", ":") if indent is None else None
    return json.dumps(whole, separators=separators, indent=indent, ensure_ascii=False).encode() + b"\n"


def cut(text: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


@given(some.lists(OBJECTS, max_size=6), some.integers(1, 60), some.sampled_from([None, 1]))
def test_the_same_elements_wherever_the_text_is_cut(items: list[Any], size: int, indent: int | None) -> None:
    read = list(elements.read(cut(a_list(items, indent=indent), size), "items"))
    assert [one for _, found in read for one in found] == items
    assert all(about["kind"] == "JobList" for about, _ in read)
    assert read[-1][0]["metadata"] == {"version": "7"}


def test_no_more_is_held_than_a_piece_and_an_element() -> None:
    items = [{"name": f"run-{number}"} for number in range(1000)]
    read = [found for _, found in elements.read(cut(a_list(items), 1024), "items")]
    assert max(map(len, read)) < 100
    assert sum(map(len, read)) == 1000


@pytest.mark.parametrize(
    "text", [b"", b"<html>", b"[]", a_list([{"a": 1}, {"b": 2}])[:-4], b'{"items":[{"a":1},', b'{"items":[1}']
)
def test_what_is_no_list_is_told(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|Extra|not an object"):
        list(elements.read([text], "items"))


@pytest.mark.parametrize("nothing", [[], None])
def test_an_empty_list_has_what_is_known_of_it(nothing: Any) -> None:
    ((about, found),) = elements.read([a_list(nothing)], "items")
    assert (about["kind"], found) == ("JobList", [])


def test_a_large_element_costs_its_length_and_not_the_square_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A namespace with objects of a megabyte would hold up whoever lists it together with others."""
    scan, scanned = vars(elements)["_scan"], 0

    def count(text: str, at: int) -> Any:
        nonlocal scanned
        scanned += len(text) - at
        return scan(text, at)

    monkeypatch.setitem(vars(elements), "_scan", count)
    text = a_list([{"a": [[]] * 50_000}, {"b": 1}, {"c": 2}])
    found = [one for _, some_ in elements.read(cut(text, 1000), "items") for one in some_]
    assert len(found) == 3
    assert scanned < 5 * len(text)


@given(some.integers(2, 5000), some.integers(1, 9000), some.sampled_from(["[", '{"a":']))
def test_an_object_of_any_depth_is_told_from_the_others_wherever_the_text_is_cut(
    levels: int, size: int, begin: str
) -> None:
    end = {"[": "]"}.get(begin, "}")
    sound: dict[str, Any] = {"metadata": {"name": "sound", "note": '"}{]['}}
    about = json.dumps(
        {**sound, "metadata": {"name": "deep"}, "apiVersion": "rapt.dev/v1alpha1", "kind": "Run"}
    )
    deep = f'{about[:-1]},"spec":{begin * levels}1{end * levels}}}'
    text = f'{{"items":[{json.dumps(sound)},{deep},{json.dumps(sound)},{deep}],"metadata":{{"version":"7"}}}}'
    read = list(elements.read(cut(text.encode(), size), "items"))
    found = elements.as_read(RUN, [one for _, some in read for one in some])
    is_deep = levels + 1 > MAX_LEVELS  # the object itself is one
    assert [one["metadata"]["name"] for one in found] == ["sound", "deep"] * 2
    assert [isinstance(one, TooDeep) for one in found] == [False, is_deep] * 2
    assert read[-1][0]["metadata"] == {"version": "7"}
