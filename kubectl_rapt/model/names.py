"""Names: which are valid, how long ones are cut, random endings, and the nearest to a mistyped one."""

import re
from collections.abc import Iterable

SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Kubernetes' own: no vowels, so no words; nothing that looks like something else."""
MAX_LABEL = 63
MAX_SUBDOMAIN = 253

LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_HASH_LENGTH = 8
_SUFFIX_LENGTH = 5


def is_dns_label(name: str) -> bool:
    """Whether it is a DNS label as Kubernetes defines it (RFC 1123, lower case, at most 63 characters)."""
    return len(name) <= MAX_LABEL and LABEL.fullmatch(name) is not None


def is_dns_subdomain(name: str) -> bool:
    """Whether it is a DNS subdomain as Kubernetes defines it: at most 253 characters, labels joined by dots."""
    return len(name) <= MAX_SUBDOMAIN and all(LABEL.fullmatch(part) for part in name.split("."))


def shorten(name: str, limit: int, room: int = 0) -> str:
    """A DNS label for a name: as it is where it fits, otherwise cut, with a hash of the whole name.

    Args:
        name: Any text.
        limit: The greatest length of the label, at most 63.
        room: Characters to leave free for what will be appended, such as an index; at least 9 must remain.

    Returns:
        The same label for the same arguments, always; other names get other labels.
    """
    length = limit - room
    if not _HASH_LENGTH < length <= MAX_LABEL:
        raise ValueError(f"a label of {length} characters has no place for a name and its hash")
    if len(name) <= length and is_dns_label(name):
        return name
    import hashlib

    end = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    begin = re.sub("[^a-z0-9]+", "-", name.lower())[: length - _HASH_LENGTH - 1].strip("-")
    return f"{begin}-{end}" if begin else end


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """What was probably meant: the candidate most like the word, if one is like it at all.

    Case does not count; of equals the first is taken.
    """
    import difflib

    spelled: dict[str, str] = {}
    for candidate in candidates:
        spelled.setdefault(candidate.lower(), candidate)
    found = difflib.get_close_matches(word[:MAX_SUBDOMAIN].lower(), spelled, n=1)
    return spelled[found[0]] if found else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """``; did you mean: tries?`` where something is near, otherwise nothing: the end of a message."""
    found = nearest(word, candidates)
    return f"; did you mean: {found}?" if found else ""


def random_suffix(random_bytes: bytes) -> str:
    """Five characters that Kubernetes could have chosen.

    Args:
        random_bytes: At least 5 bytes, so that no ending is noticeably likelier than another.
    """
    if len(random_bytes) < 5:
        raise ValueError(f"5 random bytes are needed, not {len(random_bytes)}")
    number = int.from_bytes(random_bytes, "big")
    suffix = ""
    for _ in range(_SUFFIX_LENGTH):
        number, index = divmod(number, len(SAFE_ALPHABET))
        suffix += SAFE_ALPHABET[index]
    return suffix
