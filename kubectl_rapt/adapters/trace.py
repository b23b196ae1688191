"""What ``-v`` shows: requests and git's commands from 6 on, headers from 7, bodies from 8; secrets never."""

import time
from collections.abc import Callable, Mapping, Sequence

REQUESTS, HEADERS, BODIES, WHOLE = 6, 7, 8, 9
_SHOWN = 1024
"""So many characters of a body, as kubectl's; ``WHOLE`` shows all of them."""


class Trace:
    """Tells what is asked of the outside, and what it answered.

    Args:
        level: How much, in kubectl's numbers.
        tell: Takes one line each.
    """

    def __init__(self, level: int = 0, tell: Callable[[str], None] = lambda line: None) -> None:
        self._level, self._tell = level, tell

    def request(
        self,
        method: str,
        target: str,
        began_at: float,
        status: int | None,
        *,
        sent: Mapping[str, str] | None = None,
        body: bytes = b"",
        answer: Callable[[], bytes] = bytes,
    ) -> None:
        """One request that has ended.

        Args:
            method: ``GET`` and so on.
            target: Its path, or its whole address.
            began_at: When, in ``time.monotonic()`` seconds.
            status: Of the answer; None where there was none.
            sent: The request's headers.
            body: Its body.
            answer: Makes the answer's body, unpacked.
        """
        if self._level < REQUESTS:
            return
        from kubectl_rapt.guard import masking, secrets

        said = status if status is not None else "no answer"
        self._tell(f"{method} {secrets.redact(target)}  {said} in {_ms(began_at)} ms")
        if self._level >= HEADERS:
            for name, value in (sent or {}).items():
                self._tell(f"  {name}: {masking.header(name, value)}")
        if self._level >= BODIES:
            for sign, content in ((">", body), ("<", answer())):
                if content:
                    self._tell(f"  {sign} {self._cut(masking.body(content))}")

    def command(self, words: Sequence[str], began_at: float, code: int | None, about: str = "") -> None:
        """One command that has ended.

        Args:
            words: The program and its arguments.
            began_at: When, in ``time.monotonic()`` seconds.
            code: Its exit code; None where it was ended.
            about: What it was for, such as an address without its credentials.
        """
        if self._level < REQUESTS:
            return
        from kubectl_rapt.guard import secrets

        where = f" ({about})" if about else ""
        ended = "ended" if code is None else f"exit code {code}"
        self._tell(f"{secrets.redact(' '.join(words))}{where}  {ended} in {_ms(began_at)} ms")

    def _cut(self, text: str) -> str:
        if self._level >= WHOLE or len(text) <= _SHOWN:
            return text
        return f"{text[:_SHOWN]} … {len(text) - _SHOWN} more characters: -v={WHOLE}"


def _ms(began_at: float) -> str:
    return f"{(time.monotonic() - began_at) * 1000:.0f}"


SILENT = Trace()
