"""Lists in every form: what -o takes, what it refuses, and what broken objects do to the others."""

import json
from typing import Any

import pytest

from kubectl_rapt.cli import listing
from kubectl_rapt.errors import Invalid, UsageError


def a_tool(name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "team"}
    return {"apiVersion": "rapt.dev/v1alpha1", "kind": "Tool", "metadata": metadata, "spec": spec}


TOOLS = [a_tool("b", size="10", on=True), a_tool("a", size="9"), a_tool("c")]


def printed(capfd: pytest.CaptureFixture[str], output: str, found: list[Any], **more: Any) -> str:
    form = listing.form(output, **more)
    listing.objects(listing.ordered(found, form), form)
    return capfd.readouterr().out


@pytest.mark.parametrize(
    ("output", "wanted"),
    [
        ("name", "tool.rapt.dev/b\ntool.rapt.dev/a\ntool.rapt.dev/c\n"),
        ("jsonpath={.items[*].metadata.name}", "b a c"),
        ('jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}', "b\na\nc\n"),
        ("custom-columns=N:.metadata.name,SIZE:spec.size", "N     SIZE\nb     10\na     9\nc     <none>\n"),
        ("custom-columns=N:{.metadata.name}", "N\nb\na\nc\n"),
    ],
)
def test_objects_in_every_form(capfd: pytest.CaptureFixture[str], output: str, wanted: str) -> None:
    assert printed(capfd, output, TOOLS) == wanted


def test_an_empty_list_is_a_list(capfd: pytest.CaptureFixture[str]) -> None:
    assert json.loads(printed(capfd, "json", []))["items"] == []
    assert "items: []" in printed(capfd, "yaml", [])
    assert printed(capfd, "name", []) == printed(capfd, "jsonpath={.items[*].kind}", []) == ""
    assert printed(capfd, "custom-columns=N:.metadata.name", []) == "N\n"
    assert printed(capfd, "custom-columns=N:.metadata.name", [], no_headers=True) == ""


def test_sorting_knows_numbers_and_puts_what_is_missing_first(capfd: pytest.CaptureFixture[str]) -> None:
    assert printed(capfd, "name", TOOLS, sort_by=".spec.size").split() == [
        "tool.rapt.dev/c",
        "tool.rapt.dev/a",
        "tool.rapt.dev/b",
    ]
    assert printed(capfd, "name", TOOLS, sort_by="{.metadata.name}").split()[0] == "tool.rapt.dev/a"
    assert printed(capfd, "name", [], sort_by=".no.such").split() == []


@pytest.mark.parametrize("field", [".no.such", ".spec", ".spec.on"])
def test_a_field_that_nothing_can_be_sorted_by_is_said(field: str) -> None:
    with pytest.raises(Invalid) as refused:
        listing.ordered(TOOLS, listing.form("", sort_by=field))
    assert refused.value.code == "bad-jsonpath"


@pytest.mark.parametrize(
    "output",
    [
        "xml",
        "JSON",
        "jsonpath",
        "jsonpath=",
        "custom-columns",
        "custom-columns=",
        "custom-columns=A",
        "custom-columns=A:",
        "jsonpath={.a",
        "jsonpath={a}",
        "custom-columns=A:{",
        "table",
    ],
)
def test_what_is_no_form_is_refused_before_anything_is_asked(output: str) -> None:
    with pytest.raises(UsageError):
        listing.form(output)


def test_an_index_beyond_the_end_is_no_answer() -> None:
    form = listing.form("jsonpath={.items[0].kind}")
    with pytest.raises(Invalid):
        listing.objects([], form)


def test_a_broken_object_is_shown_and_hides_no_other() -> None:
    def cells(one: Any) -> list[str]:
        return [one["metadata"]["name"], one["spec"]["size"], "x"]

    rows, broken = listing.rows([*TOOLS[:2], TOOLS[2], {"kind": "Tool"}], cells, 3)
    assert rows == [["b", "10", "x"], ["a", "9", "x"], ["c", "<broken>", ""], ["?", "<broken>", ""]]
    assert broken == ["tool/c is broken: it has no size", "tool/? is broken: it has no metadata"]


def table(capfd: pytest.CaptureFixture[str], header: list[str], rows: list[list[str]]) -> list[str]:
    listing.table(header, rows, listing.Form())
    return capfd.readouterr().out.splitlines()


def test_columns_are_as_wide_as_they_need_to_be_and_nothing_trails(capfd: pytest.CaptureFixture[str]) -> None:
    rows = [["a", "", "1"], ["much-longer", "x", ""], ["b", "wide value", "22"]]
    assert table(capfd, ["NAME", "B", "COUNT"], rows) == [
        "NAME          B            COUNT",
        "a             -            1",
        "much-longer   x            -",
        "b             wide value   22",
    ]


def test_a_table_without_rows_is_its_header(capfd: pytest.CaptureFixture[str]) -> None:
    assert table(capfd, ["NAME", "AGE"], []) == ["NAME   AGE"]


def test_a_cell_cannot_steer_the_terminal_or_break_the_table(capfd: pytest.CaptureFixture[str]) -> None:
    assert table(capfd, ["A", "B"], [["x\ny", "\x1b[2J"]])[1] == "x\\x0ay   \\x1b[2J"


@pytest.mark.parametrize("output", ["jsonpath={.a}", "custom-columns=A:.a"])
def test_a_form_that_a_command_does_not_have_is_refused(output: str) -> None:
    with pytest.raises(UsageError, match="it takes wide, json or yaml"):
        listing.form(output, forms="wide|json|yaml")
