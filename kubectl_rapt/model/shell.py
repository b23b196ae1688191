"""Commands that are shown to be copied: each value in them is one word for a shell, whatever it holds."""

from collections.abc import Iterable

BLANK = "…"
"""Stands for what only the reader knows, or for what cannot be shown: the reader fills it in."""


def word(value: str) -> str:
    """A value as one word of a command that is shown, whoever wrote the value.

    Args:
        value: A name, a text or a path. It may come from the cluster, from git or from a registry.

    Returns:
        The value, quoted for a shell where it needs that. ``…`` if it holds characters that a terminal does not show,
        such as a line's end, or if a command would read it as a flag.
    """
    return BLANK if value.startswith("-") else quoted(value)


def quoted(value: str) -> str:
    """A word of a command as a shell takes it; it may be a flag.

    Returns:
        ``…`` in place of a word, or of the value in ``NAME=VALUE``, that holds characters which are not shown.
    """
    if not value.isprintable():
        name, equals, _ = value.partition("=")
        return f"{quoted(name)}={BLANK}" if equals and name.isprintable() else BLANK
    plain = value.replace(BLANK, "x")  # which no shell takes for anything but itself
    if plain.isalnum():
        return value
    import shlex

    return value if shlex.quote(plain) == plain else shlex.quote(value)


def join(words: Iterable[str]) -> str:
    """A command of those words, each quoted as by ``quoted``."""
    return " ".join(map(quoted, words))
