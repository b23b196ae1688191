"""Quantities as Kubernetes writes them: ``100m``, ``1.5Gi``, ``2e3``."""

import re
from dataclasses import dataclass, field

PATTERN = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?"
    r"(?P<suffix>[KMGTPE]i|[numkMGTPE]?|[eE](?P<exponent>[+-]?[0-9]+))"
)
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_NANO = 9
_MOST: int = (2**63 - 1) * 10**_NANO


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """An amount of something, which keeps its spelling: ``1Gi`` equals ``1024Mi`` and prints as ``1Gi``.

    Args:
        nano: The amount in billionths, as Kubernetes keeps it: rounded away from zero.
        text: The spelling.
    """

    nano: int
    text: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> "Quantity":
        """Read what Kubernetes' grammar of ``resource.Quantity`` allows.

        Kubernetes' own parser also takes a unit without a number for 0, and changes amounts above 2⁶³-1;
        both are errors here.

        Raises:
            ValueError: Why it is none.
        """
        found = PATTERN.fullmatch(text)
        if not found or not (found["whole"] or found["part"]):
            raise ValueError(
                "a quantity is a number and a unit such as m, k, M, G, Ki, Mi or Gi, without spaces"
            )
        whole, part, suffix = found["whole"], found["part"] or "", found["suffix"]
        digits = int(whole + part)
        power = _DECIMAL.get(suffix, 0) if found["exponent"] is None else int(found["exponent"])
        power += _NANO - len(part)
        digits <<= _BINARY.get(suffix, 0)
        # Beyond this no power of ten changes the outcome, which is too much, or the least amount there is.
        ten: int = 10 ** min(abs(power), 40 + len(text))
        nano = digits * ten if power >= 0 else -(-digits // ten)
        if nano > _MOST:
            raise ValueError("a quantity is at most 2^63-1")
        return cls(-nano if found["sign"] == "-" else nano, text)

    def times(self, factor: float) -> "Quantity":
        """So many times as much, in whole units, spelled in the largest binary unit that fits exactly."""
        units = min(int(self.nano * factor) // 10**_NANO, 2**63 - 1)
        suffix, power = max(
            ((name, bits) for name, bits in (("", 0), *_BINARY.items()) if units and units % 2**bits == 0),
            key=lambda one: one[1],
            default=("", 0),
        )
        return Quantity(units * 10**_NANO, f"{units >> power}{suffix}")

    def __str__(self) -> str:
        return self.text
