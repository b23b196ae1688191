"""How a command ends that cannot do what was asked: three lines, and the problems after the first."""

import re
from dataclasses import dataclass

from tests.killing import Ended

_PAGE = re.compile(r"  see: kubectl rapt help errors [a-z-]+\n\Z")


@dataclass(frozen=True, eq=False)
class Refusal(Ended):
    """A refusal, whatever its code, where none is given: that each has its page is a test of the house."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ended):
            return NotImplemented
        told = other.stderr if _PAGE.search(self.stderr) else _PAGE.sub("", other.stderr)
        is_told = bool(_PAGE.search(other.stderr))
        return is_told and (other.exit_code, other.stdout, told) == (
            self.exit_code,
            self.stdout,
            self.stderr,
        )

    __hash__ = None  # type: ignore[assignment]


def refused(exit_code: int, message: str, hint: str, *problems: str, code: str = "") -> Refusal:
    """Nothing on standard output; on standard error what and why, each problem, what to do, and the code's page."""
    lines = [f"error: {message}", *(f"  {problem}" for problem in problems), f"  try: {hint}"]
    lines += [f"  see: kubectl rapt help errors {code}"] if code else []
    return Refusal(exit_code, "", "\n".join(lines) + "\n")
