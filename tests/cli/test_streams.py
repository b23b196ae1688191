"""The real program in the hands of a shell: streams that are closed, full, narrow in their alphabet or interrupted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.killing import Person

SEARCH = "python -m kubectl_rapt search tcp"
FULL = """\
error: standard output cannot be written: No space left on device
  try: df -h, or another place for it
  see: kubectl rapt help errors no-output
"""


@pytest.fixture
def shell(tmp_path: Path) -> Person:
    """Someone without a cluster."""
    return Person(tmp_path, Path(os.devnull))


def run(person: Person, command: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """What a shell makes of a command; the files ``out`` and ``err`` in the home are its to use."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env={**person.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environ},
        cwd=person.home,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "exit_code", "stdout", "stderr"),
    [
        (f"{SEARCH} -o name <&-", 0, "tcp-check\n", ""),
        (f"{SEARCH} >&-", 0, "", ""),
        (f"{SEARCH} -o json <&- >&- 2>&-", 0, "", ""),
        ("python -m kubectl_rapt nope 2>&-", 2, "", ""),
        ("python -m kubectl_rapt nope 2>/dev/full", 2, "", ""),
        (f"{SEARCH} >/dev/full", 8, "", FULL),
        ("python -m kubectl_rapt version >/dev/full", 8, "", FULL),
        ("python -m kubectl_rapt version >&-", 0, "", ""),
        ("python -m kubectl_rapt version", 0, "kubectl-rapt 0.1.0\n", ""),
    ],
)
def test_a_stream_that_is_closed_or_full_breaks_nothing_else(
    shell: Person, command: str, exit_code: int, stdout: str, stderr: str
) -> None:
    done = run(shell, command)
    assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == (exit_code, stdout, stderr)


def test_a_pipe_that_is_closed_early_is_no_error(shell: Person) -> None:
    done = run(shell, "python -m kubectl_rapt show script -o yaml | head -n 1")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"name: script\n", b"")


@pytest.mark.parametrize(
    ("environ", "shown"),
    [
        ({"LC_ALL": "C"}, "žluť"),
        ({"PYTHONIOENCODING": "ascii"}, "\\u017elu\\u0165"),
        ({"LC_ALL": "C", "TERM": "dumb", "PYTHONIOENCODING": "latin-1"}, "\\u017elu\\u0165"),
    ],
)
def test_a_terminal_with_few_letters_gets_the_others_spelled(
    shell: Person, environ: dict[str, str], shown: str
) -> None:
    done = run(shell, "python -m kubectl_rapt show žluť", **environ)
    assert done.returncode == 4
    assert f'error: no template "{shown}" in the registries' in done.stderr.decode()


@pytest.mark.parametrize(
    ("module", "name"), [("kubectl_rapt.cli.ahead", "started"), ("kubectl_rapt.cli.main", "get_command")]
)
def test_an_interrupt_ends_it_without_a_word_however_early_it_comes(
    shell: Person, module: str, name: str
) -> None:
    program = f"""
import sys, {module}
def interrupted(*_, **__):
    raise KeyboardInterrupt
{module}.{name} = interrupted
from kubectl_rapt.__main__ import main
sys.argv = ["kubectl-rapt", "search"]
sys.exit(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=shell.environ, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@pytest.mark.parametrize("home", ["{home}", "/dev/null"])
def test_a_bug_is_told_with_a_report_that_holds_no_values(shell: Person, home: str) -> None:
    program = """
import sys
from kubectl_rapt.cli import main, table
def broken():
    raise ZeroDivisionError
table.TABLE["search"] = table.TABLE["search"]._replace(load=broken)
sys.exit(main.run(["search", "secret", "--in=secret"]))
"""
    environ = {**shell.environ, "HOME": home.format(home=shell.home), "TMPDIR": str(shell.home)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    first, act, page, last = done.stderr.splitlines()
    assert (done.returncode, page) == (3, "  see: kubectl rapt help errors bug")
    assert first == "error: something unexpected went wrong, which is a bug of Rapt: ZeroDivisionError"
    assert "send the report" in act
    report = Path(last.removeprefix("  report: "))
    assert report.is_relative_to(shell.home)
    text = report.read_text()
    assert "ZeroDivisionError" in text
    assert "arguments: search … --in" in text
    assert "secret" not in text.partition("Traceback")[0]
