"""Every parser of hostile input, with structured and mutated input: it answers or refuses, in time and memory.

Ten seconds each with the other tests; as long as one likes with ``make fuzz SECONDS=600``, each parser so long. What
it finds becomes a file under ``tests/attacks`` or a row of the parser's own test.
"""

import json
import os
import resource
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as some

from kubectl_rapt.adapters import git_answers
from kubectl_rapt.adapters.cluster import answers
from kubectl_rapt.config import changes, installation, layout, project
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model import causes
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.jsonpath import JsonPath
from kubectl_rapt.model.kinds import JOB
from kubectl_rapt.model.quantity import Quantity
from kubectl_rapt.objects import runs, tools
from kubectl_rapt.ports.git import Trust
from kubectl_rapt.runs import lifecycle, schedules, standing
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.templating import declared, definition, index, parameters, policies
from kubectl_rapt.templating.parameters import Parameter
from kubectl_rapt.templating.render import render
from tests.attacks import corpus
from tests.finished import a_run
from tests.given import NOON, a_template
from tests.hostile import HOSTILE

SECONDS = float(os.environ.get("FUZZ_SECONDS", "10"))
LONGEST_SECONDS = 5.0
"""The most CPU time of one input, on a busy machine."""
MOST_KIBIBYTES = 400 * 1024
ROOT = Path(__file__).parents[2]
_WORDS = (
    *(
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "\\",
        "\\x4",
        "\\u00",
        "'",
        '"',
        "&a ",
        "*a",
        "!!str ",
        "<<: ",
        "---\n",
        "...\n",
    ),
    *(
        "|\n",
        ">-\n",
        "? ",
        "- ",
        ": ",
        "[",
        "]",
        "{",
        "}",
        "\t",
        "\n",
        "\n  ",
        "#",
        "%YAML 1.2\n",
        "~",
        "null",
        "1e400",
    ),
    *(
        "9" * 400,
        "-1",
        "0x",
        ".",
        "@every ",
        "*/0",
        "$(A)",
        "$$(",
        "..",
        "[?(@.a==1)]",
        "[-1:]",
        "{range .a}",
        "{end}",
    ),
    *(HOSTILE, "\x00", "\ud800", "\ufeff", "é", "😀", "a" * 2000, "(" * 300, "[" * 300, "- " * 200, "١٢"),
)


@dataclass(frozen=True)
class Target:
    """A parser.

    Args:
        name: What it reads.
        inputs: What it is given.
        read: Reads it.
        refuses: What it may raise.
    """

    name: str
    inputs: some.SearchStrategy[Any]
    read: Callable[[Any], object]
    refuses: tuple[type[Exception], ...] = (RaptError,)


@some.composite
def mutated(draw: Any, texts: Sequence[str]) -> str:
    """A text that is right, with some of it left out, repeated, or replaced by what is hostile."""
    text: str = draw(some.sampled_from(texts))
    for _ in range(draw(some.integers(0, 4))):
        at = draw(some.integers(0, len(text)))
        length = draw(some.integers(0, 12))
        new = draw(some.sampled_from(_WORDS) | some.text(max_size=6) | some.just(text[at : at + 40]))
        text = text[:at] + new + text[at + length :]
    return text


_VALUES = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.sampled_from(_WORDS)
    | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@some.composite
def changed(draw: Any, whole: Sequence[Any]) -> Any:
    """An object that is right, with some of its fields replaced, left out or added."""
    data = json.loads(json.dumps(draw(some.sampled_from(whole))))
    for _ in range(draw(some.integers(0, 4))):
        node = data
        while isinstance(node, dict | list) and node:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = draw(some.sampled_from(keys))
            if not isinstance(node[key], dict | list) or not node[key] or draw(some.integers(0, 3)) == 0:
                if draw(some.integers(0, 4)) == 0:
                    del node[key]
                else:
                    node[key] = draw(_VALUES)
                break
            node = node[key]
    return data


def _bytes(texts: some.SearchStrategy[str]) -> some.SearchStrategy[bytes]:
    return texts.map(lambda text: text.encode("utf-8", "surrogatepass")) | some.binary(max_size=60)


def _shipped(pattern: str) -> list[str]:
    return [path.read_text("utf-8") for path in sorted(ROOT.glob(pattern))]


@cache
def _cases() -> Sequence[corpus.TemplateCase]:
    return [one for one in corpus.templates() if len(one.source) < 4000]


def _render(given: tuple[int, str]) -> object:
    case = _cases()[given[0]]
    return render(given[1], case.parameters, case.answers, name=corpus.FILE)


_sources = some.integers(0, len(_cases()) - 1).flatmap(
    lambda number: some.tuples(some.just(number), mutated([_cases()[number].source]))
)
_TOOL = {
    "apiVersion": "rapt.dev/v1alpha1",
    "kind": "Tool",
    "metadata": {"name": "a", "namespace": "b", "annotations": {"rapt.dev/allowed-literals": "sha256:aa"}},
    "spec": {
        "summary": "x",
        "parameters": [
            {
                "name": "p",
                "type": "string",
                "pattern": "[a-z]+",
                "at": ["/spec/template/spec/containers/0/args/0"],
            }
        ],
        "retry": {"maxAttempts": 3},
        "policies": {"retry": "standard"},
        "job": {"spec": {"template": a_template()}},
    },
}
_OLD = {
    "metadata": {"name": "a", "namespace": "b"},
    "spec": {
        "jobTemplate": {"image": "a", "args": ["x"]},
        "arguments": [{"name": "p", "required": True}],
        "help": "x",
    },
}
_STATUS = {
    "kind": "Status",
    "apiVersion": "v1",
    "status": "Failure",
    "message": 'jobs.batch "a" is forbidden: User "b" cannot get resource "jobs" in API group "batch"',
    "reason": "Forbidden",
    "details": {
        "name": "a",
        "group": "batch",
        "kind": "jobs",
        "causes": [{"reason": "x", "message": "y", "field": "z"}],
    },
    "code": 403,
}
_PROJECT = project.spell(
    project.Project(
        "id",
        {"dev": project.Environment("dev", ("a",), "uid")},
        registries={"r": project.Registry("r", "https://x/y")},
    )
)
_INSTALLED = (
    "apiVersion: rapt.dev/v1alpha1\nkind: Installation\ntemplate: hello@1.0.0\nlock:\n  registry: bundled\n  tree: aa\n"
    "answers:\n  a: [1, x]\nschedules:\n- cron: '0 3 * * *'\n  timeZone: Europe/Prague\n"
)
_GIT = (
    "fatal: unable to access 'https://x/': Could not resolve host: x",
    "!\trefs/heads/x:refs/heads/main\t[rejected] (stale info)\nDone\nerror: failed to push some refs",
    "error: cannot lock ref 'refs/heads/x': Unable to create '/c/x.lock': File exists.",
)


def _tool(data: Any) -> object:
    tool = tools.from_manifest(data)
    return declared.at_run(tool.parameters, any_name=tool.is_predecessors)


def _cron(text: str) -> object:
    return schedules.check(text) or schedules.check_fires(text) or schedules.next_firings(text, "", NOON, 3)


def _value(given: tuple[str, Any]) -> object:
    kind, value = given
    return parameters.value_of(Parameter("p", kind, choices=("a",) if kind == "choice" else ()), value)  # type: ignore[arg-type]


_TIMES = some.sampled_from(
    [
        *(
            "2026-11-22T12:00:00Z",
            "2026-11-22T11:59:00Z",
            "1970-01-01T00:00:00Z",
            "1000-01-01T00:00:00+23:59",
        ),
        *("8999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59"),
    ]
)
_TEXT = some.sampled_from(["", "x", HOSTILE])
_ATTEMPTS = some.lists(
    some.fixed_dictionaries(
        {
            "number": some.sampled_from([1, 2, 3, 100, 2**31 - 1]),
            "job": some.sampled_from(["a-1", "a-2", "", "../x", "x" * 253]),
            "uid": some.sampled_from(["", "u"]),
        },
        optional={
            "startedAt": _TIMES,
            "finishedAt": _TIMES,
            "cause": some.sampled_from([*causes.CAUSES, "", HOSTILE]),
            "exitCode": some.sampled_from([0, 1, 137, -(2**31)]),
            "message": _TEXT,
            "evidence": _TEXT,
        },
    ),
    max_size=4,
)
_FINISHED = some.fixed_dictionaries(
    {
        "type": some.just("Finished"),
        "status": some.sampled_from(["True", "Unknown"]),
        "reason": _TEXT,
        "message": _TEXT,
        "lastTransitionTime": _TIMES,
    }
)
_RETRY = some.fixed_dictionaries(
    {"name": _TEXT, "summary": _TEXT, "attempts": some.sampled_from([1, 3, 100])},
    optional={
        "delay": some.sampled_from(["0s", "60s", "24000d"]),
        "factor": some.sampled_from([1, 2, 10]),
        "maxDelay": some.sampled_from(["0s", "24000d"]),
        "otherwise": some.sampled_from(["retry", "ignore", "give-up"]),
        "rules": some.just([{"action": "retry", "memory": {"factor": 10}, "deadline": {"factor": 10}}]),
    },
)
_STATUSES = some.tuples(
    some.fixed_dictionaries(
        {},
        optional={
            "retry": _RETRY,
            "wish": some.fixed_dictionaries({"attempt": some.integers(2, 100)}, optional={"by": _TEXT}),
            "cancelledBy": _TEXT,
            "adopted": some.just({"job": "x", "uid": "u"}),
            "concurrency": some.sampled_from(["forbid", "queue"]),
            "notAfter": _TIMES,
            "slot": _TIMES,
        },
    ),
    some.fixed_dictionaries(
        {},
        optional={
            "state": some.sampled_from(runs.STATES),
            "attempts": _ATTEMPTS,
            "nextAttemptAt": _TIMES,
            "conditions": _FINISHED.map(lambda one: [one]),
            "log": _TEXT,
        },
    ),
)
"""The spec and the status of Runs as the API server takes them from anybody who may write them."""


def _judged(given: tuple[dict[str, Any], dict[str, Any]]) -> object:
    manifest = a_run("a", "b", **given[0])
    manifest["metadata"] |= {"uid": "u", "resourceVersion": "1", "creationTimestamp": "2026-11-22T11:00:00Z"}
    run = runs.from_manifest({**manifest, "status": given[1]})
    step = lifecycle.next_step(Seen(run, run, past=(), firing=""), NOON)
    return step, lifecycle.job_name(run), standing.of_run(run, None, [], [], now=NOON)


TARGETS = [
    Target("template source", _sources, _render),
    Target(
        "template.yaml",
        _bytes(mutated(_shipped("templates/*/template.yaml"))),
        lambda text: definition.load(text, "t"),
    ),
    Target(
        "index", _bytes(mutated(_shipped("registry/index.yaml"))), lambda text: index.load_sound(text, "i")
    ),
    Target(
        "policies",
        _bytes(mutated(_shipped("policies/retry/*.yaml"))),
        lambda text: policies.read_retry(text, "policies/retry/standard.yaml"),
    ),
    Target("rapt.yaml", _bytes(mutated([_PROJECT])), lambda text: project.read({layout.PROJECT: text})),
    Target(
        "a tool's file",
        _bytes(mutated([_INSTALLED])),
        lambda text: installation.read(text, "a", "tools/dev/a.yaml"),
    ),
    Target("Tool", changed([_TOOL, _OLD]), _tool),
    Target("Run", changed([a_run("a", "b")]), runs.from_manifest),
    Target("what a Run says of itself", _STATUSES, _judged),
    Target(
        "cron line",
        mutated(["*/5 1-3 * jan mon-fri", "@every 1h30m", "@daily", "0 0 29 2 *", "0 0 1,15 * 0"]),
        _cron,
        (RaptError, ValueError),
    ),
    Target(
        "answer of the API",
        some.tuples(
            some.integers(100, 599),
            changed([_STATUS]).map(lambda data: json.dumps(data).encode()) | some.binary(),
        ),
        lambda given: answers.classify(
            given[0], {"Retry-After": "x"}, given[1], answers.Ask("get", JOB, "a", "b")
        ),
    ),
    Target(
        "answer of git",
        mutated(_GIT),
        lambda text: git_answers.classify("push", 1, text, "https://a:b@x/y", Trust.OWN),
    ),
    Target(
        "commit message",
        mutated([changes.Change("aaaaaa", ("tools/dev/a.yaml",), "Add a").message]),
        changes.read,
    ),
    Target(
        "JSONPath",
        some.tuples(
            mutated(["{.a[0].b}", "{range .items[*]}{.a}{'\\t'}{end}", "{.a[?(@.b>1)]['c']}", "{..a[-1:]}"]),
            _VALUES,
        ),
        lambda given: JsonPath.relaxed(given[0]).text(given[1]),
        (RaptError, ValueError),
    ),
    Target("quantity", mutated(["1Gi", "500m", "1.5e3", "-2"]), Quantity.parse, (ValueError,)),
    Target("duration", mutated(["1h30m", "10s", "2d"]), Duration.parse, (ValueError,)),
    Target("answer", some.tuples(some.sampled_from(parameters.TYPES), _VALUES), _value, (ValueError,)),
]


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.name)
def test_a_parser_answers_or_refuses_in_time_and_memory(target: Target) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ends = float("inf")
    tried, has_failed = 0, False

    def once(value: Any) -> None:
        nonlocal tried, has_failed
        if time.monotonic() > ends and not has_failed:  # what failed is tried again, to find the least of it
            return
        tried += 1
        begun = time.process_time()
        try:
            with suppress(*target.refuses):
                target.read(value)
            assert time.process_time() - begun < LONGEST_SECONDS
        except BaseException:
            has_failed = True
            raise

    def several(number: int, most: int) -> None:
        tries = settings(
            max_examples=most,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        seed(number)(tries(given(target.inputs)(once)))()

    several(0, 1)  # it may load schemas first
    ends = time.monotonic() + SECONDS
    number = 1
    while time.monotonic() < ends:
        several(number, 60)
        number += 1
    assert tried > 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_KIBIBYTES
