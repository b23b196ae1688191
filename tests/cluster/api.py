"""Asking an API server as the administrator, for what the cluster itself must know."""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.cluster.certificates import Pair


@dataclass(frozen=True)
class Api:
    """An API server and who we are there."""

    server: str
    ca: Path
    client: Pair

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """One request, one connection.

        Args:
            method: The HTTP method.
            path: The path, with its query.
            body: An object to send as JSON.

        Returns:
            The HTTP status, and the answer: decoded if it is JSON, else its text.

        Raises:
            OSError: The server cannot be reached, or not in twenty seconds.
        """
        context = ssl.create_default_context(cafile=str(self.ca))
        context.load_cert_chain(self.client.certificate, self.client.key)
        connection = http.client.HTTPSConnection(urlsplit(self.server).netloc, context=context, timeout=20)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()
        is_json = (response.getheader("Content-Type") or "").startswith("application/json")
        return response.status, json.loads(text) if is_json else text

    def is_ready(self) -> bool:
        """Whether the server says so itself; a server that cannot be reached is not."""
        try:
            return self.call("GET", "/readyz")[0] == 200
        except OSError:
            return False
