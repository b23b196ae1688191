"""Quantities as Kubernetes writes them: ``100m``, ``1.5Gi``, ``2e3``."""

import re
from dataclasses import dataclass, field

_QUANTITY = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?"
    r"(?P<suffix>[KMGTPE]i|[numkMGTPE]?|[eE](?P<exponent>[+-]?[0-9]+))"
)
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_NANO = 9
_MOST: int = (2**63 - 1) * 10**_NANO


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """An amount of something, which keeps its spelling: ``1Gi`` equals ``1024Mi`` and prints as ``1Gi``.

    Args:
        nano: The amount in billionths, as Kubernetes keeps it: rounded away from zero, at most 2⁶³-1 units.
        text: The spelling.
    """

    nano: int
    text: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> "Quantity":
        """Read what Kubernetes' ``resource.ParseQuantity`` accepts.

        Raises:
            ValueError: Why it is none.
        """
        found = _QUANTITY.fullmatch(text)
        if not found or not (found["whole"] or found["part"]):
            raise ValueError(
                "a quantity is a number and a unit such as m, k, M, G, Ki, Mi, Gi, without spaces"
            )
        digits = int(found["whole"] + (found["part"] or ""))
        power = _NANO - len(found["part"] or "")
        suffix = found["suffix"]
        if suffix in _BINARY:
            digits <<= _BINARY[suffix]
        elif suffix in _DECIMAL:
            power += _DECIMAL[suffix]
        else:
            power += int(found["exponent"])
        nano = _scaled(digits, power)
        return cls(-nano if found["sign"] == "-" else nano, text)

    def __str__(self) -> str:
        return self.text


def _scaled(digits: int, power: int) -> int:
    """``digits`` times ten to the ``power``, rounded up, at most what Kubernetes keeps."""
    if not digits:
        return 0
    ten: int = 10 ** min(abs(power), max(40, len(str(digits))))
    nano = digits * ten if power >= 0 else -(-digits // ten)
    return min(nano, _MOST)
