"""One run for each combination of answers: which combinations there are, and how they end together."""

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence

from kubectl_rapt.errors import Problem, UsageError

MOST = 100
"""So many runs at most come of one command."""
ROOM = 7
"""What a combination's own ending takes of a run's name: a dash and six hex digits."""

Combination = Mapping[str, str]
"""Parameter to the text that was given."""


def read(texts: Sequence[str]) -> list[Combination]:
    """Every combination that ``--matrix day=mon,tue --matrix size=s,l`` means, in the order given.

    Raises:
        UsageError: One is not ``NAME=VALUE,…``, a name or a value comes twice, or there are too many combinations.
    """
    axes: dict[str, list[str]] = {}
    problems = []
    for text in texts:
        name, equals, given = text.partition("=")
        values = given.split(",")
        if not equals or not name or not all(values):
            problems.append(Problem("--matrix", f"expects NAME=VALUE,VALUE, got {text}"))
        elif name in axes:
            problems.append(Problem("--matrix", f"gives {name} twice"))
        elif len(set(values)) < len(values):
            problems.append(Problem("--matrix", f"gives a value of {name} twice"))
        axes[name] = values
    if problems:
        raise UsageError("bad-flag", "--matrix is invalid", "--matrix day=mon,tue,wed", problems)
    count = 1
    for values in axes.values():
        count *= len(values)
    if count > MOST:
        raise UsageError(
            "bad-flag", f"--matrix comes to {count} runs, and {MOST} is the most", "fewer values"
        )
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


def name(request: str, combination: Combination) -> str:
    """The name of a combination's run: the same request names it the same, whatever else is in the matrix."""
    said = json.dumps(sorted(combination.items()))
    return f"{request}-{hashlib.sha256(said.encode()).hexdigest()[: ROOM - 1]}"


def label(combination: Combination) -> str:
    """A combination in one line: ``day=mon size=s``."""
    return " ".join(f"{key}={value}" for key, value in combination.items())


def exit_code(codes: Sequence[int]) -> int:
    """How all of it ended: 0 where everything did, else the first other code in the matrix's order."""
    return next((code for code in codes if code), 0)
