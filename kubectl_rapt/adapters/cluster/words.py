"""Text that came from outside, made fit for one line of a message."""

import re

_ESCAPES = r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b."


def one_line(text: str, limit: int = 300) -> str:
    """The text on one line without escapes, control and direction characters, its middle cut out where it is long."""
    plain = "".join(sign if sign.isprintable() else " " for sign in re.sub(_ESCAPES, "", text))
    words = " ".join(plain.split())
    if len(words) <= limit:
        return words
    return f"{words[: limit // 2]} … {words[-(limit // 2 - 3) :]}"
