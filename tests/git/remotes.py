"""Real remotes for the tests: bare repositories on disk, and the same behind ``git http-backend``."""

import base64
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from kubectl_rapt.adapters.git import Git
from kubectl_rapt.ports.git import Remote, Trust

CLEAN = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Sam",
    "GIT_AUTHOR_EMAIL": "sam@example.com",
    "GIT_COMMITTER_NAME": "Sam",
    "GIT_COMMITTER_EMAIL": "sam@example.com",
}


def git(
    *args: str | Path, cwd: Path | None = None, stdin: str = "", env: Mapping[str, str] | None = None
) -> str:
    """Run git outside of the adapter; its output without the last newline."""
    home = {"HOME": "/nonexistent", **CLEAN, **(env or {})}
    done = subprocess.run(
        ["git", *map(str, args)], cwd=cwd, input=stdin, env=home, capture_output=True, text=True, check=True
    )
    return done.stdout.removesuffix("\n")


def script(path: Path, body: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@dataclass
class Place:
    """A home folder with a git identity, a cache folder, and repositories, all below one temporary folder."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home.mkdir()
        self.configure("user.name", "Robin")
        self.configure("user.email", "robin@example.com")
        self.environment |= {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    def configure(self, key: str, value: str) -> None:
        git("config", "--file", self.home / ".gitconfig", key, value)

    def git(self, **options: float) -> Git:
        return Git(self.cache, self.environment, **options)  # type: ignore[arg-type]

    def bare(self, name: str = "config.git") -> Path:
        path = self.root / "remotes" / name
        self.git().create(str(path))
        return path

    def mirrors(self) -> list[Path]:
        return sorted(self.cache.glob("*.git"))


def commit(adapter: Git, remote: Remote, files: Mapping[str, bytes | None], branch: str = "main") -> str:
    """Commit on top of a branch as the remote has it now."""
    at = adapter.fetch(remote).get(f"refs/heads/{branch}", "")
    return adapter.commit(remote, branch=branch, parent=at, expected=at, files=files, message="a change")


@dataclass
class HttpRemote:
    """Serves a folder of repositories over HTTP.

    Args:
        folder: The repositories.
        credentials: ``user:password`` that every request needs; empty for none.
    """

    folder: Path
    credentials: str = ""
    redirect_to: str = ""
    hangs_on: str = ""
    """A part of the path on which the server never answers."""
    loses_reply_to: str = ""
    """A part of the path whose requests are executed and whose answers never arrive."""
    status_for: dict[str, int] = field(default_factory=dict)
    troubles: list[int] = field(default_factory=list)
    """What the next requests are answered, one after another: a status, or 0 for no answer and a cut."""
    port: int = 0
    seen: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    is_open: bool = True

    def url(self, name: str = "config.git", user: str = "") -> str:
        return f"http://{user + '@' if user else ''}127.0.0.1:{self.port}/{name}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer's body waits 40 ms for the acknowledgement of its head
    remote: HttpRemote

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        remote = self.remote
        body = self._body()
        path, _, query = self.path.partition("?")
        remote.seen.append(self.path)
        remote.tokens.append(self.headers.get("X-Token", ""))
        while remote.hangs_on and remote.hangs_on in self.path and remote.is_open:
            time.sleep(0.05)
        if remote.troubles:
            status = remote.troubles.pop(0)
            self.close_connection = True
            return self._answer(status, {}) if status else None
        if remote.redirect_to:
            return self._answer(301, {"Location": remote.redirect_to + self.path})
        for part, status in remote.status_for.items():
            if part in self.path:
                return self._answer(status, {})
        wanted = "Basic " + base64.b64encode(remote.credentials.encode()).decode()
        if remote.credentials and self.headers.get("Authorization") != wanted:
            return self._answer(401, {"WWW-Authenticate": 'Basic realm="test"'})
        output = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=True,
            env={
                "PATH": os.environ["PATH"],
                "HOME": "/nonexistent",
                "GIT_PROJECT_ROOT": str(remote.folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "REMOTE_USER": "someone",
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            },
        ).stdout
        if remote.loses_reply_to and remote.loses_reply_to in self.path:
            self.close_connection = True
            return None
        head, _, content = output.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        return self._answer(int(headers.pop("Status", "200").split()[0]), headers, content)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, status: int, headers: Mapping[str, str], content: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no news."""


@contextmanager
def served(folder: Path, credentials: str = "", tls: ssl.SSLContext | None = None) -> Iterator[HttpRemote]:
    """Serve the repositories in a folder while the block runs, over HTTPS where a context is given."""
    remote = HttpRemote(folder, credentials)
    handler = type("Handler", (_Handler,), {"remote": remote})
    with _Server(("127.0.0.1", 0), handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        remote.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield remote
        finally:
            remote.is_open = False
            server.shutdown()
            thread.join()


def hostile(address: str | Path) -> Remote:
    return Remote(str(address), Trust.HOSTILE)


def own(address: str | Path) -> Remote:
    return Remote(str(address))
