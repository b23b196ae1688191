"""The story of the main job, as data: demo, test, README, tutorial and recordings all read it here."""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Step:
    """One command of the story.

    Args:
        command: What a person types; ``{name}`` stands for something learned before.
        why: One line for the reader.
        exit_code: What it must end with.
        stdout: What standard output must be, to the letter; None leaves it to ``says``.
        says: Patterns that standard output and standard error together must hold.
        learns: Name to pattern: what later commands may name.
        is_administrator: Whether an administrator types it.
    """

    command: str
    why: str = ""
    exit_code: int = 0
    stdout: str | None = None
    says: tuple[str, ...] = ()
    learns: Mapping[str, str] = field(default_factory=dict)
    is_administrator: bool = False


FIRST_RUN = (
    Step(
        "kubectl rapt init --local --dev {dev} --prod {prod}",
        "a config repository of your own, and two namespaces: environment dev needs no review, prod does",
        says=("config repository .*config.git",),
    ),
    Step(
        "kubectl rapt install",
        "an administrator, once a cluster",
        says=("tools.rapt.dev applied",),
        is_administrator=True,
    ),
    Step(
        "kubectl rapt search check",
        "what is in the registries",
        says=("http-check +1.0.0 +bundled", "tcp-check"),
    ),
    Step(
        "kubectl rapt show http-check",
        says=(r"url +string +run +- +.*\(required\)", "kubectl rapt add http-check"),
    ),
    Step(
        """kubectl rapt add hello --image busybox:1.35 -- sh -c 'echo "hello  world"; exit 7'""",
        "any image and command; in dev this also syncs",
        says=(
            "new   image: busybox:1.35",
            "new   network: anywhere, any port",
            "change [0-9a-f]{6} committed",
            "tool.rapt.dev/hello created",
            "dev synced to",
        ),
        learns={"hello": "change ([0-9a-f]{6}) committed"},
    ),
    Step(
        "kubectl rapt run hello --follow",
        "the log on standard output, the container's exit code at the end",
        exit_code=7,
        stdout="hello  world\n",
        says=("failed after [0-9]+s, exit code 7", "kubectl rapt why hello-"),
        learns={"run": r"kubectl rapt why (\S+)"},
    ),
    Step(
        "kubectl rapt why {run}",
        "forward to the cause, back to the change",
        says=("exit code 7", "commit +[0-9a-f]{40}", "change +{hello} by", "asked by +{user}"),
        learns={"commit": "commit +([0-9a-f]{40})"},
    ),
)
"""From nothing to a run that is explained: the tutorial."""

REVIEWED = (
    Step(
        "kubectl rapt add http-check --in prod --set url={server}/health --schedule '*/15 * * * *'",
        "prod is reviewed: a change on a branch of its own",
        says=(
            "rendered/prod/http-check.yaml +created: Tool, CronJob, NetworkPolicy, ServiceAccount",
            "pushed as rapt/prod/http-check/",
        ),
        learns={"change": "change ([0-9a-f]{6}) pushed"},
    ),
    Step("kubectl rapt changes", says=("{change} +prod +http-check",)),
    Step("kubectl rapt changes merge {change}", says=("change {change} merged",)),
    Step(
        "kubectl rapt sync --in prod",
        says=("tool.rapt.dev/http-check created", "cronjob.batch/http-check created", "prod synced to"),
    ),
    Step(
        "kubectl rapt list --in prod",
        "--in chooses where a command acts; without it, that is dev",
        says=("http-check +http-check +1.0.0 +prod",),
    ),
    Step("kubectl rapt run http-check --in prod --follow", says=("HTTP/1.[01] 200 OK", "succeeded after")),
    Step(
        "kubectl rapt run http-check --in prod --set url={server}/broken --follow",
        "one that fails, and says why",
        exit_code=1,
        says=("HTTP/1.[01] 503 Service Unavailable", "exit code 1"),
    ),
    Step("kubectl rapt logs http-check --in prod", says=("503",)),
    Step("kubectl rapt add tcp-check", "another one, into dev", says=("tool.rapt.dev/tcp-check created",)),
    Step(
        "kubectl rapt run tcp-check --set host={host} --set port={port} --follow", says=("succeeded after",)
    ),
    Step(
        "kubectl rapt runs",
        says=(
            "tcp-check-[a-z0-9]+ +tcp-check +Succeeded +1 +{user}",
            "hello-[a-z0-9]+ +hello +ExitCode +1 +{user}",
        ),
    ),
)

CHAPTERS = {"first-run": FIRST_RUN, "reviewed": REVIEWED}
"""Each is one recording: ``docs/casts/NAME.cast`` and ``NAME.svg``."""

STORY = tuple(step for steps in CHAPTERS.values() for step in steps)


@dataclass(frozen=True)
class Told:
    """What a step came to; ``both`` is standard output and standard error as a terminal would show them.

    ``stdout`` is None where a terminal took both.
    """

    step: Step
    command: str
    exit_code: int
    stdout: str | None
    both: str


Types = Callable[[Sequence[str], Mapping[str, str]], tuple[int, str | None, str]]
"""Runs a command's words with an environment; its exit code, standard output, and both outputs together."""


def in_pipes(words: Sequence[str], environ: Mapping[str, str]) -> tuple[int, str | None, str]:
    """Run a command without a terminal."""
    with tempfile.TemporaryFile("w+") as both, tempfile.TemporaryFile("w+") as out:
        with subprocess.Popen(
            words,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=both,
            text=True,
        ) as process:
            timer = threading.Timer(TIMEOUT_SECONDS, process.kill)
            timer.start()
            assert process.stdout is not None
            for line in process.stdout:
                out.write(line)
                both.write(line)
                both.flush()
            code = process.wait()
            timer.cancel()
        for file in (out, both):
            file.seek(0)
        return code, out.read(), both.read()


class Teller:
    """Types the story's commands in a home of its own, as a person would.

    Args:
        home: An empty folder for settings, data and caches.
        user: The kubeconfig of an ordinary user.
        administrator: The kubeconfig of an administrator.
        known: What commands may name from the beginning: ``server``, ``host``, ``port``, ``user``.
        types: How a command is run.
    """

    def __init__(
        self,
        home: Path,
        user: Path,
        administrator: Path,
        known: Mapping[str, str],
        types: Types = in_pipes,
    ) -> None:
        self.known = dict(known)
        self._user, self._administrator, self._types = user, administrator, types
        programs = Path(sys.executable).parent
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("XDG_", "RAPT_", "GIT_", "KUBE"))
        }
        self.environ = {
            **kept,
            "HOME": str(home),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "GIT_AUTHOR_NAME": "A developer",
            "GIT_AUTHOR_EMAIL": "developer@example.com",
            "GIT_COMMITTER_NAME": "A developer",
            "GIT_COMMITTER_EMAIL": "developer@example.com",
        }

    def tell(self, step: Step) -> Told:
        """Type one command, and learn from its output."""
        command = fill(step.command, self.known)
        kubeconfig = self._administrator if step.is_administrator else self._user
        environ = {**self.environ, "KUBECONFIG": str(kubeconfig)}
        told = Told(step, command, *self._types(shlex.split(command), environ))
        for name, pattern in step.learns.items():
            if found := re.search(pattern, told.both):
                self.known[name] = found[1]
        return told


def fill(text: str, known: Mapping[str, str]) -> str:
    """A command or a pattern with the names in it replaced by what is known; other braces stay."""
    return re.sub(r"\{([a-z]+)\}", lambda found: known.get(found[1], found[0]), text)


def pattern(step: Step) -> str:
    """What its command looks like where it is shown: names are whatever they were."""
    return re.sub(r"\\\{[a-z]+\\\}", r"\\S+", re.escape(step.command))


def complaints(told: Told, known: Mapping[str, str]) -> list[str]:
    """What is not as the story says."""
    step = told.step
    found = []
    if told.exit_code != step.exit_code:
        found.append(f"exit code {told.exit_code}, expected {step.exit_code}")
    if step.stdout is not None and told.stdout not in (None, step.stdout):
        found.append(f"stdout {told.stdout!r}, expected {step.stdout!r}")
    found += [
        f"nothing like {fill(one, known)!r}"
        for one in step.says
        if not re.search(fill(one, known), told.both)
    ]
    return found
