"""What the lint of shells and options recommends is accepted when it is written."""

import pytest

from kubectl_rapt.errors import Invalid
from kubectl_rapt.templating.parameters import Parameter
from kubectl_rapt.templating.render import render
from tests.attacks import corpus

BY_VARIABLE = """\
command: [sh, -c, 'do "$NAME"']
env: [{name: NAME, value: "{{ v }}"}]"""
TABLE = [
    ("command: [sh, -c, {{ v }}]", 'write "$NAME" in the script', BY_VARIABLE),
    (
        "command: [sh, -c, {{ v }}]",
        "as an argument after the script",
        "command: [sh, -c, 'do \"$1\"', a, {{ v }}]",
    ),
    ("command: [sh, -c, {{ v }}]", "`code: true`", "command: [sh, -c, {{ code }}]"),
    (
        "command: [python, -c, {{ v }}]",
        "as an argument after the script",
        "command: [python, -c, a, {{ v }}]",
    ),
    ("command: [python, -c, {{ v }}]", "`code: true`", "command: [python, -c, {{ code }}]"),
    ("args: [{{ v }}]", "put a literal -- before it", "args: [--, {{ v }}]"),
    ("args: [{{ v }}]", '{{ "--option=" ~ value }}', 'args: [{{ "--option=" ~ v }}]'),
    ("args: [{{ v }}]", "`code: true`", "args: [{{ code }}]"),
    ("args: [--gzip={{ v }}]", '{{ "--gzip=" ~ v }}', 'args: [{{ "--gzip=" ~ v }}]'),
    ("args: [--gzip={{ v }}x]", '{{ "--gzip=" ~ v ~ "x" }}', 'args: [{{ "--gzip=" ~ v ~ "x" }}]'),
    ("args: [a{{ v }}]", '{{ "a" ~ v }}', 'args: [{{ "a" ~ v }}]'),
    (
        "args: [--gzip={{ run }}]",
        "here use $(NAME)",
        'args: [--gzip=$(NAME)]\nenv: [{name: NAME, value: "{{ run }}"}]',
    ),
    (
        "command: [sh, -c, 'do $(NAME)']\nenv: [{name: NAME, value: {{ v }}}]",
        'write "$NAME"',
        "command: [sh, -c, 'do \"$NAME\"']\nenv: [{name: NAME, value: {{ v }}}]",
    ),
    (
        "command: [sh, -c, 'do $(date)']\nenvFrom: [{secretRef: {name: {{ s.name }}}}]",
        "write $$(date) if the shell is meant to run it",
        "command: [sh, -c, 'do $$(date)']\nenvFrom: [{secretRef: {name: {{ s.name }}}}]",
    ),
]


@pytest.mark.parametrize(("wrong", "hint", "right"), TABLE)
def test_what_is_recommended_is_accepted(wrong: str, hint: str, right: str) -> None:
    asked = [
        Parameter("v", "string"),
        Parameter("code", "string", code=True),
        Parameter("s", "secretRef"),
        Parameter("run", "string", at="run", default="a"),
    ]
    answers = {"v": "-x" if wrong.startswith("args") else "x", "code": "-x", "s": {"name": "s"}}

    def rendered(container: str) -> object:
        used = [one for one in asked if one.at == "install" or "{{ run }}" in container]
        return render(corpus.framed(container), used, answers, name=corpus.FILE)

    with pytest.raises(Invalid) as refused:
        rendered(wrong)
    assert hint in refused.value.hint
    assert rendered(right)
