"""Wizards on a real terminal: what is missing is asked for, each answer checked, and the command told at the end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import namespaces
from tests.cluster import kubectl
from tests.killing import Person
from tests.terminals import Terminal

RAPT = [sys.executable, "-m", "kubectl_rapt"]


def person(home: Path, kubeconfig: Path) -> Person:
    found = Person(home, kubeconfig)
    found.environ |= {
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PATH": f"{kubectl.program().parent}:{found.environ['PATH']}",
    }
    return found


@pytest.fixture
def ann(tmp_path: Path) -> Person:
    """Someone without a cluster."""
    return person(tmp_path / "ann", Path(os.devnull))


def types(ann: Person, *words: str) -> Terminal:
    return Terminal([*RAPT, *words], ann.environ, ann.home, columns=200)


def test_init_and_add_ask_for_what_is_missing_until_it_is_right(ann: Person) -> None:
    with types(ann, "init") as terminal:
        terminal.sees(r"config repository \(.*\) \[local\]: $")
        terminal.type("/nowhere/at/all\n")
        terminal.sees(r"(?s)nowhere.*\[local\]: $")
        terminal.type("\n")
        terminal.sees(r"namespace of prod \(dev has default\) \[default\]: $")
        terminal.type("Not A Name\n")
        terminal.sees(r"(?s)is not the name of a namespace.*\[default\]: $")
        terminal.type("live\n")
        terminal.sees("without asking: kubectl rapt init --local --prod live")
        assert terminal.ends() == 0
    with types(ann, "add", "--in", "prod", "--name", "nightly") as terminal:
        terminal.sees(r"template \(.*postgres-backup.*\): $")
        terminal.type("postgres-bakup\n")
        terminal.sees(r'(?s)no template "postgres-bakup".*\): $')
        terminal.type("volume-backup\n")
        terminal.sees(r"source .*: $")
        terminal.type("Not A Name\n")
        terminal.sees(r"(?s)expected .*source .*: $")
        terminal.type("data\n")
        terminal.sees(r"target .*: $")
        terminal.type("kept\n")
        terminal.sees(
            r"without asking: kubectl rapt add --in prod --name nightly volume-backup --set source=data"
        )
        assert terminal.ends() == 0
    said = terminal.text.partition("without asking: kubectl rapt ")[2].splitlines()[0]
    done = subprocess.run(
        [*RAPT, *said.split(), "--dry-run"], env=ann.environ, stdin=subprocess.DEVNULL, capture_output=True
    )
    assert (done.returncode, b"is pushed already" in done.stdout or b"dry run" in done.stdout) == (0, True)


def test_a_template_is_begun_by_its_name_and_its_line(ann: Person) -> None:
    (ann.home / "templates").mkdir()
    with types(ann, "template", "new") as terminal:
        terminal.sees(r"name of the template: $")
        terminal.type("Not A Name\n")
        terminal.sees(r"(?s)small letters.*name of the template: $")
        terminal.type("cleanup\n")
        terminal.sees(r"\[Run cleanup\]: ?$")
        terminal.type("\n")
        terminal.sees("without asking: kubectl rapt template new cleanup --summary 'Run cleanup'")
        assert terminal.ends() == 0
    assert (ann.home / "templates" / "cleanup" / "template.yaml").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("init", "init needs to know where the config repository is"),
        ("add", "missing argument 'TEMPLATE'"),
        ("run", "missing argument 'TOOL'"),
        ("template new", "missing argument 'NAME'"),
    ],
)
def test_without_a_terminal_nothing_is_asked(ann: Person, words: str, message: str) -> None:
    done = subprocess.run(
        [*RAPT, *words.split()], env=ann.environ, cwd=ann.home, input=b"x\n", capture_output=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.decode().splitlines()[0] == f"error: {message}"


def test_who_goes_away_while_being_asked_leaves_nothing_undone(ann: Person) -> None:
    with types(ann, "init") as terminal:
        terminal.sees(r"\[local\]: $")
        terminal.type("\x04")
        assert terminal.ends() == 2
    assert not list(ann.home.rglob("config.*"))


def test_run_asks_for_the_tool_and_its_answers(user: Path, tmp_path: Path) -> None:
    parameter = {
        "name": "colour",
        "type": "choice",
        "required": True,
        "choices": ["red", "green"],
        "at": ["/spec/template/spec/containers/0/args/0"],
    }
    container = {"name": "tool", "image": "busybox:1.35", "command": ["echo"], "args": ["red"]}
    pod = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    tool = {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": "paint"},
        "spec": {"job": {"spec": {"template": pod}}, "parameters": [parameter]},
    }
    namespaces.apply(user, tool)
    bob = person(tmp_path / "bob", user)
    with types(bob, "run", "--dry-run", "-o", "name") as terminal:
        terminal.sees(r"tool \(paint\): $")
        terminal.type("piant\n")
        terminal.sees(r'(?s)no tool "piant"; did you mean: paint\?.*: $')
        terminal.type("paint\n")
        terminal.sees(r"colour \(one of: red, green\): $")
        terminal.type("gren\n")
        terminal.sees(r"(?s)did you mean: green\?.*: $")
        terminal.type("green\n")
        terminal.sees("without asking: kubectl rapt run --dry-run=client -o name paint --set colour=green")
        terminal.sees("job.batch/paint-")
        assert terminal.ends() == 0
    bob.leaves_nothing()
