"""Documents, as kubectl's users know them."""

import json
from typing import Any

import pytest

from kubectl_rapt import documents
from kubectl_rapt.cli import diffs, show

DATA = {"b": [1, {"c": None}], "a": "\u202etext"}


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_document_reads_back_as_it_was(form: str) -> None:
    text = show.document(DATA, form)
    assert documents.load(str(text), "output") == DATA
    assert not text.endswith("\n")
    assert "\u202e" not in text


def test_json_is_json_and_a_name_is_a_name() -> None:
    assert json.loads(show.document(DATA, "json")) == DATA
    assert show.document(DATA, "name", "tool.rapt.dev/backup") == "tool.rapt.dev/backup"


@pytest.mark.parametrize("items", [[], [{"kind": "Tool"}]])
def test_several_objects_are_one_list(items: list[Any]) -> None:
    assert show.listed(items) == {"apiVersion": "v1", "kind": "List", "items": items}


def test_a_diff_names_new_changed_and_removed_files_and_hides_nothing() -> None:
    before = {"changed": b"a\nb\n", "removed": b"x\n", "same": b"s\n"}
    after = {"changed": b"a\n\x1b[2J\n", "new": b"n\n", "same": b"s\n", "removed": None}
    assert diffs.unified(before, after).split("\n") == [
        "--- a/changed",
        "+++ b/changed",
        "@@ -1,2 +1,2 @@",
        " a",
        "-b",
        "+\\x1b[2J",
        "--- /dev/null",
        "+++ b/new",
        "@@ -0,0 +1 @@",
        "+n",
        "--- a/removed",
        "+++ /dev/null",
        "@@ -1 +0,0 @@",
        "-x",
    ]
    assert diffs.unified({}, {}) == ""


def test_a_list_of_more_values_than_a_file_may_have_is_shown_as_yaml() -> None:
    runs = [{"metadata": {"name": f"run-{number}", "labels": {"a": "b"}}} for number in range(6000)]
    assert show.document(show.listed(runs), "yaml").count("name: run-") == 6000
