"""Kubernetes' own expansion of ``$(NAME)``, to hold rendered Jobs against."""

from collections.abc import Callable


def expand(text: str, lookup: Callable[[str], str]) -> str:
    """``third_party/forked/golang/expansion/expand.go`` of Kubernetes, in Python."""
    data, out, cursor, checkpoint = text, "", 0, 0
    while cursor < len(data):
        if data[cursor] == "$" and cursor + 1 < len(data):
            out += data[checkpoint:cursor]
            read, is_variable, advance = _try_read(data[cursor + 1 :])
            out += lookup(read) if is_variable else read
            cursor += advance
            checkpoint = cursor + 1
        cursor += 1
    return out + data[checkpoint:]


def _try_read(data: str) -> tuple[str, bool, int]:
    if data[0] == "$":
        return "$", False, 1
    if data[0] == "(":
        end = data.find(")", 1)
        return (data[1:end], True, end + 1) if end >= 0 else ("$(", False, 1)
    return "$" + data[0], False, 1
