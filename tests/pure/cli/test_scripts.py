"""What bash puts on the command line for a completion."""

import shlex
import subprocess
from typing import cast

import pytest

from kubectl_rapt.actions import known
from kubectl_rapt.cli import scripts
from kubectl_rapt.ports.world import World


@pytest.mark.parametrize(
    ("offered", "completed"),
    [
        ("7c1a2b", "7c1a2b"),
        ("image=busybox:1.36,a", "image=busybox:1.36,a"),
        ("$(touch${IFS}PWNC)", r"\$\(touch\$\{IFS\}PWNC\)"),
        ("a;b", r"a\;b"),
    ],
)
def test_bash_completes_one_word_that_runs_nothing(offered: str, completed: str) -> None:
    program = f"program() {{ printf '%s\\n' {shlex.quote(offered)} :4; }}"
    asks = 'COMP_WORDS=(program ""); COMP_CWORD=1; _kubectl_rapt; printf "%s" "${COMPREPLY[0]}"'
    script = f"{scripts.BASH}\n{program}\n{asks}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == completed, done.stderr


def test_only_the_branch_of_a_change_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    refs = ("rapt/prod/backup/7c1a2b", "rapt/a/b/$(touch${IFS}PWNC)", "rapt/a/b/c/7c1a2b;x", "main")
    monkeypatch.setattr(known, "_refs", lambda _: {f"refs/heads/{one}": "0" * 40 for one in refs})
    assert list(known.changes(cast("World", None))) == [("7c1a2b", "prod/backup")]
