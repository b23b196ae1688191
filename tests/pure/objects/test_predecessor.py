"""The predecessor's form of a Tool: its arguments, its help, and what cannot be one."""

from typing import Any

import pytest

from kubectl_rapt.errors import Invalid
from kubectl_rapt.objects import job_schema, tools
from kubectl_rapt.objects.tools import Tool
from kubectl_rapt.templating import declared, parameters, places


def a_tool(**spec: Any) -> Tool:
    manifest = {"metadata": {"name": "old", "namespace": "team"}, "spec": spec}
    return tools.from_manifest({"apiVersion": "rapt.dev/v1alpha1", "kind": "Tool", **manifest})


def filled(tool: Tool, **answers: str) -> list[str]:
    """The container's arguments with these answers."""
    asked = [declared.from_data({**one, "at": "run"}, "", any_name=True) for one in tool.parameters]
    values = parameters.check(asked, {key.replace("_", "-"): value for key, value in answers.items()})
    placed = [(one, data["at"]) for one, data in zip(asked, tool.parameters, strict=True)]
    job = places.fill(tool.job, placed, values)
    assert job_schema.check(job, job_schema.TOOL_JOB) == []
    words: list[str] = job["spec"]["template"]["spec"]["containers"][0].get("args", [])
    return words


TEMPLATE = {"image": "busybox:1.35", "command": ["echo"], "args": ["first"]}
ARGUMENTS = [
    {"name": "input-file", "description": "What to read", "required": True},
    {"name": "copies", "default": 2},
    {"name": "note", "required": False},
    {"name": "last", "default": ""},
]


@pytest.mark.parametrize(
    "spec",
    [
        {"jobTemplate": TEMPLATE, "arguments": ARGUMENTS},
        {"jobTemplate": {**TEMPLATE, "arguments": ARGUMENTS}},
        {
            "jobTemplate": {key: TEMPLATE[key] for key in ("image", "command")},
            "args": ["first"],
            "arguments": ARGUMENTS,
        },
    ],
)
def test_arguments_follow_args_in_the_order_of_the_specification(spec: dict[str, Any]) -> None:
    tool = a_tool(**spec)
    assert filled(tool, input_file="/data/x") == ["first", "/data/x", "2", "", ""]
    assert filled(tool, input_file="-x", copies="3", note="a b", last="$z") == [
        "first",
        "-x",
        "3",
        "a b",
        "$$z",
    ]
    assert tool.parameters[0] == {
        "name": "input-file",
        "type": "string",
        "description": "What to read",
        "code": True,
        "at": ["/spec/template/spec/containers/0/args/1"],
    }


def test_only_what_is_required_must_be_answered() -> None:
    with pytest.raises(Invalid) as refused:
        filled(a_tool(jobTemplate=TEMPLATE, arguments=ARGUMENTS))
    assert [one.where for one in refused.value.problems] == ["input-file"]


def test_a_default_is_an_answer_even_where_the_argument_is_required() -> None:
    tool = a_tool(jobTemplate=TEMPLATE, arguments=[{"name": "on", "required": True, "default": True}])
    assert filled(tool) == ["first", "true"]


def test_a_word_that_was_a_shells_code_still_is() -> None:
    tool = a_tool(
        jobTemplate={"image": "busybox:1.35", "command": ["sh", "-c"]}, arguments=[{"name": "script"}]
    )
    assert filled(tool, script="echo hello; exit 3") == ["echo hello; exit 3"]


@pytest.mark.parametrize("where", ["spec", "template"])
def test_help_is_the_summary_on_one_line(where: str) -> None:
    text = "Process files\n  in many ways"
    spec = (
        {"help": text, "jobTemplate": TEMPLATE}
        if where == "spec"
        else {"jobTemplate": {**TEMPLATE, "help": text}}
    )
    assert a_tool(**spec).summary == "Process files in many ways"


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ([{}], "arguments[0].name"),
        (["x"], "arguments[0].name"),
        ([{"name": "a b"}], "arguments[0].name"),
        ([{"name": "a"}, {"name": "a"}], "arguments[1].name"),
        ([{"name": 5}], "arguments[0].name"),
    ],
)
def test_an_argument_that_is_none_makes_the_tool_a_broken_one(arguments: list[Any], where: str) -> None:
    with pytest.raises(Invalid) as refused:
        a_tool(jobTemplate=TEMPLATE, arguments=arguments)
    assert (refused.value.code, [one.where for one in refused.value.problems]) == ("bad-parameter", [where])


def test_todays_form_has_no_arguments_of_the_old_one() -> None:
    with pytest.raises(Invalid):
        declared.from_data({"name": "input-file", "type": "string"}, "parameters[0]")
