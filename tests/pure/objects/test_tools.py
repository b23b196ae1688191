"""Tools: both ways, and the predecessor's form."""

from dataclasses import replace
from typing import Any

import pytest

from kubectl_rapt.model.duration import Duration
from kubectl_rapt.objects import job_schema, labels, tools
from kubectl_rapt.objects.cleanup_policies import CleanupPolicy, Rule
from kubectl_rapt.objects.tools import Source, Tool
from tests.given import a_template

SOURCE = Source("bundled", "backup", "1.0.0", "tree", "sha256:dd", "sha256:ff", "0a1b2c3d")
BARE = Tool("backup", "team", a_template())
FULL = replace(
    BARE,
    environment="prod",
    summary="Back up",
    parameters=({"name": "tries", "type": "integer", "at": ["/spec/backoffLimit"]},),
    source=SOURCE,
    retry_policy="never",
    cleanup_policy="week",
    cleanup=CleanupPolicy("week", "For a week", (Rule(keep_for=Duration(604_800)),)),
    concurrency="forbid",
    free_env=True,
)


@pytest.mark.parametrize(
    "tool",
    [
        BARE,
        FULL,
        replace(FULL, retry_policy=""),
        replace(FULL, cleanup_policy=""),
        replace(FULL, source=None),
    ],
)
def test_a_tool_comes_back_from_the_cluster(tool: Tool) -> None:
    assert tools.from_manifest(tools.to_manifest(tool, {}, {})) == tool


def test_a_tool_says_nothing_that_is_empty() -> None:
    manifest = tools.to_manifest(BARE, {"a": "b"}, {"c": "d"})
    assert manifest == {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": "backup", "namespace": "team", "labels": {"a": "b"}, "annotations": {"c": "d"}},
        "spec": {"concurrency": "allow", "job": a_template()},
    }
    assert "retry" not in tools.to_manifest(replace(FULL, retry_policy=""), {}, {})["spec"]["policies"]


def test_a_tool_puts_people_first_and_the_long_job_last() -> None:
    assert list(tools.to_manifest(FULL, {}, {})["spec"]) == [
        "summary",
        "environment",
        "source",
        "policies",
        "cleanup",
        "concurrency",
        "freeEnv",
        "parameters",
        "job",
    ]


def predecessors(**template: Any) -> Tool:
    metadata = {"name": "old", "namespace": "team"}
    spec = {"jobTemplate": template} if template else {}
    return tools.from_manifest(
        {"apiVersion": "rapt.dev/v1alpha1", "kind": "Tool", "metadata": metadata, "spec": spec}
    )


def test_the_predecessors_tool_becomes_the_job_that_it_always_made() -> None:
    tool = predecessors(
        image="busybox", command=["sh"], args=["-c", "env"], env=[{"name": "A", "value": "1"}], help="?"
    )
    container = {"name": "tool", "image": "busybox", "command": ["sh"], "args": ["-c", "env"]}
    assert tool.job["spec"]["template"]["spec"] == {
        "restartPolicy": "Never",
        "containers": [{**container, "env": [{"name": "A", "value": "1"}]}],
    }
    assert tool.job["spec"]["backoffLimit"] == 0
    marks = {"rapt.dev/tool": "old", "app.kubernetes.io/managed-by": "rapt"}
    assert tool.job["metadata"]["labels"] == tool.job["spec"]["template"]["metadata"]["labels"] == marks
    assert tool.free_env, "any variable could be set there"
    assert (tool.parameters, tool.source, tool.concurrency) == ((), None, "allow")
    assert job_schema.check(tool.job, job_schema.TOOL_JOB) == []


def test_the_predecessors_tool_leaves_out_what_is_empty() -> None:
    tool = predecessors(image="busybox", command=[], env=None)
    assert tool.job["spec"]["template"]["spec"]["containers"] == [{"name": "tool", "image": "busybox"}]


def test_a_tool_without_a_specification_can_still_be_listed() -> None:
    manifest = {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": "old", "namespace": "team"},
    }
    assert tools.from_manifest(manifest).name == "old"
    assert tools.from_manifest({**manifest, "spec": {"jobTemplate": None}}).name == "old"


def test_a_source_that_says_little_is_read_as_far_as_it_goes() -> None:
    assert tools.source_from_data({"template": "backup"}) == Source("", "backup", "", "", "", "", "")
    assert tools.source_to_data(Source("", "backup", "", "", "", "", "")) == {"template": "backup"}
    assert tools.source_from_data(None) is None


def test_todays_form_wins_and_keeps_its_variables_closed() -> None:
    manifest = tools.to_manifest(BARE, {}, {})
    assert not tools.from_manifest(manifest).free_env
    assert tools.from_manifest(manifest).job == a_template()


def test_the_labels_of_a_tool_are_legal_and_select_it() -> None:
    found = labels.of_tool(
        tool="backup", template="t" * 63, version="1.0.0_b", environment="prod", repository="0a1b2c3d"
    )
    assert found == {
        "app.kubernetes.io/managed-by": "rapt",
        "app.kubernetes.io/name": "t" * 63,
        "app.kubernetes.io/part-of": "backup",
        "app.kubernetes.io/version": "1.0.0_b",
        "rapt.dev/environment": "prod",
        "rapt.dev/repository": "0a1b2c3d",
        "rapt.dev/template": "t" * 63,
        "rapt.dev/tool": "backup",
        "rapt.dev/version": "1.0.0_b",
    }
    assert labels.selector({"b": "2", "a": "1"}) == "a=1,b=2"
    assert labels.selector({}) == ""


def test_many_names_are_selected_by_a_few_short_selectors() -> None:
    assert list(labels.one_of("a", ["y", "x", "y", "z" * 64])) == ["a in (x,y)"]
    assert list(labels.one_of("a", [])) == []
    many = [f"{number:063}" for number in range(250)]
    found = list(labels.one_of("rapt.dev/run", many))
    assert len(found) == 3
    assert max(map(len, found)) < 7000, "an address holds 8 KiB"
    chosen = [name for one in found for name in one.removeprefix("rapt.dev/run in (").rstrip(")").split(",")]
    assert chosen == many
