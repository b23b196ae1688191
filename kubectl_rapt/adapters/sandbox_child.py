"""Rendering in a child process: the child's side, started as ourselves with nothing inherited.

The helper imports Jinja once and forks for each template; see ``sandbox.py`` for what the lines say.
"""

import gc
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from kubectl_rapt.errors import RaptError
from kubectl_rapt.templating import declared
from kubectl_rapt.templating.parameters import Parameter

CPU_SECONDS = 0.5
WALL_SECONDS = 10.0
ADDED_BYTES = 160 * 1024 * 1024
MAX_ANSWER = 1024 * 1024
"""Limits: for compiling, and for each Job; memory on top of what the helper had; bytes of one Job's JSON."""


def serve() -> None:
    """Be the helper: read requests until the parent is gone. Never returns to who started the program."""
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from kubectl_rapt import documents
    from kubectl_rapt.templating import render

    documents.load("- its parser is imported here, once, and not in each fork", "")
    gc.freeze()
    requests = sys.stdin.buffer
    while line := requests.readline():
        child = os.fork()
        if child == 0:
            _serve_one(line, render.compile)
        _, status, used = os.wait4(child, 0)
        peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        end = {"ended": status, "cpuSeconds": used.ru_utime + used.ru_stime, "peakBytes": peak}
        _write(b"\n" + json.dumps(end).encode())
    os._exit(0)


def _serve_one(line: bytes, compile_template: Callable[..., Any]) -> NoReturn:
    """Be the fork: compile once, render each answer, end."""
    status = 1
    try:
        request = json.loads(line)
        asked = [declared.from_data(data, "") for data in request["parameters"]]
        _limit_memory()
        for answer in _answers(request, asked, compile_template):
            text = json.dumps(answer, separators=(",", ":")).encode()
            if len(text) > MAX_ANSWER:
                what = f"{request['file']}: it renders more than {MAX_ANSWER} bytes"
                text = json.dumps({"error": ["bad-template", what, "", []]}).encode()
            _write(text)
        status = 0
    except Exception as error:  # this process's outermost: it is our own mistake, and the parent reports it
        import traceback

        _write(json.dumps({"bug": "".join(traceback.format_exception(error))}).encode())
    finally:
        os._exit(status)


def _write(line: bytes) -> None:
    """Give a line to the parent, at once: what is still here when the clock ends us would be lost."""
    line += b"\n"
    while line:
        line = line[os.write(1, line) :]


def _answers(
    request: Mapping[str, Any], asked: Sequence[Parameter], compile_template: Callable[..., Any]
) -> Iterator[dict[str, Any]]:
    """The lines of one fork, each computed under the clock."""
    compiled, failure = None, None
    try:
        with _clock():
            compiled = compile_template(request["source"], asked, name=request["file"])
    except (RaptError, MemoryError) as error:
        failure = _spelled(error, request["file"])
    yield {"compiled": True}
    for answers in request["answers"]:
        if compiled is None:
            yield {"error": failure}
            continue
        try:
            with _clock():
                rendered = compiled.render(answers)
            yield {"job": rendered.job, "places": rendered.places}
        except (RaptError, MemoryError) as error:
            yield {"error": _spelled(error, request["file"])}


class _clock:  # noqa: N801 - used like a function
    """Ends the process, without asking it, when what it does takes too long."""

    def __enter__(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _spelled(error: BaseException, file: str) -> list[Any]:
    if isinstance(error, RaptError):
        return [error.code, error.message, error.hint, [[one.where, one.what] for one in error.problems]]
    return ["bad-template", f"{file}: rendering it takes too much memory", "split the tool", []]


def _limit_memory() -> None:
    """Allow so much memory more than there is now; no further processes, no core file.

    Where the system does not say how much there is (macOS), the limits of the renderer's filters stand alone.
    """
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - the child imports little
            mapped = int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + ADDED_BYTES, mapped + ADDED_BYTES))
    except (OSError, ValueError):
        pass
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_NPROC):
        resource.setrlimit(limit, (0, 0))
