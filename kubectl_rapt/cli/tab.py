"""What a shell calls at each press of the tab key: it is answered in bounded time, and never with an error.

kubectl calls ``kubectl_complete-rapt`` with the words after ``kubectl rapt``, the last one to be completed; the scripts
for ``kubectl-rapt`` call ``kubectl-rapt __complete`` with the same. Both read lines of candidates, each with its words
after a tab, and at the end a directive, as Cobra writes them.
"""

import os

from kubectl_rapt.cli import completing

TYPE_CHECKING = False  # as type checkers know it; the real one is in ``typing``, which is not quick
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_rapt.adapters.cluster.spawn import Kubectl
    from kubectl_rapt.cli.completing import Candidate, Question

WORD = "__complete"
LIMIT = "RAPT_COMPLETION_SECONDS"
"""The variable that says how long a person waits for names, on a machine or for a cluster that is slow."""
LIMIT_SECONDS = 2.5
"""Where it does not: whoever waits longer for a name has typed it meanwhile."""
_MOST = 1000
_OF_CLUSTER = frozenset(("answer", "namespace", "parameter", "run", "tool", "tool or run"))
"""The kinds of names that the cluster knows; kubectl is started for them before anything else."""
_OF_REPOSITORY = ("add", "set", "upgrade")
"""Commands whose parameters the cluster does not know."""
_OF_ELSEWHERE = ("checkout", "context")
"""The kinds of names that are in files of the person's own: those are read anew each time."""


def complete(typed: "Sequence[str]") -> None:
    """Print what may stand for the last word, and end the process."""
    found: list[Candidate] = []
    question = None
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        question = completing.ask(typed)
        found += question.fixed
        if question.kind:
            _bound(question, found)
            _look(question, found)
    except BaseException:
        pass  # a shell is no place for an error: the command itself will tell it
    _end(question, found)


def _bound(question: "Question", found: "list[Candidate]") -> None:
    """At the limit the process ends with what was found until then, wherever it is."""
    import signal

    def late(*_: object) -> None:
        _end(question, found)

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, limit_seconds())


def limit_seconds() -> float:
    """How long names are looked for."""
    given = os.environ.get(LIMIT, "")
    return min(int(given), 60) if given.isdigit() and int(given) else LIMIT_SECONDS


def _look(question: "Question", found: "list[Candidate]") -> None:
    from kubectl_rapt import wiring

    line = question.line
    if question.kind in _OF_CLUSTER and line.command not in _OF_REPOSITORY:
        from kubectl_rapt.cli import ahead

        _take(question, found, ahead.start(line.given))
    elif question.kind in _OF_ELSEWHERE:
        _take(question, found, None)
    else:
        recent = wiring.recent(_about(question), os.environ)
        names = recent.read()
        if names is None:
            _take(question, found, None)
            recent.write(found)
        else:
            found += names


def _about(question: "Question") -> str:
    """All that the names depend on, of what was typed."""
    line, word = question.line, question.word
    end = max(word.rfind(sign) for sign in "@/=,") + 1
    parts = (question.kind, line.command, *line.arguments, *line.given.get("--set", ()), line.last("--in"))
    return ascii((*parts, line.last("--image"), line.awaits and line.awaits.name, word[:end]))


def _take(question: "Question", found: "list[Candidate]", kubectl: "Kubectl | None") -> None:
    from kubectl_rapt.cli import candidates

    for one in candidates.find(question, kubectl, limit_seconds()):
        found.append(one)
        if len(found) == _MOST:
            return


def _end(question: "Question | None", found: "Sequence[Candidate]") -> None:
    """kubectl ends with this process; taking anything apart would take time."""
    told = completing.answer(question, found) if question else f":{completing.NO_FILES}"
    try:
        rest = f"{told}\n".encode("utf-8", "replace")
        while rest:
            rest = rest[os.write(1, rest) :]
    finally:
        os._exit(0)
