"""``version``: one line for people, and the keys of ``kubectl version`` for programs."""

import json

import pytest

from kubectl_rapt import __version__, documents
from tests.cli.conftest import Ask
from tests.cli.endings import refused


def test_the_version_is_one_line(ask: Ask) -> None:
    assert ask("version").stdout == f"kubectl-rapt {__version__}\n"


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_a_program_reads_the_version_as_it_reads_kubectls(ask: Ask, output: str) -> None:
    told = ask("version", "-o", output)
    assert (told.exit_code, told.stderr) == (0, "")
    found = json.loads(told.stdout) if output == "json" else documents.load(told.stdout, "version")
    client = found["clientVersion"]
    assert client["gitVersion"] == f"v{__version__}"
    assert client["platform"].partition("/")[0] in ("linux", "darwin")
    assert client["pythonVersion"].startswith("3.")


def test_the_version_has_no_other_form(ask: Ask) -> None:
    assert ask("version", "-o", "wide") == refused(
        2, '-o does not take "wide": it takes json or yaml', "kubectl rapt version -o json", code="bad-flag"
    )
