"""What happens to a run as JSON, one event a line: for programs that follow it."""

from datetime import datetime
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.actions.attach import Ended, Finished, Happening
from kubectl_rapt.cli import terminal
from kubectl_rapt.model import times
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.runs.following import EndedEarly, LogLine, Note, Started
from kubectl_rapt.runs.lifecycle import Later
from kubectl_rapt.runs.outcome import Outcome
from kubectl_rapt.runs.retries import Again


class Events:
    """Every event has ``type`` and ``time``; each is one line of standard output, and nothing else is."""

    def show(self, one: Happening | Outcome, now: datetime) -> None:
        """See ``watching.Screen``."""
        if (told := data(one)) is not None:
            line = {"type": told.pop("type"), "time": times.spell(now), **told}
            terminal.out(terminal.Neutral(documents.dump_json(line, indent=None).rstrip("\n")))


def data(one: Happening | Outcome) -> dict[str, Any] | None:
    """What an event says, as JSON data; bytes of a log that are no UTF-8 are spelled ``\\xff``."""
    match one:
        case LogLine(source, text):
            line = text.decode("utf-8", "backslashreplace")
            return {"type": "log", "pod": source.pod, "container": source.container, "line": line}
        case Started():
            return {
                "type": "started",
                "pod": one.pod,
                "queuedSeconds": one.queued_seconds,
                "scheduledSeconds": one.scheduled_seconds,
                "startedSeconds": one.started_seconds,
            }
        case Note(text):
            return {"type": "note", "message": text}
        case EndedEarly(source, why):
            text = f"the log ended early: {why}"
            return {"type": "note", "pod": source.pod, "container": source.container, "message": text}
        case Ended(run, attempt, then):
            told = {"type": "ended", "run": run.name, **runs.attempt_to_data(attempt)}
            next_at = {"nextAttemptAt": times.spell(then.at)} if isinstance(then, Again) else {}
            return {**told, **next_at, "next": then.why}
        case Later():
            kind = "waiting" if not (one.by or one.is_held) else "held" if one.is_held else "retry"
            return {"type": kind, "at": times.spell(one.at), "what": one.what, "by": one.by}
        case Finished(run):
            return {"type": "over", **_over(run)}
    return None


def _over(run: Run) -> dict[str, Any]:
    return {"run": run.name, "state": run.state, "attempts": len(run.attempts), "result": run.result}
