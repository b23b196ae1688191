"""Differences between files, as unified diffs."""

from collections.abc import Mapping

from kubectl_rapt.cli import terminal
from kubectl_rapt.model import visible


def unified(before: Mapping[str, bytes], after: Mapping[str, bytes | None]) -> str:
    """One unified diff of every file that differs, neutralised for a terminal."""
    import difflib

    lines: list[str] = []
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        lines.extend(
            difflib.unified_diff(
                _lines(old),
                _lines(new),
                f"a/{path}" if old is not None else "/dev/null",
                f"b/{path}" if new is not None else "/dev/null",
                lineterm="",
            )
        )
    return "\n".join(terminal.clean(line) for line in lines)


def _lines(content: bytes | None) -> list[str]:
    return visible.split((content or b"").decode("utf-8", "backslashreplace"))
