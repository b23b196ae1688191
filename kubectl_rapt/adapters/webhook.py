"""Telling somebody over HTTP: ``ports.notify.Notifier``."""

import random
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from kubectl_rapt.adapters import authorities
from kubectl_rapt.adapters.trace import SILENT, Trace
from kubectl_rapt.errors import Refused, Unavailable

_TRIES = 3
_TIMEOUT_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 5.0
_READ_AT_MOST = 4096


class Webhook:
    """Posts with a time limit and a few tries; redirects are not followed: they would take the message elsewhere.

    Args:
        timeout_seconds: How long one try may take.
        pause_seconds: How long to wait before the second try; longer before the third.
        trace: Is told of every request.
    """

    def __init__(
        self,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        pause_seconds: float = 1.0,
        trace: Trace = SILENT,
    ) -> None:
        self._timeout_seconds, self._pause_seconds, self._trace = timeout_seconds, pause_seconds, trace
        self._pool = PoolManager(ssl_context=authorities.context())

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """See the port."""
        why = ""
        for attempt in range(_TRIES):
            if attempt:
                longest = min(_LONGEST_PAUSE_SECONDS, self._pause_seconds * 2 ** (attempt - 1))
                time.sleep(longest * random.uniform(0.5, 1))
            began_at, status = time.monotonic(), None
            try:
                status = self._send(url, body, headers)
            except HTTPError as error:
                why = type(error).__name__
                continue
            finally:
                # The path of a webhook is as good as a password.
                host = urlsplit(url).netloc.rpartition("@")[2]
                self._trace.request("POST", f"https://{host}/…", began_at, status, body=body)
            if 200 <= status < 300:
                return
            if status < 500 and status not in (408, 425, 429):
                raise Refused(
                    "webhook-refused",
                    f"the webhook does not take this: it answered {status}",
                    "check its address",
                )
            why = f"it answered {status}"
        raise Unavailable(
            "webhook-silent", f"the webhook cannot be told: {why}", "the next pass tells it again"
        )

    def _send(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        answer = self._pool.request(
            "POST",
            url,
            body=body,
            headers=dict(headers),
            timeout=Timeout(total=self._timeout_seconds),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            # What it says is of no interest, and a little of it lets the connection be used again.
            answer.read(_READ_AT_MOST)
            return int(answer.status)
        finally:
            answer.close()
