"""Whole numbers in texts that anybody may have written: an annotation, a field of a ConfigMap."""

_MOST = 15
"""As many digits as every reader of JSON keeps; Python refuses thousands of them with an error."""


def whole(text: str) -> int | None:
    """The number that ASCII digits spell; None for everything else, such as ``²``, which Python calls a digit too."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST else None
