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

_PARTS = re.compile(r"[-_./@: ]+")
_LAST_NUMBER = re.compile(r"[-_.]?[0-9]+\Z")
_DIGIT = re.compile(r"[0-9]")
_SHORT, _LONG, _MOST_SLIPS = 3, 8, 2
_MOST_LEFT_OUT = 4


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


def as_label(name: str, otherwise: str = "name") -> str:
    """A DNS label to propose in place of a name that is none: ``Back up`` becomes ``back-up``."""
    return re.sub("[^a-z0-9]+", "-", name.lower())[: MAX_LABEL - 11].strip("-") or otherwise


def as_variable(name: str) -> str:
    """A name for an environment variable to propose in place of one that is none: ``1 a`` becomes ``_1_a``."""
    found = re.sub("[^-._A-Za-z0-9]", "_", name)
    return found if re.match("[A-Za-z_]", found) else f"_{found}"


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """What was probably meant: the candidate that one or two slips of the fingers away is, if there is one.

    Names that differ by a number or by a whole part, such as ``db-1`` and ``db-2``, or ``http-check`` and
    ``tcp-check``, are names of different things. Case does not count; of equals the first is taken.
    """
    typed = word[:MAX_SUBDOMAIN].lower()
    found: tuple[int, str] | None = None
    for candidate in candidates:
        slips = _slips(typed, candidate.lower())
        if slips is not None and (found is None or slips < found[0]):
            found = slips, candidate
    return found[1] if found else None


def nearest_id(word: str, candidates: Iterable[str]) -> str | None:
    """The only id that one slip of the fingers makes of a word, or that begins with it.

    In an id a digit means no more than a letter does, so that ``nearest`` would find too little.
    """
    near = [
        one
        for one in candidates
        if _distance(word.lower(), one, 1) is not None or (len(word) >= _SHORT and one.startswith(word))
    ]
    return near[0] if len(near) == 1 else None


def _slips(word: str, other: str) -> int | None:
    """How many slips make one of the other; None if they are too many for words of that length."""
    if word == other:
        return 0
    if _PARTS.sub("", word) == _PARTS.sub("", other):
        return 1  # ``outofmemory``, ``time_zone``
    if _DIGIT.sub("0", word) == _DIGIT.sub("0", other):
        return None
    if _LAST_NUMBER.sub("", word) == _LAST_NUMBER.sub("", other):
        return None
    short, long = sorted((word, other), key=len)
    if len(short) >= _SHORT and len(long) - len(short) <= _MOST_LEFT_OUT and long.startswith(short):
        return _MOST_SLIPS  # ``fail`` for ``failed``, ``runtime`` for ``run``
    words, others = _PARTS.split(word), _PARTS.split(other)
    if len(words) != len(others):
        words, others = [word], [other]
    total = 0
    for one, another in zip(words, others, strict=True):
        most = _most_slips(one, another)
        slips = _distance(one, another, most)
        if slips is None:
            return None
        total += slips
    return total if total <= _MOST_SLIPS else None


def _most_slips(one: str, another: str) -> int:
    longest = max(len(one), len(another))
    if longest <= _SHORT and one[:1] != another[:1]:
        return 0  # ``get`` and ``set`` are two words
    return 0 if longest < _SHORT else 1 if longest < _LONG else 2


def _distance(one: str, another: str, most: int) -> int | None:
    """Letters left out, added, taken for others, and neighbours swapped; None if that is more than ``most``.

    The optimal string alignment distance (Damerau 1964, restricted), by dynamic programming.
    """
    if one == another:
        return 0
    if abs(len(one) - len(another)) > most or len(set(one) ^ set(another)) > 2 * most:
        return None
    before: list[int] = []
    last = list(range(len(another) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, other in enumerate(another, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == another[j - 2] and one[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1] if last[-1] <= most else None


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
