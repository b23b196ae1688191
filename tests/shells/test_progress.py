"""Progress of a command that waits for a silent cluster: seen on a terminal in its letters, and nowhere else."""

import contextlib
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from tests.cluster import kubectl
from tests.killing import Person
from tests.shells.test_tab import a_kubeconfig
from tests.terminals import Terminal

COMMAND = [sys.executable, "-m", "kubectl_rapt", "list", "--request-timeout", "9s"]


def test_who_waits_sees_that_it_goes_on_in_the_letters_of_the_terminal(tmp_path: Path) -> None:
    with contextlib.ExitStack() as open_:
        silent = open_.enter_context(socket.create_server(("127.0.0.1", 0)))
        server = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ann = Person(tmp_path / "ann", a_kubeconfig(tmp_path / "kubeconfig", server))
        ann.environ |= {
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PATH": f"{kubectl.program().parent}:{os.environ['PATH']}",
        }
        for name in ("LANG", "LC_CTYPE", "LC_ALL"):
            ann.environ.pop(name, None)

        def on(columns: int = 100, **environ: str) -> Terminal:
            return open_.enter_context(
                Terminal(COMMAND, {**ann.environ, **environ}, ann.home, columns=columns)
            )

        rich = on(TERM="xterm", LC_ALL="C.UTF-8", NO_COLOR="1")
        plain = on(TERM="xterm", LC_ALL="C")
        narrow = on(TERM="xterm", LC_ALL="C.UTF-8", columns=6)
        dumb = on(TERM="dumb", LC_ALL="C.UTF-8")
        piped = subprocess.Popen(
            COMMAND, env=ann.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        rich.sees(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] list [2-9]s")
        plain.sees(r"[|/\\-] list [2-9]s")
        narrow.sees("[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] lis")
        dumb.sees(r"list [2-9]s")
        for terminal in (rich, plain, narrow, dumb):
            assert terminal.ends() == 8
            assert "error: " in terminal.text
        assert plain.raw.isascii()
        assert "\x1b" not in dumb.raw
        assert not re.search(r"\x1b\[[0-9;]*m", rich.raw), "no colours"
        assert re.search(r"s\x1b\[K\r\x1b\[Kerror: ", rich.raw), "it is gone before anything else is said"
        out, err = piped.communicate(timeout=60)
        assert (piped.returncode, out) == (8, "")
        assert err.startswith("error: ")
    ann.leaves_nothing()
