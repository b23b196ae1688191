"""Which letters a terminal has: what is decoration of ours is written in ASCII where it has no others.

Nothing is imported: the help of a command needs it too.
"""

TYPE_CHECKING = False  # as type checkers know it; the real one is in ``typing``, which is not quick
if TYPE_CHECKING:
    from collections.abc import Mapping


def are_plain(environ: "Mapping[str, str]", encoding: str) -> bool:
    """Whether there is nothing but ASCII.

    Python takes the locale C for UTF-8, and says so to what it starts in ``LC_CTYPE``; the terminal is as it was.

    Args:
        environ: The process's environment.
        encoding: That of the stream.
    """
    told = environ.get("LC_ALL") or environ.get("LC_CTYPE", "") or environ.get("LANG", "")
    if told == "C.UTF-8" and not environ.get("LC_ALL") and environ.get("LANG", "") in ("", "C", "POSIX"):
        told = environ.get("LANG", "") or "C.UTF-8"
    is_spoken = encoding.lower().replace("-", "").startswith("utf")
    return not is_spoken or told in ("C", "POSIX")


def plain(text: str) -> str:
    """A text with our own decorations in ASCII."""
    return text.replace("…", "...")
