"""Any words in a Job survive becoming a template: rendering with the defaults gives them back, or it is refused."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_rapt.errors import Invalid
from kubectl_rapt.templating import definition, from_job, parameters, render

PIECES = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "{",
    "$",
    "$$",
    "$(A)",
    "'",
    '"',
    "\\",
    "\n",
    " ",
    "\t",
    ":",
    "- ",
    "#",
    "|",
    "é",
    "🎉",
]
WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *PIECES,
                "rapt0here",
                "0",
                "7",
                "-1",
                "true",
                "null",
                "~",
                "yes",
                "https://x.example/",
                "--",
                "a",
            ]
        ),
        st.text(
            st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("C", "Z")), max_size=3
        ),
    ),
    max_size=6,
).map("".join)
NAMES = st.from_regex("[A-Za-z_][-._A-Za-z0-9]{0,20}", fullmatch=True)


@settings(max_examples=300, deadline=None)
@given(
    env=st.dictionaries(NAMES, WORDS, max_size=4),
    args=st.lists(st.one_of(WORDS, st.sampled_from(["--url", "--days"])), max_size=5),
    is_script=st.booleans(),
)
def test_any_words_come_back(env: dict[str, str], args: list[str], is_script: bool) -> None:
    container: dict[str, Any] = {
        "name": "tool",
        "image": "registry.example/tool:1",
        "command": ["sh", "-c", "true"] if is_script else ["/tool"],
        "args": args,
        "env": [{"name": name, "value": value} for name, value in env.items()],
    }
    pod = {"restartPolicy": "Never", "containers": [container]}
    manifest = {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": pod}}}
    source = from_job.read(manifest, lambda name, value: "")
    try:
        made = from_job.files("tool", "Does it", source, {one.parameter.name for one in source.literals}, {})
    except Invalid as error:
        assert error.code == "cannot-write-yaml"
        return
    template = definition.load(made["template.yaml"], "template.yaml")
    values = parameters.check(template.parameters, {})
    job = render.render(made["job.yaml.j2"], template.parameters, values, name="job.yaml.j2").job
    assert from_job.is_same(source.job, job) == []
