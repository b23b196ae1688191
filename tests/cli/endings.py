"""How a command ends that cannot do what was asked: two lines, and the problems between them."""

from tests.killing import Ended


def refused(exit_code: int, message: str, hint: str, *problems: str) -> Ended:
    """Nothing on standard output; on standard error what and why, each problem, and what to do."""
    lines = [f"error: {message}", *(f"  {problem}" for problem in problems), f"  try: {hint}"]
    return Ended(exit_code, "", "\n".join(lines) + "\n")
