"""Hosts that are slow, hostile or gone, and ways that lead through proxies."""

import gzip
import json
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kubectl_rapt.adapters.forges.answers import Ask
from kubectl_rapt.adapters.forges.forges import Forges
from kubectl_rapt.adapters.forges.http import Http, Timeouts
from kubectl_rapt.adapters.forges.places import Origin, place
from kubectl_rapt.errors import Invalid, RaptError, Unavailable
from kubectl_rapt.model.proposals import Address, Proposal
from tests.forge.servers import Answer, Request, Server, served

READ = Ask("read pull requests", "the host", "team/config")
WRITE = Ask("open a pull request", "the host", "team/config", may_change=True)
QUICK = Timeouts(connect=2, silence=0.3, whole=0.5)


class Scripted(Server):
    """Answers what a function says."""

    def __init__(self, script: Callable[[Request], Answer]) -> None:
        super().__init__()
        self._script = script

    def answer(self, request: Request) -> Answer:
        return self._script(request)


@contextmanager
def scripted(script: Callable[[Request], Answer]) -> Iterator[Scripted]:
    server = Scripted(script)
    with served(server):
        yield server


@contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[Origin]:
    """A server that does that with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()

        def serve() -> None:
            while not done.is_set():
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    try:
                        seen = b""
                        while not seen.endswith(b"{}"):  # what the tests send
                            seen += _more(client)
                        talk(client)
                    except OSError:
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield Origin("http", "127.0.0.1", listener.getsockname()[1])
        finally:
            done.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(60)


def _more(client: socket.socket) -> bytes:
    piece = client.recv(65536)
    if not piece:
        raise ConnectionError("it went away within its request")
    return piece


def _origin(server: Server) -> Origin:
    found = place(f"{server.url}/a/b")
    assert found
    return found.origin


def _silence(client: socket.socket) -> None:
    while client.recv(65536):
        pass


def _drip(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:  # until the other side has enough
        client.sendall(b" ")
        threading.Event().wait(0.02)


def _flood(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(40):
        client.sendall(b" " * 1024 * 1024)


def _half(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1, 2")


def _nonsense(client: socket.socket) -> None:
    client.sendall(b"\x00\x01 nonsense\r\n\r\n")


MISBEHAVING = [
    (_silence, "in time", Timeouts(silence=0.5)),
    (_drip, "takes too long", Timeouts(whole=1)),
    (_flood, "far too long", Timeouts()),
    (_half, "broke", Timeouts()),
    (_nonsense, "broke", Timeouts()),
]


@pytest.mark.parametrize(("talk", "words", "timeouts"), MISBEHAVING)
@pytest.mark.parametrize("ask", [READ, WRITE])
def test_a_host_that_misbehaves_is_unavailable(
    talk: Callable[[socket.socket], None], words: str, timeouts: Timeouts, ask: Ask
) -> None:
    with talking(talk) as origin, pytest.raises(Unavailable) as raised:
        Http({}, timeouts).send(origin, "POST", "/", ask, {}, b"{}")
    assert words in raised.value.message
    assert raised.value.outcome_unknown == ask.may_change


def test_a_host_that_is_gone_was_never_written_to() -> None:
    with pytest.raises(Unavailable) as raised:
        Http({}).send(Origin("http", "127.0.0.1", 1), "POST", "/", WRITE, {}, b"{}")
    assert not raised.value.outcome_unknown
    assert "reached" in raised.value.message


def test_a_redirect_on_the_same_host_is_followed_with_its_headers() -> None:
    def script(request: Request) -> Answer:
        if request.path == "/old?a=1":
            return Answer(301, headers={"Location": "/new?a=1"})
        return Answer(200, request.path.encode())

    with scripted(script) as server:
        reply = Http({}).send(_origin(server), "GET", "/old?a=1", READ, {"Authorization": "token x"})
    assert (reply.status, reply.body) == (200, b"/new?a=1")
    assert [request.headers["authorization"] for request in server.requests] == ["token x", "token x"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_that_never_ends_is_left(method: str) -> None:
    with (
        scripted(lambda request: Answer(307, headers={"Location": "/again"})) as server,
        pytest.raises(Invalid) as raised,
    ):
        Http({}).send(_origin(server), method, "/", READ, {})
    assert raised.value.code == "repository-moved"
    assert len(server.requests) == 4


AWAY = [
    "http://{host}:1/x",
    "https://{authority}/x",
    "//other.example.com/x",
    "http://{authority}@evil.example/x",
]


@pytest.mark.parametrize("location", AWAY)
@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_away_is_not_followed(location: str, status: int) -> None:
    with scripted(lambda request: Answer(status, headers={"Location": target})) as server:
        origin = _origin(server)
        target = location.format(host=origin.host, authority=origin.authority)
        with pytest.raises(Invalid) as raised:
            Http({}).send(origin, "GET", "/", READ, {"Authorization": "token x"})
    assert raised.value.code == "repository-moved"
    assert len(server.requests) == 1


def test_a_write_is_not_turned_into_a_read_by_a_redirect() -> None:
    with scripted(lambda request: Answer(302, headers={"Location": "/other"})) as server:
        with pytest.raises(Invalid):
            Http({}).send(_origin(server), "POST", "/", WRITE, {}, b"{}")
        assert len(server.requests) == 1


def test_packed_answers_are_refused() -> None:
    packed = gzip.compress(b"[]")
    with (
        scripted(lambda request: Answer(200, packed, {"Content-Encoding": "gzip"})) as server,
        pytest.raises(Unavailable) as raised,
    ):
        Http({}).send(_origin(server), "GET", "/", READ, {})
    assert raised.value.code == "bad-forge-answer"


def test_waiting_for_a_busy_host_is_bounded() -> None:
    slept: list[float] = []
    with scripted(lambda request: Answer(429, headers={"Retry-After": "7"})) as server:
        reply = Http({}, sleep=slept.append).send(_origin(server), "GET", "/", READ, {})
    assert (reply.status, slept, len(server.requests)) == (429, [7, 7], 3)


def test_the_proxy_of_the_environment_is_used_and_its_password_not_sent_on() -> None:
    with scripted(lambda request: Answer(200, request.path.encode())) as proxy:
        with_login = proxy.url.replace("://", "://user:p%40ss@")
        origin = Origin("http", "git.example.com", 80)
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            reply = Http({name: with_login}).send(origin, "GET", "/x", READ, {})
            assert reply.body == b"http://git.example.com/x"
        assert proxy.requests[0].headers["proxy-authorization"] == "Basic dXNlcjpwQHNz"


def test_no_proxy_leads_around_the_proxy() -> None:
    with (
        scripted(lambda request: Answer(200, b"direct")) as server,
        scripted(lambda request: Answer(500)) as proxy,
    ):
        environ = {"http_proxy": proxy.url, "no_proxy": "localhost,127.0.0.1"}
        assert Http(environ).send(_origin(server), "GET", "/", READ, {}).body == b"direct"
        assert proxy.requests == []


def test_a_proxy_that_is_not_supported_is_named() -> None:
    with pytest.raises(Unavailable) as raised:
        Http({"https_proxy": "socks5://user:secret@127.0.0.1:1"}).send(
            Origin("https", "git.example.com", 443), "GET", "/", READ, {}
        )
    assert "socks5" in raised.value.message
    assert "secret" not in raised.value.message


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key, pem = tmp_path / "key.pem", tmp_path / "cert.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*command, "-keyout", key, "-out", pem], check=True, capture_output=True)
    return key, pem


@pytest.mark.parametrize("variable", ["GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_certificate_authorities_of_the_environment_count(
    certificate: tuple[Path, Path], variable: str
) -> None:
    key, pem = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)

    def talk(client: socket.socket) -> None:
        with context.wrap_socket(client, server_side=True) as secured:
            seen = b""
            while not seen.endswith(b"{}"):
                seen += _more(secured)
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    with _tls(talk) as origin:
        with pytest.raises(Unavailable) as raised:
            Http({}).send(origin, "POST", "/", WRITE, {}, b"{}")
        assert not raised.value.outcome_unknown
        assert "certificate" in raised.value.message
        assert Http({variable: str(pem)}).send(origin, "POST", "/", WRITE, {}, b"{}").body == b"ok"


@contextmanager
def _tls(talk: Callable[[socket.socket], None]) -> Iterator[Origin]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(2):
                client, _address = listener.accept()
                try:
                    talk(client)
                except OSError:
                    client.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Origin("https", "127.0.0.1", listener.getsockname()[1])
        thread.join(60)


def test_missing_certificate_authorities_are_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as raised:
        Http({"GIT_SSL_CAINFO": str(tmp_path / "none.pem")}).send(
            Origin("https", "git.example.com", 443), "GET", "/", READ, {}
        )
    assert "none.pem" in raised.value.message


ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
PULL = {
    "number": 1,
    "html_url": "https://x/1",
    "state": "open",
    "mergeable": True,
    "head": {"label": "rapt/x", "sha": "1" * 40, "repo_id": 1},
    "base": {"label": "main", "repo_id": 1},
}
HOSTILE = [
    b"<html>Sign in</html>",
    b"",
    b"{",
    b"[" * 200_000,
    b"42",
    b'"text"',
    b"{}",
    json.dumps([1, 2]).encode(),
    json.dumps([PULL | {"number": "x"}]).encode(),
    json.dumps([PULL | {"number": 10**400}]).encode(),
    json.dumps([PULL | {"html_url": "javascript:alert(1)"}]).encode(),
    json.dumps([PULL | {"head": {"label": "rapt/x", "sha": "../..", "repo_id": 1}}]).encode(),
    json.dumps([PULL | {"head": {"label": "rapt/\x1b[2J", "sha": "1" * 40, "repo_id": 1}}]).encode(),
    json.dumps([PULL | {"head": ["rapt/x"]}]).encode(),
    json.dumps([PULL | {"mergeable": "yes"}]).encode(),
    json.dumps([PULL | {"labels": {"a": 1}}]).encode(),
    json.dumps([PULL | {"title": "x" * 2_000_000}]).encode(),
]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: str(body[:60]))
@pytest.mark.parametrize("kind", ["gitea", "github", "gitlab"])
def test_hostile_answers_are_told_in_one_line(kind: str, body: bytes) -> None:
    with scripted(lambda request: Answer(200, body)) as server:
        address = Address(f"{server.url}/team/config", kind)
        with pytest.raises(RaptError) as raised:
            list(Forges(ENVIRON).pull_requests(address, "rapt/"))
    assert raised.value.code in ("bad-forge-answer", "no-forge-repository")
    assert raised.value.message.isprintable()


def test_lists_that_never_end_are_left() -> None:
    def script(request: Request) -> Answer:
        foreign = PULL | {"head": {"label": "other", "sha": "1" * 40, "repo_id": 2}}
        return Answer(
            200, json.dumps([foreign]).encode(), {"Link": '<http://evil.example/?page=2>; rel="next"'}
        )

    with scripted(script) as server:
        with pytest.raises(Unavailable) as raised:
            list(Forges(ENVIRON).pull_requests(Address(f"{server.url}/team/config", "gitea"), "rapt/"))
        assert len(server.requests) <= 200
    assert raised.value.code == "bad-forge-answer"


def test_a_broken_answer_to_a_write_leaves_its_outcome_unknown() -> None:
    def script(request: Request) -> Answer:
        if request.method == "POST":
            return Answer(201, b"<html>")
        if request.path.endswith("/team/config"):
            return Answer(200, b'{"default_branch": "main"}')
        return Answer(404, b"{}")

    with scripted(script) as server, pytest.raises(Unavailable) as raised:
        Forges(ENVIRON).propose(
            Address(f"{server.url}/team/config", "gitea"), Proposal("rapt/x", "main", "Title", "Body")
        )
    assert raised.value.outcome_unknown


FOUND = [
    ("/api/v1/version", 200, {"version": "1.26.0"}, {}, "gitea"),
    ("/api/v1/version", 403, {"message": "Only signed in user is allowed to call APIs."}, {}, "gitea"),
    ("/api/v4/version", 401, {"message": "401 Unauthorized"}, {}, "gitlab"),
    ("/api/v3/meta", 200, {"verifiable_password_authentication": True}, {}, "github"),
    ("/api/v3/meta", 401, {"message": "Must authenticate"}, {"X-GitHub-Request-Id": "1"}, "github"),
    ("/other", 200, {}, {}, "none"),
]


@pytest.mark.parametrize(("path", "status", "body", "headers", "kind"), FOUND)
def test_which_forge_it_is_is_asked_once_and_anonymously(
    path: str, status: int, body: object, headers: dict[str, str], kind: str
) -> None:
    def script(request: Request) -> Answer:
        if request.path == path:
            return Answer(status, json.dumps(body).encode(), headers)
        return Answer(404, b"<html>not found</html>")

    with scripted(script) as server:
        forges = Forges(ENVIRON)
        address = Address(server.url.replace("://", "://robin:s3cret@") + "/team/config.git")
        assert forges.kind(address) == kind
        asked = len(server.requests)
        assert forges.kind(Address(f"{server.url}/team/other")) == kind
        assert len(server.requests) == asked
    assert not any("authorization" in request.headers for request in server.requests)


def test_pages_for_everything_are_no_forge() -> None:
    with scripted(lambda request: Answer(200, b"<html>Welcome</html>")) as server:
        address = Address(f"{server.url}/team/config")
        forges = Forges(ENVIRON)
        assert forges.kind(address) == "none"
        assert forges.pull_request(address, "x") is None
        assert list(forges.pull_requests(address, "")) == []
        with pytest.raises(Invalid) as raised:
            forges.propose(address, Proposal("x", "main", "Title", "Body"))
        assert raised.value.code == "no-forge"


@pytest.mark.parametrize(
    "url", ["/srv/config.git", "file:///srv/config.git", "ssh://git@127.0.0.1:1/team/config"]
)
def test_plain_git_is_no_forge(url: str) -> None:
    assert Forges(ENVIRON, timeouts=QUICK).kind(Address(url)) == "none"


def test_a_command_does_not_wait_long_to_learn_that_an_ssh_host_has_no_web_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environ = {**ENVIRON, "https_proxy": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        begun = time.monotonic()
        assert Forges(environ).kind(Address("ssh://git@git.example.com/team/config")) == "none"
        assert time.monotonic() - begun < 15


def test_an_http_host_that_is_down_is_not_taken_for_plain_git() -> None:
    with pytest.raises(Unavailable):
        Forges(ENVIRON).kind(Address("http://127.0.0.1:1/team/config"))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(Invalid) as raised:
        Forges(ENVIRON).kind(Address("https://git.example.com/team/config", "bitbucket"))
    assert raised.value.code == "bad-forge"


def test_public_hosts_are_known_without_asking() -> None:
    assert Forges({"https_proxy": "http://127.0.0.1:1"}).kind(Address("git@github.com:a/b")) == "github"
    assert Forges({"https_proxy": "http://127.0.0.1:1"}).kind(Address("https://gitlab.com/a/b/c")) == "gitlab"


@pytest.mark.parametrize(
    "trouble", [Answer(is_lost=True), Answer(500), Answer(502, b"<html>Bad Gateway</html>")]
)
def test_a_question_is_asked_again_and_what_may_change_something_is_not(trouble: Answer) -> None:
    told = iter([trouble, trouble, Answer(200, b"[]")])
    pauses: list[float] = []
    with scripted(lambda request: next(told)) as server:
        http = Http({}, sleep=pauses.append)
        assert http.send(_origin(server), "GET", "/", READ, {}).body == b"[]"
        assert pauses == [0.1, 0.2]
        told = iter([trouble, Answer(200, b"[]")])
        try:
            assert http.send(_origin(server), "POST", "/", WRITE, {}, b"{}").status == trouble.status
        except Unavailable as error:
            assert error.outcome_unknown
        assert len(server.requests) == 4


def test_a_question_that_is_never_answered_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(lambda request: Answer(is_lost=True)) as server:
        with pytest.raises(Unavailable) as raised:
            Http({}, sleep=lambda seconds: None).send(_origin(server), "GET", "/", READ, {})
        assert len(server.requests) == 6
    assert (raised.value.code, raised.value.outcome_unknown) == ("forge-down", False)


def test_a_forge_behind_a_gateway_that_fails_is_not_taken_for_plain_git() -> None:
    with (
        scripted(lambda request: Answer(503, b"upstream is gone")) as server,
        pytest.raises(Unavailable) as raised,
    ):
        Forges({}, sleep=lambda seconds: None).kind(Address(f"{server.url}/team/config.git"))
    assert raised.value.code == "forge-down"
