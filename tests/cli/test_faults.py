"""Whole commands while the API server is busy, breaks off, or cannot be trusted: one clear message, in time."""

import base64
import json
import os
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests import faults
from tests.cli.conftest import Ask
from tests.cli.endings import refused
from tests.cluster import debian, kubectl
from tests.faults import DropRequest, Faults, Reply

TOOLS = {
    "kind": "ToolList",
    "apiVersion": "rapt.dev/v1alpha1",
    "metadata": {"resourceVersion": "1"},
    "items": [],
}
BUSY = {"kind": "Status", "message": "too many requests", "reason": "TooManyRequests", "code": 429}
NOT_READY = {"kind": "Status", "message": "etcd is not ready", "reason": "ServiceUnavailable", "code": 503}
EMPTY = "No tools found in namespace default.\n"


@pytest.fixture
def server(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """The API server that the kubeconfig leads to; it answers as it is told."""
    with faults.between(tmp_path) as server:
        monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig))
        monkeypatch.setenv("PATH", f"{kubectl.program().parent}:{os.environ['PATH']}")
        yield server


def test_a_busy_server_is_asked_again_when_it_says(ask: Ask, server: Faults) -> None:
    server.on("GET", Reply(429, BUSY, {"Retry-After": "1"}), Reply(200, TOOLS))
    begun = time.monotonic()
    ended = ask("list")
    assert (ended.exit_code, ended.stderr) == (0, EMPTY)
    assert time.monotonic() - begun >= 1


@pytest.mark.parametrize(
    ("answer", "message", "hint", "code"),
    [
        (
            Reply(429, BUSY, {"Retry-After": "7"}),
            'the API server has too many requests to list tools.rapt.dev in namespace "default" now',
            "kubectl rapt list --request-timeout 2s",
            "too-many-requests",
        ),
        (
            Reply(503, NOT_READY),
            'cannot list tools.rapt.dev in namespace "default": the API server answered 503: etcd is not ready',
            "kubectl get --raw /readyz",
            "server-error",
        ),
        (
            Reply(503, b"<html>upstream connect error</html>", {"Retry-After": "9"}),
            'cannot list tools.rapt.dev in namespace "default": the connection to the API server broke '
            "(503: <html>upstream connect error</html>)",
            "kubectl get --raw /readyz",
            "cut-off",
        ),
    ],
)
def test_a_server_that_stays_busy_is_told_in_time(
    ask: Ask, server: Faults, answer: Reply, message: str, hint: str, code: str
) -> None:
    server.on("", *[answer] * 20)
    begun = time.monotonic()
    assert ask("list", "--request-timeout", "2s") == refused(8, message, hint, code=code)
    assert time.monotonic() - begun < 10


def test_a_connection_that_is_reset_is_told_once(ask: Ask, server: Faults) -> None:
    server.on("", *[DropRequest()] * 200)
    ended = ask("list", "--request-timeout", "2s")
    first, *others = ended.stderr.splitlines()
    assert (ended.exit_code, ended.stdout) == (8, "")
    assert first.startswith('error: cannot list tools.rapt.dev in namespace "default": the connection to')
    assert others == ["  try: kubectl get --raw /readyz", "  see: kubectl rapt help errors cut-off"]


@pytest.mark.parametrize(
    ("words", "answer", "message", "hint"),
    [
        (
            ("list", "-l", "a b"),
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
            "-l expects a label selector such as NAME=VALUE: found 'b', expected: in, notin, =, ==, !=, gt, lt",
            "kubectl rapt list -l rapt.dev/environment=prod",
        ),
        (
            ("runs", "--selector=a=b=c", "-o", "name"),
            "found '=', expected: ',' or 'end of string'",
            "-l expects a label selector such as NAME=VALUE: found '=', expected: ',' or 'end of string'",
            "kubectl rapt runs --selector=rapt.dev/environment=prod -o name",
        ),
        (
            ("list", "--field-selector", "foo=bar"),
            "field label not supported: foo",
            '--field-selector: tools.rapt.dev has no field "foo" to select by; it has metadata.name, '
            "metadata.namespace",
            "kubectl rapt list --field-selector metadata.name=NAME",
        ),
        (
            ("runs", "--field-selector", "status.stat=Failed", "-o", "name"),
            "field label not supported: status.stat",
            '--field-selector: runs.rapt.dev has no field "status.stat" to select by; it has status.state, spec.tool, '
            "spec.requestedBy, metadata.name, metadata.namespace",
            "kubectl rapt runs --field-selector status.state=Failed -o name",
        ),
        (
            ("list", "--field-selector", "foo"),
            "invalid selector: 'foo'; can't understand 'foo'",
            "--field-selector expects FIELD=VALUE: can't understand 'foo'",
            "kubectl rapt list --field-selector metadata.name=NAME",
        ),
    ],
)
def test_a_selector_that_nobody_understands_is_named_and_a_right_one_shown(
    ask: Ask, server: Faults, words: tuple[str, ...], answer: str, message: str, hint: str
) -> None:
    """The answers are those of Kubernetes 1.35."""
    wrong = {"kind": "Status", "message": answer, "reason": "BadRequest", "code": 400}
    server.on("GET", Reply(400, wrong), *[Reply(200, TOOLS)] * 9)
    assert ask(*words) == refused(5, message, hint, code="bad-selector")


class _Quiet(HTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever looks at its certificate goes away."""


class _Never(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        raise AssertionError("nobody speaks to a server that cannot be trusted")


@pytest.fixture
def expired(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The kubeconfig leads to a server whose certificate was good until yesterday."""
    key, asked, certificate = tmp_path / "key", tmp_path / "request", tmp_path / "certificate"
    ask = (
        f"req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=x -keyout {key} -out {asked}"
    )
    debian.run("openssl", *ask.split(), "-addext", "subjectAltName=IP:127.0.0.1")
    sign = f"x509 -req -in {asked} -signkey {key} -days -1 -copy_extensions copy -out {certificate}"
    debian.run("openssl", *sign.split())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with _Quiet(("127.0.0.1", 0), _Never) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        cluster = {
            "server": f"https://127.0.0.1:{server.server_address[1]}",
            "certificate-authority-data": base64.b64encode(certificate.read_bytes()).decode(),
        }
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        monkeypatch.setenv("PATH", f"{kubectl.program().parent}:{os.environ['PATH']}")
        yield
        server.shutdown()
        thread.join()


def test_a_certificate_that_has_expired_is_named_so(ask: Ask, expired: None) -> None:
    ended = ask("list")
    first, *others = ended.stderr.splitlines()
    assert (ended.exit_code, ended.stdout) == (8, "")
    assert first.startswith("error: the API server cannot be reached: ")
    assert "certificate has expired or is not yet valid" in first
    assert others == ["  try: kubectl cluster-info", "  see: kubectl rapt help errors no-cluster"]


def test_requests_are_shown_from_six_on_and_bodies_without_secrets_from_eight_on(
    ask: Ask, server: Faults
) -> None:
    secret = {"kind": "Tool", "metadata": {"name": "x"}, "spec": {"token": "hunter2hunter2"}}
    path = "/apis/rapt.dev/v1alpha1/namespaces/default/tools"
    for flags in (["-v=6"], ["-v", "6"], ["--v=6"], ["-v6"]):
        server.on("GET", Reply(200, TOOLS))
        told = ask("list", *flags).stderr.splitlines()
        assert [line.partition("  ")[0] for line in told] == [f"GET {path}", EMPTY.strip()], flags
        assert told[0].partition("  ")[2].startswith("200 in "), told
    server.on("GET", Reply(200, {**TOOLS, "items": [secret]}))
    shown = ask("list", "-v", "8").stderr
    assert f"GET {path}" in shown
    assert '"spec":{"token":"***"}' in shown
    assert "hunter2" not in shown
    forbidden = Reply(403, {"kind": "Status", "code": 403, "message": "no"})
    server.on("GET", forbidden, forbidden)
    assert f"GET {path}  403 in " in ask("-v", "6", "list").stderr
    server.on("GET", Reply(200, TOOLS))
    assert ask("list", "-v", "5").stderr == EMPTY


def test_git_commands_are_shown_and_no_password_of_an_address(
    ask: Ask, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPT_REPOSITORY", "https://ann:topsecret@127.0.0.1:1/tools.git")
    shown = ask("check", "-v", "8").stderr
    assert "git ls-remote --heads --tags rapt (https://127.0.0.1:1/tools.git)  exit code 128 in " in shown
    assert "topsecret" not in shown
