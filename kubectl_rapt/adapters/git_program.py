"""The ``git`` program as Rapt runs it: in an environment of our making, in a group of its own, never for ever."""

import itertools
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_rapt.adapters import git_answers, git_input, platform
from kubectl_rapt.adapters.trace import SILENT, Trace
from kubectl_rapt.errors import AGAIN, Unavailable
from kubectl_rapt.ports.git import Trust

if TYPE_CHECKING:
    from git.cmd import Git as Command

_OLDEST_GIT = (2, 34)
"""The first that signs by ssh key; isolation needs 2.32, reading the log 2.33."""
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 3.0


_COULD_NOT_WRITE = (
    r"[Uu]nable to (create|write)|[Cc]annot (lock|open|update)|[Cc]ould not (create|write)|[Ff]ailed to (write|update)"
    r"|unpack(er error| failed)|No space left|Read-only file system|[Pp]ermission|quota exceeded"
)
"""What git says where a disk may be the cause, which it often does not name."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """A remote with its checked address, and its place in the cache folder."""

    trust: Trust
    url: str
    scheme: str
    path: Path

    def beside(self, suffix: str) -> Path:
        """The file of that suffix next to it."""
        return self.path.with_suffix(suffix)


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended."""

    code: int
    out: bytes
    err: str


class LackingError(Exception):
    """The mirror cannot serve a read: the commit is not there yet, or the mirror is damaged."""


class Program:
    """Runs git.

    Args:
        environment: The whole environment for ``git``; for a hostile remote most of its ``GIT_*`` is left out.
        silent_seconds: How long a remote may say nothing.
        limit_seconds: How long one command may take.
        trace: Is told of every command.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        silent_seconds: int,
        limit_seconds: float,
        trace: Trace = SILENT,
    ) -> None:
        self._trace = trace
        self._running: set[int] = set()
        self._is_closed = threading.Event()
        self._environment = dict(environment)
        self._silent_seconds = silent_seconds
        self._limit_seconds = limit_seconds
        self._found: Command | None = None
        self._settings: dict[tuple[Mirror, str], str] = {}

    def close(self) -> None:
        """End what runs still, from any thread: whoever waits for it sees it killed."""
        self._is_closed.set()
        for pid in list(self._running):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def run(
        self, mirror: Mirror | None, *args: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None
    ) -> Answer:
        """Run a command to its end. Raises Unavailable after ``limit_seconds``."""
        with self.started(mirror, *args, extra=extra, istream=subprocess.PIPE) as process:
            try:
                out, err = process.communicate(stdin, timeout=self._limit_seconds)
            except subprocess.TimeoutExpired:
                raise Unavailable(
                    "git-timeout",
                    f"git {args[0]} took longer than {self._limit_seconds:g} s"
                    + (f" with {git_answers.shown(mirror.url)}" if mirror else ""),
                    f"check the network, then {AGAIN}",
                    outcome_unknown=args[0] == "push",
                ) from None
        return Answer(process.returncode, out, err.decode(errors="replace"))

    def local(self, mirror: Mirror, *args: str, stdin: bytes = b"") -> bytes:
        """Run a command that needs the mirror only; its output. Raises LackingError."""
        answer = self.run(mirror, *args, stdin=stdin)
        if answer.code:
            raise LackingError(answer.err)
        return answer.out

    def setting(self, mirror: Mirror, key: str, kind: str) -> str:
        """What git's configuration says, asked once; empty where it says nothing.

        Args:
            mirror: Whose; the user's own settings count where they trust the remote.
            key: Such as ``commit.gpgsign``.
            kind: One of ``git config --type``.
        """
        if (mirror, key) not in self._settings:
            answer = self.run(mirror, "config", f"--type={kind}", "--get", key)
            self._settings[mirror, key] = answer.out.decode(errors="replace").strip()
        return self._settings[mirror, key]

    def talk(self, mirror: Mirror, *args: str) -> bytes:
        """Run a command that talks to the remote.

        What may pass is tried again, for as long as a remote may say nothing. Whether a push was done whose answer
        was lost, its caller looks: repeated here, it would be refused for what it did itself.
        """
        ends_at = time.monotonic() + self._silent_seconds
        for attempt in itertools.count():
            try:
                return self._talk(mirror, *args)
            except Unavailable as error:
                longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** min(attempt, 10))
                pause = longest * (os.urandom(1)[0] + 128) / 256
                may_repeat = error.is_transient and not error.outcome_unknown
                if not may_repeat or time.monotonic() + pause > ends_at or self._is_closed.wait(pause):
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _talk(self, mirror: Mirror, *args: str) -> bytes:
        answer = self.run(mirror, *args, extra=self._ssh(mirror))
        if answer.code:
            said = f"{answer.err}\n{answer.out.decode(errors='replace')}"
            if re.search(_COULD_NOT_WRITE, said):
                _check_disks(mirror)
            raise git_answers.classify(args[0], answer.code, said, mirror.url, mirror.trust, str(mirror.path))
        return answer.out

    @contextmanager
    def started(
        self,
        mirror: Mirror | None,
        *args: str,
        extra: Mapping[str, str] | None = None,
        istream: int | None = None,
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """Git while the block runs, in a session of its own: no terminal to ask on, and one group to end."""
        program = self._program()
        from git.exc import GitCommandNotFound

        trust = mirror.trust if mirror else Trust.OWN
        settings: list[tuple[str, str]] = []
        if mirror:
            url, settings = git_input.without_password(mirror.url)
            # Whatever a mirror's own configuration has come to say, no hook runs in it.
            settings = [("remote.rapt.url", url), ("core.hooksPath", os.devnull), *settings]
        environment = git_input.environment(self._environment, trust, settings)
        environment.setdefault("GIT_HTTP_LOW_SPEED_LIMIT", "1")
        environment.setdefault("GIT_HTTP_LOW_SPEED_TIME", str(self._silent_seconds))
        # Asking a remote needs no mirror, so a damaged one cannot hinder it.
        environment["GIT_DIR"] = str(mirror.path) if mirror and args[0] != "ls-remote" else os.devnull
        if mirror and trust is Trust.HOSTILE:
            environment["GIT_ALLOW_PROTOCOL"] = mirror.scheme
        environment |= extra or {}
        # GitPython adds to the environment of this process and never takes away: ``env -u`` does that.
        surplus = [f"-u{name}" for name in os.environ if name not in environment]
        command = [*(["env", *surplus] if surplus else []), program.GIT_PYTHON_GIT_EXECUTABLE, *args]
        began_at = time.monotonic()
        try:
            wrapper = program.execute(
                command, as_process=True, istream=istream, env=environment, start_new_session=True
            )
        except GitCommandNotFound:
            raise _no_git() from None
        process = wrapper.proc
        assert process is not None
        self._running.add(process.pid)
        try:
            with process:
                try:
                    yield process
                finally:
                    self._running.discard(process.pid)
                    if process.poll() is None:
                        os.killpg(process.pid, signal.SIGKILL)
        finally:
            about = git_answers.shown(mirror.url) if mirror else ""
            self._trace.command(("git", *args), began_at, process.returncode, about)

    def _ssh(self, mirror: Mirror) -> dict[str, str]:
        """How ssh is called, unless the user says how: without questions, and not waiting for ever."""
        if mirror.scheme != "ssh" or self._environment.keys() & {"GIT_SSH_COMMAND", "GIT_SSH"}:
            return {}
        if self.setting(mirror, "core.sshCommand", "path"):
            return {}
        seconds = self._silent_seconds
        command = f"ssh -oBatchMode=yes -oConnectTimeout={seconds} -oServerAliveInterval={seconds}"
        if mirror.trust is Trust.HOSTILE:
            command += " -oForwardAgent=no -oClearAllForwardings=yes -oPermitLocalCommand=no"
        return {"GIT_SSH_COMMAND": command}

    def _program(self) -> "Command":
        if self._found is None:
            try:
                from git.cmd import Git as Found
            except ImportError:
                raise _no_git() from None
            program = Found("/")
            if program.version_info[:2] < _OLDEST_GIT:
                raise Unavailable(
                    "git-too-old",
                    f"git {'.'.join(map(str, program.version_info))} cannot keep a hostile repository apart",
                    f"install git {'.'.join(map(str, _OLDEST_GIT))} or newer",
                )
            self._found = program
        return self._found


def _check_disks(mirror: Mirror) -> None:
    """Raise Unavailable where the disk of the repository, if it is on this machine, or of our mirror takes nothing."""
    places = [(mirror.path, platform.CACHE)]
    if mirror.scheme == "file":
        places.insert(0, (Path(mirror.url.removeprefix("file://localhost").removeprefix("file://")), ""))
    for place, variable in places:
        if place.is_dir() and (why := platform.look(place)):
            raise platform.cannot_write(place, why, variable)


def _no_git() -> Unavailable:
    return Unavailable("git-missing", "the program git is not installed", f"install git, then {AGAIN}")
