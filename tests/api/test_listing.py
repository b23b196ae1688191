"""Lists of real objects in every form, beside what kubectl prints of the same."""

import json
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import documents
from kubectl_rapt.cli import main
from tests import hints, namespaces
from tests.api.teams import kubectl_does
from tests.cluster import kubectl
from tests.killing import Ended, Person
from tests.repositories import SOMEONE

Types = Callable[..., Ended]


@pytest.fixture
def types(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Types:
    """Type a command as an ordinary user, and then every command that its answer shows."""
    known: set[tuple[str, str]] = set()

    def types(*words: str) -> Ended:
        ended = typed(words)
        hints.Hints(typed, known).follow(words, ended)
        return ended

    def typed(words: Sequence[str]) -> Ended:
        with monkeypatch.context() as person:
            for name in [name for name in os.environ if name.startswith(("XDG_", "RAPT_", "GIT_", "KUBE"))]:
                person.delenv(name)
            path = f"{kubectl.program().parent}:{os.environ['PATH']}"
            for name, value in {**SOMEONE, "HOME": tmp_path, "KUBECONFIG": user, "PATH": path}.items():
                person.setenv(name, str(value))
            code = main.run(list(words))
        told = capfd.readouterr()
        return Ended(code, told.out, told.err)

    return types


def a_tool(name: str, size: str) -> dict[str, Any]:
    container = {
        "name": "tool",
        "image": "busybox:1.35",
        "command": ["echo", name],
        "resources": {"limits": {"memory": size}},
    }
    job = {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}}
    return {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": name, "labels": {"size": size, "all": "yes"}},
        "spec": {"summary": f"Does {name}", "job": job},
    }


@pytest.fixture
def ann(user: Path, tmp_path: Path) -> Person:
    """The same user, in processes of their own."""
    found = Person(tmp_path / "ann", user).follows_hints()
    found.environ["PATH"] = f"{kubectl.program().parent}:{found.environ['PATH']}"
    return found


@pytest.fixture
def tools(user: Path) -> None:
    namespaces.apply(user, a_tool("b", "64Mi"), a_tool("a", "1Gi"), a_tool("c", "9Mi"))


CONTAINER = ".spec.job.spec.template.spec.containers"


@pytest.mark.parametrize(
    "flags",
    [
        ("-o", "name"),
        ("-o", "jsonpath={.items[*].metadata.name}"),
        ("-o", 'jsonpath={range .items[*]}{.metadata.name}{"\\t"}{.spec.summary}{"\\n"}{end}'),
        ("-o", f"jsonpath={{.items[?(@.metadata.name=='a')]{CONTAINER}}}"),
        ("-o", f"custom-columns=NAME:.metadata.name,WORDS:{CONTAINER}[0].command,NONE:.spec.none"),
        ("-o", f"custom-columns=N:metadata.name,ALL:{CONTAINER}", "--no-headers"),
        ("-o", "name", "--sort-by", f"{{{CONTAINER}[0].resources.limits.memory}}"),
        ("-o", "name", "--sort-by=.metadata.name"),
        ("-o", "name", "-l", "size=1Gi"),
        ("-o", "name", "-l", "size in (1Gi,9Mi),all"),
        ("-o", "name", "--field-selector", "metadata.name!=a"),
        ("-o", "jsonpath={.items[*].metadata.name}", "-l", "size=none"),
        ("-o", "custom-columns=NAME:.metadata.name", "-l", "size=none"),
    ],
)
def test_kubectl_prints_the_same(types: Types, tools: None, user: Path, flags: tuple[str, ...]) -> None:
    ended = types("list", *flags)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout == kubectl_does(user, "get", "tools.rapt.dev", *flags)


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_documents_hold_the_same_objects(types: Types, tools: None, user: Path, form: str) -> None:
    def items(text: str) -> Any:
        return json.loads(text)["items"] if form == "json" else documents.load(text, "output")["items"]

    theirs = json.loads(kubectl_does(user, "get", "tools.rapt.dev", "-o", "json"))["items"]
    assert items(types("list", "-o", form).stdout) == theirs


def test_a_table_can_go_without_its_headers(types: Types, tools: None) -> None:
    assert [line.split()[0] for line in types("list").stdout.splitlines()] == ["NAME", "a", "b", "c"]
    rows = types("list", "--no-headers", "--sort-by", ".metadata.labels.size").stdout.splitlines()
    assert [line.split()[0] for line in rows] == ["c", "b", "a"]


def test_wrong_selectors_and_paths_are_said_in_a_line(types: Types, tools: None) -> None:
    for words, code in (
        (("list", "-l", "a=b=c"), 5),
        (("list", "-l", "a b"), 5),
        (("list", "--field-selector", "spec.nothing=x"), 5),
        (("runs", "--field-selector", "foo=bar"), 5),
        (("runs", "--field-selector", "foo"), 5),
        (("list", "--sort-by", ".no.such"), 5),
        (("list", "-o", "jsonpath={.items[9]}"), 5),
        (("list", "-o", "jsonpath={.items[9]"), 2),
    ):
        ended = types(*words)
        assert ended.exit_code == code, f"{words}: {ended}"
        assert 1 <= len(ended.stderr.splitlines()) <= 3, ended.stderr


def test_a_tool_that_is_not_there_is_no_empty_list(types: Types, tools: None) -> None:
    for command in ("runs", "why --failed"):
        mistyped = types(*command.split(), "nosuch")
        assert (mistyped.exit_code, mistyped.stdout) == (4, ""), mistyped
        assert mistyped.stderr.startswith('error: no tool "nosuch" in namespace '), mistyped
        assert mistyped.stderr.endswith("help errors no-tool\n"), mistyped
        never_run = types(*command.split(), "a")
        assert (never_run.exit_code, never_run.stdout) == (0, ""), "it is there, and has not run"
        assert never_run.stderr.startswith("No "), never_run


def test_runs_are_listed_newest_first_whoever_asked(types: Types, tools: None, user: Path) -> None:
    """Runs, a schedule's Job, and one that a Run has adopted, which is one line."""
    assert types("run", "a", "--request-id", "first").exit_code == 0
    time.sleep(1.1)  # the API server keeps whole seconds
    assert types("run", "b", "--request-id", "second").exit_code == 0
    time.sleep(1.1)
    pod = {"restartPolicy": "Never", "containers": [{"name": "tool", "image": "busybox:1.35"}]}
    marks = {"rapt.dev/tool": "c"}
    for name in ("c-29933235", "second"):
        namespaces.apply(
            user,
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {"name": name, "labels": marks},
                "spec": {"suspend": True, "template": {"spec": pod}},
            },
        )
    shown = types("runs")
    lines = [re.split(r"\s{3,}", line) for line in shown.stdout.splitlines()]
    assert lines[0] == ["RUN", "TOOL", "STATUS", "ATTEMPTS", "BY", "DURATION", "AGE"]
    assert [(line[0], line[1]) for line in lines[1:]] == [
        ("c-29933235", "c"),
        ("second", "b"),
        ("first", "a"),
    ]
    assert [line[2] for line in lines[1:] if line[0] == "c-29933235"] == ["Suspended"]
    kinds = json.loads(types("runs", "-o", "json").stdout)["items"]
    assert sorted((one["kind"], one["metadata"]["name"]) for one in kinds) == [
        ("Job", "c-29933235"),
        ("Run", "first"),
        ("Run", "second"),
    ]
    assert types("runs", "a", "-o", "name").stdout == "run.rapt.dev/first\n"
    assert types("runs", "--status", "suspended", "-o", "name").stdout == "job.batch/c-29933235\n"
    me = json.loads(types("runs", "a", "-o", "json").stdout)["items"][0]["spec"]["requestedBy"]
    nobody = types("runs", "--by", "nobody")
    assert re.fullmatch(
        rf"No runs found in namespace \S+\. None is by nobody; there are runs by {me}(, cron)?\.\n",
        nobody.stderr,
    )
    assert nobody.exit_code == 0, "any name may be one of a person who has not run anything yet"
    assert "None is by" not in types("runs", "--by", me, "--status", "failed").stderr
    assert types("runs", "--older-than", "1h").stdout == ""
    assert types("runs", "--since", "1h", "--no-headers").stdout.count("\n") == 3
    assert types("runs", "--field-selector", "spec.tool=b", "-o", "name").stdout == "run.rapt.dev/second\n"
    assert types("runs", "-w", "-o", "json").exit_code == 2


def test_a_run_that_ended_with_nobody_there_is_shown_as_ended(types: Types, tools: None, user: Path) -> None:
    assert types("run", "a", "--request-id", "alone", "--detach").exit_code == 0
    kubectl_does(user, "wait", "--for=condition=complete", "--timeout=180s", "job/alone-1")
    shown = types("runs")
    assert (shown.stdout.splitlines()[1].split()[:4], shown.stderr) == (
        ["alone", "a", "Succeeded", "1"],
        "note: 1 run ended but is not recorded yet: kubectl rapt reconcile\n",
    )
    assert types("runs", "--status", "succeeded", "-o", "name").stdout == "run.rapt.dev/alone\n"
    assert types("runs", "--status", "running").stdout == ""
    assert types("runs", "--no-headers", "--sort-by", ".metadata.name").stdout.split()[2] == "Succeeded"
    assert re.search(r"^runs +1: 1 Succeeded$", types("status").stdout, re.M)
    assert re.search(r"^  alone +Succeeded +1 ", types("describe", "a").stdout, re.M)
    recorded = types("reconcile")
    assert recorded.exit_code == 0
    shown = types("runs")
    assert (shown.stdout.splitlines()[1].split()[:3], shown.stderr) == (["alone", "a", "Succeeded"], "")


def test_a_watch_tells_what_is_there_and_then_each_change(ann: Person, tools: None) -> None:
    assert ann.types("run", "a", "--request-id", "first", "--detach").exit_code == 0
    watching = ann.starts("runs", "--watch")
    assert watching.stdout is not None
    assert watching.stdout.readline().split()[:3] == ["RUN", "TOOL", "STATUS"]
    seen = [watching.stdout.readline().split()[:3]]
    assert ann.types("run", "b", "--request-id", "second", "--detach").exit_code == 0
    while ["second", "b", "Succeeded"] not in seen or ["first", "a", "Succeeded"] not in seen:
        seen.append(watching.stdout.readline().split()[:3])
    assert seen[0][:2] == ["first", "a"]
    assert ["second", "b", "Pending"] in seen, (
        "nobody has recorded that it ended, and it is shown all the same"
    )
    watching.terminate()
    watching.communicate(timeout=60)
