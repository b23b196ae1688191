"""HTTP/1.1 over a unix socket: just what speaks to ``kubectl proxy``.

The standard ``http.client`` brings ``ssl`` and ``email``, 12 to 25 ms of every command, and its streams are ruined
by a timeout; nothing of what ``socket`` adds to ``_socket``, in 4 ms, is used. The peer is Go's ``net/http``, so
the grammar needed is small (RFC 9112): a status line, headers, and a body that is counted, chunked, or ends with
the connection.
"""

import contextlib
import select
import time
import zlib
from _socket import AF_UNIX, SHUT_RDWR, SOCK_STREAM, socket
from collections.abc import Callable, Iterator, Mapping

_PIECE = 256 * 1024
_LONGEST_LINE = 64 * 1024

_ASK_AGAIN_SECONDS = 0.5

EndsAt = Callable[[float], float]
"""When to give up waiting, in ``time.monotonic()`` seconds, given when the waiting began. It is asked again and again
meanwhile, so that what another thread learns can cut the waiting short."""


class Cut(Exception):
    """The connection ended, or spoke no HTTP, before the answer was complete."""


class TooSlow(Exception):
    """The time for the answer, or for its next piece, is over."""


class Connection:
    """One connection, for one exchange after another.

    Args:
        path: The socket's path.

    Raises:
        Cut: Nobody listens there.
    """

    def __init__(self, path: str) -> None:
        self._buffer = b""
        self._read = 0
        self._socket = socket(AF_UNIX, SOCK_STREAM)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise Cut(str(error)) from error

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes, ends_at: float) -> None:
        """Send a whole request.

        Args:
            method: ``GET`` and so on.
            target: Path and query, encoded.
            headers: What to send besides Host and Content-Length.
            body: May be empty.
            ends_at: When to give up, in ``time.monotonic()`` seconds.
        """
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method not in ("GET", "DELETE"):
            lines.append(f"Content-Length: {len(body)}")
        remaining = ends_at - time.monotonic()
        if remaining <= 0:
            raise TooSlow
        self._socket.settimeout(remaining)
        try:
            self._socket.sendall("\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body)
        except TimeoutError as error:
            raise TooSlow from error
        except OSError:
            return  # a server may answer and close before it has read a body: reading tells

    def answer(self, ends_at: EndsAt) -> "Answer":
        """The next answer's status and headers; its body is read through it."""
        status = 100
        while status < 200:  # interim answers have no body
            words = self.line(ends_at).split(None, 2)
            if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
                raise Cut("that is no HTTP")
            status = int(words[1])
            headers: dict[str, str] = {}
            while line := self.line(ends_at):
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
        return Answer(self, status, headers)

    def is_stale(self) -> bool:
        """Whether an idle connection was closed by the other side meanwhile."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def interrupt(self) -> None:
        """End it from any thread: whoever reads from it sees it cut."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def line(self, ends_at: EndsAt) -> bytes:
        """The next line, without its end."""
        while (end := self._buffer.find(b"\n", self._read)) < 0:
            piece = self._receive(ends_at)
            if not piece or len(self._buffer) - self._read > _LONGEST_LINE:
                raise Cut("ended in a header")
            self._buffer = self._buffer[self._read :] + piece
            self._read = 0
        line = self._buffer[self._read : end]
        self._read = end + 1
        return line.removesuffix(b"\r")

    def some(self, limit: int, ends_at: EndsAt) -> bytes:
        """At most so many bytes of the body, as they come; empty at the end of the connection."""
        if self._read == len(self._buffer):
            self._buffer, self._read = self._receive(ends_at), 0
        piece = self._buffer[self._read : self._read + limit]
        self._read += len(piece)
        return piece

    def _receive(self, ends_at: EndsAt) -> bytes:
        since = time.monotonic()
        while True:
            remaining = ends_at(since) - time.monotonic()
            if remaining <= 0:
                raise TooSlow
            self._socket.settimeout(min(remaining, _ASK_AGAIN_SECONDS))
            try:
                return self._socket.recv(_PIECE)
            except TimeoutError:
                continue
            except OSError as error:
                raise Cut(str(error)) from error


class Body:
    """The whole body of an answer. Raises Cut where it cannot be unpacked."""

    def __init__(self, came: bytes = b"", is_packed: bool = False) -> None:
        self._came, self._is_packed = came, is_packed

    def whole(self) -> bytes:
        """All of it, unpacked."""
        return b"".join(self.pieces())

    def shown(self) -> bytes:
        """All of it, for people: as it came where it cannot be unpacked."""
        try:
            return self.whole()
        except Cut:
            return self._came

    def pieces(self) -> Iterator[bytes]:
        """It, unpacked bit by bit."""
        if not self._is_packed:
            for start in range(0, len(self._came), _PIECE):
                yield self._came[start : start + _PIECE]
            return
        unpack, packed = zlib.decompressobj(wbits=31), self._came
        try:
            while packed and not unpack.eof:
                yield unpack.decompress(packed, _PIECE)
                packed = unpack.unconsumed_tail
        except zlib.error as error:
            raise Cut(str(error)) from error
        if not unpack.eof:
            raise Cut("ended in a packed body")


class Answer:
    """A status, headers with lower-case names, and a body to be read once."""

    def __init__(self, connection: Connection, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.headers = headers
        self.is_complete = False
        self._connection = connection

    @property
    def may_reuse_connection(self) -> bool:
        """Whether the connection is ready for another exchange."""
        return self.is_complete and self.headers.get("connection", "").lower() != "close"

    def body(self, ends_at: float) -> "Body":
        """The whole body."""
        is_packed = self.headers.get("content-encoding") == "gzip"
        return Body(b"".join(self.pieces(lambda _: ends_at)), is_packed)

    def pieces(self, ends_at: EndsAt) -> Iterator[bytes]:
        """The body as it comes.

        Args:
            ends_at: Asked for each piece: when to give up on it.
        """
        if self.status in (204, 304):
            pass
        elif self.headers.get("transfer-encoding", "").lower() == "chunked":
            yield from self._chunks(ends_at)
        elif "content-length" in self.headers:
            yield from self._counted(self._number(self.headers["content-length"], 10), ends_at)
        else:
            while piece := self._connection.some(_PIECE, ends_at):
                yield piece
            return  # its end is the connection's
        self.is_complete = True

    def _chunks(self, ends_at: EndsAt) -> Iterator[bytes]:
        while size := self._number(self._connection.line(ends_at).partition(b";")[0].decode("latin-1"), 16):
            yield from self._counted(size, ends_at)
            self._connection.line(ends_at)
        while self._connection.line(ends_at):
            pass  # trailers

    def _counted(self, size: int, ends_at: EndsAt) -> Iterator[bytes]:
        while size:
            piece = self._connection.some(size, ends_at)
            if not piece:
                raise Cut("ended in a body")
            size -= len(piece)
            yield piece

    def _number(self, digits: str, base: int) -> int:
        try:
            return int(digits, base)
        except ValueError as error:
            raise Cut("the answer has an invalid length") from error
