"""What is kept of a run that ended: its last words in the Run, and in files the object, the cause and what it said."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import Manifest, ref_of
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.runs.outcome import Outcome

LINES = 200
BYTES = 64 * 1024
"""How much of the end of a log the Run of a dead letter keeps."""

MAX_LINES = 10_000
MAX_BYTES = 1024 * 1024
"""How much of the end of one container's log is kept."""


@dataclass(frozen=True, slots=True)
class Said:
    """The log of one container of a Job, from its end as far back as it is kept."""

    pod: str
    container: str
    log: bytes


def folder(manifest: Manifest) -> str:
    """Where the files of an object are: the same object always has the same place, and no other has it."""
    ref = ref_of(manifest)
    return f"{ref.namespace}/{ref.kind.name.lower()}-{ref.name}-{manifest['metadata']['uid'][:8]}"


def of_job(manifest: Manifest, outcome: Outcome | None, logs: Sequence[Said]) -> dict[str, bytes]:
    """The files of a Job: path below the folder of all evidence to content."""
    place = folder(manifest)
    files = {f"{place}/manifest.yaml": _yaml(_bare(manifest)), f"{place}/cause.yaml": _yaml(_cause(outcome))}
    return files | {f"{place}/{one.pod}.{one.container}.log": one.log for one in logs}


def of_run(manifest: Manifest, run: Run) -> dict[str, bytes]:
    """The files of a Run: path below the folder of all evidence to content."""
    place = folder(manifest)
    attempts = (manifest.get("status") or {}).get("attempts") or []
    said: dict[str, Any] = {
        "tool": run.tool,
        "state": run.state,
        "requestedBy": run.requested_by,
        "finishedAt": times.spell(run.finished_at) if run.finished_at else None,
        "result": run.result or None,
        "attempts": attempts,
    }
    files = {
        f"{place}/manifest.yaml": _yaml(_bare(manifest)),
        f"{place}/answers.yaml": _yaml(dict(run.answers)),
        f"{place}/cause.yaml": _yaml({key: value for key, value in said.items() if value is not None}),
    }
    return files | ({f"{place}/last-lines.log": run.log.encode()} if run.log else {})


def end(lines: Sequence[bytes]) -> bytes:
    """The last lines of a log, whole ones, as many as are kept."""
    size, kept = 0, 0
    for line in reversed(lines[-MAX_LINES:]):
        size += len(line) + 1
        if size > MAX_BYTES and kept:
            break
        kept += 1
    text = b"".join(line + b"\n" for line in lines[len(lines) - kept :])
    return text[-MAX_BYTES:]


def log(lines: Iterable[bytes]) -> str:
    """The last lines of a log as text.

    Args:
        lines: The log, each line without its line end.

    Returns:
        At most 200 lines and 64 KiB of UTF-8; bytes that are none are spelled ``\\xff``. Cut before a line, and inside
        one only where that line alone is too long: then its end is kept.
    """
    kept: deque[bytes] = deque(maxlen=LINES)
    for line in lines:
        # Far more than is kept: spelling bytes makes a line four times as long, never shorter.
        kept.append(line[-BYTES:].decode("utf-8", "backslashreplace").encode())
    size = 0
    chosen: deque[bytes] = deque()
    for line in reversed(kept):
        if size + len(line) + 1 > BYTES:
            if not chosen:
                chosen.append(line[-BYTES + 1 :])
            break
        chosen.appendleft(line)
        size += len(line) + 1
    # Where a line was cut inside a character, what is left of that is dropped.
    return b"".join(line + b"\n" for line in chosen).decode("utf-8", "ignore")


def _bare(manifest: Manifest) -> Mapping[str, Any]:
    """An object without what only the API server has a use for."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "managedFields"}
    return {**manifest, "metadata": metadata}


def _cause(outcome: Outcome | None) -> dict[str, Any]:
    if outcome is None:
        return {"cause": "unknown"}
    said: dict[str, Any] = {
        "cause": outcome.cause,
        "exitCode": outcome.exit_code,
        "message": outcome.message or None,
        "evidence": outcome.evidence or None,
        "result": outcome.result or None,
        "startedAt": times.spell(outcome.started_at) if outcome.started_at else None,
        "finishedAt": times.spell(outcome.finished_at) if outcome.finished_at else None,
    }
    return {key: value for key, value in said.items() if value is not None}


def _yaml(data: Any) -> bytes:
    return documents.dump(data).encode()
