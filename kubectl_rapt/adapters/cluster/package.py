"""The API server without kubectl: a socket like the one of ``kubectl proxy``, behind which the package sends on.

Inside a pod there is no kubectl, and the ``kubernetes`` package knows the pod's own account. Everything above the
socket is the same as anywhere else. The package takes a second to import: it is only where there is no kubectl.
"""

import contextlib
import json
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler
from importlib.util import find_spec
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
_PIECE = 64 * 1024
_CONNECT_SECONDS = 30.0
_PER_HOP = ("connection", "content-length", "host", "keep-alive", "transfer-encoding")


def is_possible(flags: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether there is the package, and an account that it can use: the pod's, or one of a kubeconfig.

    Args:
        flags: kubectl's flags.
        environ: The process's environment.
    """
    if find_spec("kubernetes") is None:  # krew's archive has none
        return False
    return _in_pod(flags, environ) or any(Path(path).is_file() for path in _files(flags, environ))


def _in_pod(flags: Sequence[str], environ: Mapping[str, str]) -> bool:
    named = any(flag.startswith(("--kubeconfig=", "--context=")) for flag in flags)
    return (
        not named
        and not environ.get("KUBECONFIG")
        and bool(environ.get("KUBERNETES_SERVICE_HOST"))
        and _ACCOUNT.exists()
    )


def _files(flags: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    given = _given(flags).get("--kubeconfig") or environ.get("KUBECONFIG", "")
    home = environ.get("HOME", "")
    return [path for path in (given or f"{home}/.kube/config").split(os.pathsep) if path]


def _given(flags: Sequence[str]) -> dict[str, str]:
    return dict(flag.split("=", 1) for flag in flags)


class Said:
    """What would have been said by a process that has ended well.

    Args:
        text: At most what a pipe holds.
    """

    folder = ""

    def __init__(self, text: bytes) -> None:
        self.heard, says = os.pipe()
        os.write(says, text)
        os.close(says)

    def wait(self) -> int:
        """Its exit status."""
        return self.close()

    def close(self) -> int:
        """Its exit status."""
        if self.heard >= 0:
            os.close(self.heard)
            self.heard = -1
        return 0


class Relay:
    """A socket in a private folder, behind which the package speaks to the API server.

    Args:
        flags: kubectl's flags for cluster and user.
        folder: The folder, which is removed in the end.
    """

    def __init__(self, flags: Sequence[str], folder: str) -> None:
        self.folder = folder
        self.heard, self._says = os.pipe()
        self._flags = flags
        self._server: _Server | None = None
        self._starting = threading.Thread(target=self._start, daemon=True)
        self._starting.start()

    def view(self) -> Said:
        """What ``kubectl config view --minify`` would say."""
        if _in_pod(self._flags, os.environ):
            return Said(b"{}")
        from kubernetes import config

        given = _given(self._flags)
        contexts, current = config.list_kube_config_contexts(self._config_file())
        current = next((one for one in contexts if one["name"] == given.get("--context")), current)
        server = _configuration(self._flags).host
        clusters = [{"name": current["context"].get("cluster"), "cluster": {"server": server}}]
        found = {"current-context": current["name"], "contexts": [current], "clusters": clusters}
        return Said(json.dumps(found).encode())

    def close(self) -> int:
        """End it, and remove its folder."""
        if self.heard >= 0:
            self._starting.join()
            os.close(self.heard)
            self.heard = -1
            if self._server:
                self._server.shutdown()
                self._server.server_close()
            shutil.rmtree(self.folder, ignore_errors=True)
        return 0

    def _config_file(self) -> str | None:
        return _given(self._flags).get("--kubeconfig")

    def _start(self) -> None:
        """Listen, and say so; say why not in the file where kubectl would have complained."""
        try:
            self._server = _Server(
                f"{self.folder}/s", _configuration(self._flags), _impersonation(self._flags)
            )
            threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
            os.write(self._says, b"ready\n")
        except (
            Exception
        ) as error:  # this thread's outermost: whatever a kubeconfig leads to is for the person
            with contextlib.suppress(OSError):  # a full disk, which whoever reads it finds out
                Path(self.folder, "complaints").write_text(f"error: {error}".replace("\n", " "))
        finally:
            os.close(self._says)


def _configuration(flags: Sequence[str]) -> Any:
    from kubernetes import client, config

    found = client.Configuration()
    if _in_pod(flags, os.environ):
        config.load_incluster_config(client_configuration=found)
        return found
    given = _given(flags)
    config.load_kube_config(
        config_file=given.get("--kubeconfig"),
        context=given.get("--context"),
        client_configuration=found,
        persist_config=False,
    )
    return found


def _impersonation(flags: Sequence[str]) -> list[tuple[str, str]]:
    names = {"--as": "Impersonate-User", "--as-group": "Impersonate-Group"}
    pairs = (flag.split("=", 1) for flag in flags)
    return [(names[name], value) for name, value in pairs if name in names]


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: str, configuration: Any, impersonation: Sequence[tuple[str, str]]) -> None:
        from kubernetes import client

        self._client = client.ApiClient(configuration)
        self._impersonation = impersonation
        super().__init__(path, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked has gone, or sees the connection cut."""

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Any:
        """Send one request on; its answer, of which only the head was read."""
        from urllib3 import HTTPHeaderDict, Timeout

        account: dict[str, str] = {}
        self._client.update_params_for_auth(account, [], ["BearerToken"])
        sent = HTTPHeaderDict({**headers, **account})
        for name, value in self._impersonation:
            sent.add(name, value)
        return self._client.rest_client.pool_manager.request(
            method,
            f"{self._client.configuration.host.rstrip('/')}{target}",
            headers=sent,
            body=body,
            preload_content=False,
            decode_content=False,
            redirect=False,
            retries=False,
            timeout=Timeout(connect=_CONNECT_SECONDS, read=None),
        )


class _Handler(BaseHTTPRequestHandler):
    """One connection of the door's: requests one after the other."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def address_string(self) -> str:
        """A unix socket's other end has no address."""
        return ""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: the door tells what went wrong."""

    def do_GET(self) -> None:
        """Pass a request on, and its answer back as it comes."""
        from urllib3 import exceptions

        headers = {name: value for name, value in self.headers.items() if name.lower() not in _PER_HOP}
        size = int(self.headers.get("Content-Length") or 0)
        try:
            body = self.rfile.read(size) if size else None
            answer = self.server.ask(self.command, self.path, headers, body)
        except (exceptions.NewConnectionError, exceptions.ConnectTimeoutError) as error:
            self._refuse(f"dial tcp: {error}")  # in kubectl's words for what was never sent
        except exceptions.SSLError as error:
            self._refuse(f"x509: {error}")
        except exceptions.HTTPError:
            self.close_connection = True  # nobody knows whether it was done
        else:
            with contextlib.closing(answer):
                self._pass_back(answer)

    do_POST = do_PATCH = do_DELETE = do_PUT = do_GET  # noqa: N815 - http.server's names

    def _refuse(self, why: str) -> None:
        text = why.encode()
        self.send_response_only(500)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _pass_back(self, answer: Any) -> None:
        from urllib3.exceptions import HTTPError

        size = answer.headers.get("Content-Length")
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _PER_HOP:
                self.send_header(name, value)
        if size is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", size)
        self.end_headers()
        try:
            for piece in answer.stream(_PIECE, decode_content=False):
                if piece:
                    self.wfile.write(piece if size is not None else b"%x\r\n%s\r\n" % (len(piece), piece))
            if size is None:
                self.wfile.write(b"0\r\n\r\n")
        except (OSError, HTTPError):  # cut on either side: the other one shall see it
            self.close_connection = True
