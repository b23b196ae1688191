"""Lengths of time in whole seconds: ``90s``, ``1h30m``, ``30d``."""

import re
from dataclasses import dataclass

_DURATION = re.compile(r"(?=.)(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
MAX_SECONDS = 2**31 - 1
"""What Kubernetes keeps in a Job's TTL; 68 years."""


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time; prints in the largest units, ``1m30s`` for 90 seconds.

    Args:
        seconds: Whole seconds, never negative.
    """

    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Duration":
        """Read days, hours, minutes and seconds, in this order, each at most once.

        Raises:
            ValueError: Why it is no duration.
        """
        found = _DURATION.fullmatch(text)
        if not found:
            raise ValueError("a duration is written like 90s, 10m, 1h30m or 30d")
        if len(text) > 40:
            raise ValueError("a duration is at most 68 years")
        seconds = sum(
            int(digits or 0) * unit for digits, (_, unit) in zip(found.groups(), _UNITS, strict=True)
        )
        if seconds > MAX_SECONDS:
            raise ValueError("a duration is at most 68 years")
        return cls(seconds)

    def __str__(self) -> str:
        text, rest = "", self.seconds
        for name, unit in _UNITS:
            count, rest = divmod(rest, unit)
            text += f"{count}{name}" if count else ""
        return text or "0s"
