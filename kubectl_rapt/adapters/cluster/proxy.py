"""The user's own ``kubectl proxy`` on a unix socket in a private folder: it does all the authentication."""

import contextlib
import json
import os
import select
import threading
import time
from pathlib import Path
from typing import Any

from kubectl_rapt.adapters.cluster.words import one_line
from kubectl_rapt.errors import Invalid, NotFound, RaptError, Refused, Unavailable
from kubectl_rapt.model.target import Target

READY_WITHIN_SECONDS = 20.0

# The shell ends kubectl and removes the folder when its standard input ends, that is when the last copy of our
# end of the pipe is closed: by us, or by the kernel however we died, on Linux and macOS, from whatever thread.
# (PR_SET_PDEATHSIG is Linux only, follows the spawning thread, and misses a parent that is dead already.)
# Ctrl-C and a lost terminal reach the whole process group and are ours to answer, so both ignore them.
_SUPERVISED = """
trap '' INT HUP
folder=$1; shift
"$@" </dev/null 2>"$folder/complaints" &
exec >/dev/null 2>&1
trap '' TERM
read -r _
kill -9 $!
[ ! -d "$folder" ] || rm -rf "$folder"
"""


class Proxy:
    """One ``kubectl proxy``, spawned at once; whoever needs it first waits for it.

    Args:
        target: The cluster and the user.

    Raises:
        Unavailable: There is no kubectl on the PATH.
    """

    def __init__(self, target: Target) -> None:
        kubectl = find_kubectl()
        self._folder = _private_folder()
        self._path = f"{self._folder}/s"
        self._lock = threading.Lock()
        self._is_ready = False
        heard, says = os.pipe()
        ends, self._lifeline = os.pipe()
        command = (
            kubectl,
            "proxy",
            "--append-server-path",
            f"--unix-socket={self._path}",
            *target.kubectl_flags,
        )
        try:
            self._pid = os.posix_spawn(
                "/bin/sh",
                ("sh", "-c", _SUPERVISED, "sh", self._folder, *command),
                os.environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, ends, 0), (os.POSIX_SPAWN_DUP2, says, 1)],
            )
        finally:
            os.close(ends)
            os.close(says)
        self._heard = heard

    def path(self, timeout_seconds: float = READY_WITHIN_SECONDS) -> str:
        """The socket's path, once kubectl listens on it.

        Raises:
            Refused, Invalid, NotFound: kubectl ended at once: what it said.
            Unavailable: It does not listen in time.
        """
        if not self._is_ready:
            with self._lock:
                if not self._is_ready:
                    self._await_ready(timeout_seconds)
        return self._path

    def _await_ready(self, timeout_seconds: float) -> None:
        # kubectl prints one line once it listens; its end closes the pipe.
        if not _is_readable(self._heard, timeout_seconds):
            raise Unavailable(
                "no-kubectl", f"kubectl proxy did not start within {timeout_seconds:g} s", "kubectl version"
            )
        if not os.read(self._heard, 4096):
            raise refusal_to_start(self.complaints())
        self._is_ready = True

    def complaints(self) -> str:
        """What kubectl, and a credential plug-in under it, wrote to their standard error."""
        try:
            return Path(self._folder, "complaints").read_bytes()[:20_000].decode(errors="replace")
        except OSError:
            return ""

    def close(self) -> None:
        """End kubectl and remove its folder; the end of this process does the same."""
        if self._lifeline >= 0:
            if self._is_ready:  # otherwise the shell may not have come to using the folder yet
                self._remove_folder()
            os.close(self._lifeline)
            os.close(self._heard)
            self._lifeline = -1
            os.waitpid(self._pid, 0)

    def _remove_folder(self) -> None:
        """Do what the shell would start another process for."""
        with contextlib.suppress(OSError):
            for name in ("s", "complaints"):
                Path(self._folder, name).unlink(missing_ok=True)
            Path(self._folder).rmdir()


class ConfigView:
    """What ``kubectl config view --minify`` says, asked at once and read when it is needed.

    kubectl's own reading of the kubeconfig (lists of files, merging, the pod's own account) is not written
    again here; run beside the proxy it costs about 5 ms of waiting.
    """

    def __init__(self, target: Target) -> None:
        flags = [flag for flag in target.kubectl_flags if not flag.startswith("--as")]
        kubectl = find_kubectl()
        self._status = 0
        self._heard, says = os.pipe()
        try:
            self._pid = os.posix_spawn(
                kubectl,
                (kubectl, "config", "view", "--minify", "-o", "json", *flags),
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, says, 1),
                    (os.POSIX_SPAWN_DUP2, says, 2),
                ],
            )
        finally:
            os.close(says)

    def read(self, timeout_seconds: float = READY_WITHIN_SECONDS) -> dict[str, Any]:
        """The kubeconfig, cut down to one context; empty where kubectl has none. To be called once.

        Raises:
            NotFound, Invalid: kubectl's complaint about the context or a file.
            Unavailable: kubectl did not answer in time.
        """
        ends_at = time.monotonic() + timeout_seconds
        said = bytearray()
        while _is_readable(self._heard, ends_at - time.monotonic()):
            piece = os.read(self._heard, 65536)
            if not piece:
                break
            said += piece
        else:
            raise Unavailable(
                "no-kubectl", f"kubectl config did not answer within {timeout_seconds:g} s", "kubectl version"
            )
        if self.close() == 0:
            view: dict[str, Any] = json.loads(said)
            return view
        text = said.decode(errors="replace")
        if "current-context must exist" in text:
            return {}
        raise refusal_to_start(text)

    def close(self) -> int:
        """Take back what it used; its exit status."""
        if self._heard >= 0:
            os.close(self._heard)
            self._heard = -1
            _, self._status = os.waitpid(self._pid, 0)
        return self._status


class Kubectl:
    """What runs behind one door: the proxy and, where the namespace is to be found out, ``config view``.

    Args:
        target: The cluster and the user.

    Raises:
        Unavailable: There is no kubectl on the PATH.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.proxy = Proxy(target)
        self._view = None if target.namespace else ConfigView(target)

    def config(self) -> dict[str, Any]:
        """See ``ConfigView.read``; to be called once."""
        self._view = self._view or ConfigView(self.target)
        return self._view.read()

    def close(self) -> None:
        """End both."""
        if self._view:
            self._view.close()
        self.proxy.close()


def refusal_to_start(complaints: str) -> RaptError:
    """The error for what kubectl said before it ended without having made a request."""
    lines = complaints.splitlines()
    said = next((line for line in lines if line.startswith("error:")), lines[-1] if lines else "")
    what = one_line(said).removeprefix("error: ") or "kubectl ended without a word"
    if ("context" in what and "does not exist" in what) or "cannot locate context" in what:
        return NotFound("no-context", what, "kubectl config get-contexts")
    if "unknown flag" in what:
        return Unavailable("no-kubectl", f"this kubectl is too old: {what}", "kubectl version --client")
    if "config file" in what or "no such file" in what or "invalid configuration" in what:
        return Invalid("bad-kubeconfig", what, "kubectl config view")
    return Refused("not-authenticated", what, "kubectl auth whoami")


def find_kubectl() -> str:
    """The path of the kubectl that the user's shell would run.

    Raises:
        Unavailable: There is none on the PATH.
    """
    for folder in os.get_exec_path():
        path = f"{folder or '.'}/kubectl"
        if os.access(path, os.X_OK) and Path(path).is_file():
            return path
    raise Unavailable(
        "no-kubectl", "there is no kubectl on the PATH", "https://kubernetes.io/docs/tasks/tools/"
    )


def _private_folder() -> str:
    """A new folder of our own; a socket's path has room for about 100 bytes."""
    name = f"rapt-{os.urandom(8).hex()}"
    for parent in (os.environ.get("TMPDIR", ""), "/tmp"):
        if parent and len(parent.encode()) < 70:
            try:
                Path(parent, name).mkdir(0o700)
            except OSError:
                continue
            return f"{parent}/{name}"
    raise Unavailable(
        "no-temporary-folder", "no folder can be made for kubectl's socket in TMPDIR or /tmp", "df -h /tmp"
    )


def _is_readable(descriptor: int, timeout_seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(0.0, timeout_seconds) * 1000))
