"""The user's own ``kubectl proxy`` on a unix socket in a private folder: it does all the authentication."""

import json
import math
import os
import re
import select
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_rapt.adapters.cluster import http, spawn
from kubectl_rapt.adapters.cluster.spawn import Child
from kubectl_rapt.adapters.cluster.words import one_line
from kubectl_rapt.errors import Invalid, NotFound, RaptError, Refused, Unavailable
from kubectl_rapt.model.target import Target

if TYPE_CHECKING:
    from kubectl_rapt.adapters.cluster.package import Relay, Said

_VIEW_WITHIN_SECONDS = 20.0
_LONGEST_POLL_SECONDS = 86_400.0


class Proxy:
    """One ``kubectl proxy``, spawned at once; whoever needs it first waits for it.

    Args:
        target: The cluster and the user.
        child: The proxy for that target, if it was spawned already.

    Raises:
        Unavailable: There is no kubectl on the PATH.
    """

    def __init__(self, target: Target, child: "Child | Relay | None" = None) -> None:
        self._child = child or spawn.start_proxy(target.kubectl_flags)
        self._path = f"{self._child.folder}/s"
        self._lock = threading.Lock()
        self._is_ready = False

    def path(self, ends_at: float = math.inf) -> str:
        """The socket's path, once kubectl listens on it.

        Args:
            ends_at: When to give up, in ``time.monotonic()`` seconds.

        Raises:
            Refused, Invalid, NotFound: kubectl ended at once: what it said.
            http.TooSlow: It does not listen in time.
        """
        if not self._is_ready:
            with self._lock:
                if not self._is_ready:
                    self._await_ready(ends_at)
        return self._path

    def _await_ready(self, ends_at: float) -> None:
        # kubectl prints one line once it listens; its end closes the pipe.
        if not _is_readable(self._child.heard, ends_at - time.monotonic()):
            raise http.TooSlow
        if not os.read(self._child.heard, 4096):
            said = self.complaints()
            raise refusal_to_start(said) if said.strip() else self._refusal_of_disk() or refusal_to_start("")
        self._is_ready = True

    def _refusal_of_disk(self) -> RaptError | None:
        """The error where the disk of the private folder takes nothing: kubectl cannot say so, for want of a place."""
        from kubectl_rapt.adapters import platform

        parent = Path(self._child.folder).parent
        why = platform.look(parent)
        return platform.cannot_write(parent, why, "TMPDIR") if why else None

    def complaints(self) -> str:
        """What kubectl, and a credential plug-in under it, wrote to their standard error."""
        try:
            return Path(self._child.folder, "complaints").read_bytes()[:20_000].decode(errors="replace")
        except OSError:
            return ""

    def close(self) -> None:
        """End kubectl and remove its folder; the end of this process does the same."""
        self._child.close()


class ConfigView:
    """What ``kubectl config view --minify`` says.

    kubectl's own reading of the kubeconfig (lists of files, merging, the pod's own account) is not written
    again here, but for the plainest of cases: see ``kubeconfig.py``.

    Args:
        child: That process.
    """

    def __init__(self, child: "Child | Said") -> None:
        self._child = child
        self._refusal: RaptError | None = None

    def read(self, timeout_seconds: float = _VIEW_WITHIN_SECONDS) -> dict[str, Any]:
        """The kubeconfig, cut down to one context; empty where kubectl has none. Only a refusal may be asked for again.

        Raises:
            NotFound, Invalid: kubectl's complaint about the context or a file.
            Unavailable: kubectl did not answer in time, or with something else.
        """
        if self._refusal:
            raise self._refusal
        ends_at = time.monotonic() + timeout_seconds
        said = bytearray()
        while _is_readable(self._child.heard, ends_at - time.monotonic()):
            piece = os.read(self._child.heard, 65536)
            if not piece:
                break
            said += piece
        else:
            raise Unavailable(
                "no-kubectl", f"kubectl config did not answer within {timeout_seconds:g} s", "kubectl version"
            )
        if self._child.wait() == 0:
            try:
                return view_of(said)
            except Unavailable as error:
                self._refusal = error
                raise
        text = said.decode(errors="replace")
        if "current-context must exist" in text:
            return {}
        self._refusal = refusal_to_start(text)
        raise self._refusal


def contexts(path: str, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Every context with its cluster's name, as kubectl reads them: no cluster is asked.

    Args:
        path: A kubeconfig; empty for kubectl's own.
        environ: The process's environment.

    Raises:
        Unavailable: There is no kubectl, or it prints something else.
    """
    import subprocess

    flags = [f"--kubeconfig={path}"] if path else []
    command = [spawn.find_kubectl(), "config", "view", "-o", "json", *flags]
    done = subprocess.run(
        command, env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode:
        return []
    listed = view_of(done.stdout).get("contexts") or ()
    return [(one["name"], (one.get("context") or {}).get("cluster", "")) for one in listed if "name" in one]


def view_of(said: bytes | bytearray) -> dict[str, Any]:
    """The kubeconfig that ``kubectl config view -o json`` printed.

    Raises:
        Unavailable: ``no-kubectl``: it printed something else, or nothing.
    """
    try:
        view = json.loads(said)
    except ValueError:
        view = None
    lists = [view.get(key) or [] for key in ("contexts", "clusters")] if isinstance(view, dict) else [None]
    if all(isinstance(one, list) and all(isinstance(each, dict) for each in one) for one in lists):
        return dict(view)
    what = "something else than a kubeconfig" if said.strip() else "nothing"
    raise Unavailable("no-kubectl", f"kubectl config view printed {what}", "kubectl config view")


def refusal_to_start(complaints: str) -> RaptError:
    """The error for what kubectl said before it ended without having made a request."""
    lines = complaints.splitlines()
    said = next((line for line in lines if line.startswith("error:")), lines[-1] if lines else "")
    what = one_line(said).removeprefix("error: ") or "kubectl ended without a word"
    if ("context" in what and "does not exist" in what) or "cannot locate context" in what:
        named = re.search(r'cannot locate context "?([^"\s]+)', what)
        said = f'no context "{named[1]}"' if named else what
        return NotFound("no-context", said, "kubectl config get-contexts")
    if "unknown flag" in what:
        return Unavailable("no-kubectl", f"this kubectl is too old: {what}", "kubectl version --client")
    if "config file" in what or "no such file" in what or "invalid configuration" in what:
        return Invalid("bad-kubeconfig", what, "kubectl config view")
    return Refused("not-authenticated", what, "kubectl auth whoami")


def _is_readable(descriptor: int, timeout_seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(min(max(0.0, timeout_seconds), _LONGEST_POLL_SECONDS) * 1000))
