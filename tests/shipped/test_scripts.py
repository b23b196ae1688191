"""The scripts of the shipped templates, run by a real busybox as a node would run them."""

import http.server
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.shipped import containers


class _Answer(http.server.BaseHTTPRequestHandler):
    """Answers ``/CODE``; ``/slow`` never answers, ``/half`` never ends its answer."""

    def do_GET(self) -> None:
        path = self.path.strip("/")
        if path == "slow":
            time.sleep(60)
            return
        code = int(path) if path.isdigit() else 200
        self.send_response(code)
        self.send_header("X-Misleading", "HTTP/1.1 200 OK")
        if code == 302:
            self.send_header("Location", "/200")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"h" if path == "half" else b"hi")
        if path == "half":
            self.wfile.flush()
            time.sleep(60)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def _run(
    applets: Path, name: str, install: Mapping[str, Any], at_run: Mapping[str, Any]
) -> tuple[int, list[str]]:
    """The exit code and the lines of a template's container."""
    return containers.run(applets, containers.of(name, install, at_run))


@pytest.mark.parametrize(
    ("path", "status", "code", "line"),
    [
        ("200", 200, 0, "HTTP/1.0 200 OK"),
        ("204", 204, 0, "HTTP/1.0 204 No Content"),
        ("302", 200, 0, "HTTP/1.0 200 OK"),
        ("503", 503, 0, "HTTP/1.0 503 Service Unavailable"),
        ("404", 404, 0, "HTTP/1.0 404 Not Found"),
        ("200", 204, 1, "HTTP/1.0 200 OK"),
        ("503", 200, 1, "HTTP/1.0 503 Service Unavailable"),
        ("304", 200, 1, "HTTP/1.0 304 Not Modified"),
        ("slow", 200, 1, "no answer within 1s"),
        ("half", 200, 1, "no answer within 1s"),
    ],
)
def test_http_check_says_the_status_and_nothing_else(
    applets: Path, port: int, path: str, status: int, code: int, line: str
) -> None:
    url = f"http://127.0.0.1:{port}/{path}"
    patience = "1s" if path in ("slow", "half") else "60s"
    ended, lines = _run(applets, "http-check", {"timeout": patience}, {"url": url, "status": status})
    assert (ended, lines) == (code, [line])


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("http://127.0.0.1:1/", "wget: can't connect to remote host (127.0.0.1): Connection refused"),
        ("http://$(id)/", "wget: bad address '$(id)'"),
        ("http://-S/", "wget: bad address '-S'"),
    ],
)
def test_http_check_says_why_there_was_no_answer(applets: Path, url: str, line: str) -> None:
    assert _run(applets, "http-check", {}, {"url": url}) == (1, [line])


def test_http_check_reads_long_timeouts(applets: Path, port: int) -> None:
    ended, _ = _run(applets, "http-check", {"timeout": "1d2h3m4s"}, {"url": f"http://127.0.0.1:{port}/200"})
    assert ended == 0


def test_tcp_check_connects(applets: Path, port: int) -> None:
    ended, lines = _run(applets, "tcp-check", {}, {"host": "127.0.0.1", "port": port})
    assert (ended, lines) == (0, [f"127.0.0.1 port {port} accepts connections"])


def test_tcp_check_says_that_nothing_listens(applets: Path) -> None:
    ended, lines = _run(applets, "tcp-check", {}, {"host": "127.0.0.1", "port": 1})
    assert (ended, lines) == (1, ["nc: can't connect to remote host (127.0.0.1): Connection refused"])


def test_tcp_check_gives_up(applets: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        port = full.getsockname()[1]
        ended, lines = _run(applets, "tcp-check", {"timeout": "1s"}, {"host": "127.0.0.1", "port": port})
        for one in waiting:
            one.close()
    assert (ended, lines) == (1, [f"no connection to 127.0.0.1 port {port} within 1s"])


def test_a_command_arrives_word_for_word(applets: Path) -> None:
    words = ["sh", "-c", 'echo "hello  world" \'$HOME\' "$0 $1"; exit 7', "$(id)", "a  b"]
    ended, lines = _run(applets, "command", {"image": "busybox:1.35", "command": words}, {})
    assert (ended, lines) == (7, ["hello  world $HOME $(id) a  b"])


def test_a_script_gets_its_arguments_word_for_word(applets: Path) -> None:
    script = 'for one in "$0" "$@"; do\n  echo "<$one>"\ndone\nexit 3\n'
    words = ["a  b", "", "-v", "$(id)", "--"]
    ended, lines = _run(applets, "script", {"script": script}, {"args": words})
    assert (ended, lines) == (3, ["<script>", *(f"<{word}>" for word in words)])
