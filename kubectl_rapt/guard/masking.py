"""What a trace may show of a request and of its answer, and what is kept of a log: all but the secrets in them."""

import json
import re
from collections.abc import Mapping
from typing import Any

from kubectl_rapt.guard import secrets
from kubectl_rapt.guard.secrets import HIDDEN

_SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "set-cookie", "private-token")


def header(name: str, value: str) -> str:
    """The value of a header."""
    is_secret = name.lower() in _SECRET_HEADERS or secrets.is_name(name)
    return HIDDEN if is_secret else secrets.redact(value)


_END_OF_KEY = re.compile(r"-----END[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_BASE64 = re.compile(r"[A-Za-z0-9+/=]+")


def log(text: str) -> str:
    """The end of a log as it is kept: what looks like a secret is ``***``.

    Args:
        text: Its last lines; a private key may have begun before them.
    """
    found = _END_OF_KEY.search(text) if "PRIVATE KEY" in text else None
    if found and "-----BEGIN" not in text[: found.start()]:
        lines = text[: found.start()].split("\n")
        while lines and (not lines[-1] or _BASE64.fullmatch(lines[-1])):
            lines.pop()
        text = "".join(f"{line}\n" for line in lines) + HIDDEN + text[found.end() :]
    return secrets.redact(text)


def kept(content: bytes) -> bytes:
    """The same of bytes: those that are no UTF-8 stay as they are."""
    return log(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def texts(data: Any) -> Any:
    """JSON data with each of its texts as ``log`` makes it."""
    match data:
        case Mapping():
            return {key: texts(one) for key, one in data.items()}
        case list():
            return [texts(one) for one in data]
        case str():
            return log(data)
    return data


def body(content: bytes) -> str:
    """A body: JSON without the data of Secrets, what is called a token or password, and what looks like one."""
    try:
        return json.dumps(masked(json.loads(content)), ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return secrets.redact(content.decode("utf-8", "replace"))


def masked(data: Any, called: str = "", *, in_secret: bool = False) -> Any:
    """The same JSON data, without secrets.

    Args:
        data: Texts, lists and mappings.
        called: Its name: the key before it, the variable whose value it is, the flag before it.
        in_secret: Whether it is of a list of Secrets, whose items do not say their kind.
    """
    match data:
        case Mapping():
            return {key: _field(data, str(key), in_secret=in_secret) for key in data}
        case list():
            before = ["", *(one if isinstance(one, str) else "" for one in data)]
            return [
                masked(one, flag.lstrip("-") if flag.startswith("-") else called, in_secret=in_secret)
                for one, flag in zip(data, before, strict=False)
            ]
        case str():
            return HIDDEN if data and secrets.is_name(called) else secrets.redact(data)
    return data


def _field(whole: Mapping[str, Any], key: str, *, in_secret: bool) -> Any:
    kind = whole.get("kind")
    is_secret = kind == "Secret" or (in_secret and "metadata" in whole and kind is None)
    # Its annotations may hold the whole object once more: ``kubectl apply`` leaves it there.
    if (is_secret and key in ("data", "stringData")) or (in_secret and key == "annotations"):
        return _hidden(whole[key])
    called = whole.get("name") if key in ("value", "default") else key
    return masked(
        whole[key],
        called if isinstance(called, str) else key,
        in_secret=in_secret or is_secret or kind == "SecretList",
    )


def _hidden(data: Any) -> Any:
    """Every value of a mapping, and anything else as a whole."""
    return dict.fromkeys(data, HIDDEN) if isinstance(data, Mapping) else HIDDEN
