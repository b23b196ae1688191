"""The child that renders: started as ourselves with nothing inherited, one limited fork for each template.

The parent sends one line of JSON for each template: its text, its parameters and many answers. The helper
forks; the fork compiles, renders and writes one line for each answer; the helper then says how the fork ended.
The limits are for mistakes and bombs, not a wall after an escape: nothing but JSON of limited size comes back,
and the parent holds every Job against the rules again.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from kubectl_rapt.errors import Invalid, Problem, RaptError, Unavailable
from kubectl_rapt.objects import job_schema
from kubectl_rapt.ports.renderer import RenderRequest
from kubectl_rapt.templating import parameters, places
from kubectl_rapt.templating.job import Rendered
from kubectl_rapt.templating.parameters import REFERENCES, Parameter

ARGUMENT = "__render__"
"""How a frozen program is told to be the helper: its main function calls ``serve`` for it."""

CPU_SECONDS = 0.8
WALL_SECONDS = 10.0
ADDED_BYTES = 160 * 1024 * 1024
MAX_ANSWER = 1024 * 1024
"""Limits: for compiling, and for each Job; memory on top of what the helper had; bytes of one Job's JSON."""

_BATCH = 1000
_SILENCE_SECONDS = WALL_SECONDS + 20
_SMALLEST = """
apiVersion: batch/v1
kind: Job
spec: {template: {spec: {restartPolicy: Never, containers: [{name: tool, image: {{ "a" }}}]}}}
"""
_CODES = ("bad-template", "bad-text", "bad-yaml", "bad-answers", "bad-shell")


class Sandbox:
    """Renders in the child; implements ``ports.renderer.Renderer``. The helper starts with the object."""

    def __init__(self) -> None:
        self._helper: subprocess.Popen[bytes] | None = None
        self._unread = bytearray()
        self._start()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def render_many(self, requests: Iterable[RenderRequest]) -> Iterator[Rendered | RaptError]:
        """See ``ports.renderer.Renderer``."""
        for batch in _batches(requests):
            while batch:
                done = 0
                try:
                    for answer in self._render(batch):
                        done += 1
                        yield answer
                except BaseException:
                    self.close()
                    raise
                batch = batch[done:]

    def close(self) -> None:
        """See ``ports.renderer.Renderer``."""
        helper, self._helper = self._helper, None
        if helper and helper.stdin and helper.stdout:
            helper.kill()
            helper.stdin.close()
            helper.stdout.close()
            helper.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        self._unread.clear()
        self._helper = subprocess.Popen(
            _command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            bufsize=0,
        )
        return self._helper

    def _render(self, batch: Sequence[RenderRequest]) -> Iterator[Rendered | RaptError]:
        """Answers for requests of one template; fewer, but at least one, where the child broke down."""
        self._send(batch)
        first, is_compiled, answered = batch[0], False, 0
        placed = [one for one in first.parameters if one.at == "run"]
        while "ended" not in (line := self._line()):
            if "bug" in line:
                raise RaptError("bug", "the renderer failed", "report it", [Problem("", str(line["bug"]))])
            if "compiled" in line:
                is_compiled = True
            elif answered < len(batch):
                answered += 1
                yield _checked(line, placed, batch[answered - 1])
        if answered == len(batch):
            return
        yield _too_much(first.file, line["ended"])
        if not is_compiled:
            for _ in batch[1:]:
                yield _too_much(first.file, line["ended"])

    def _send(self, batch: Sequence[RenderRequest]) -> None:
        first = batch[0]
        request = {
            "file": first.file,
            "source": first.source,
            "parameters": [parameters.to_data(parameter) for parameter in first.parameters],
            "answers": [request.answers for request in batch],
        }
        line = json.dumps(request).encode() + b"\n"
        helper = self._helper or self._start()
        assert helper.stdin
        try:
            helper.stdin.write(line)
        except BrokenPipeError:
            raise self._broken("it ended") from None

    def _line(self) -> dict[str, Any]:
        """The next line of the helper that is whole; a fork that was ended may leave half of one."""
        assert self._helper and self._helper.stdout
        pipe = self._helper.stdout.fileno()
        while True:
            line, newline, rest = self._unread.partition(b"\n")
            if newline:
                self._unread = rest
                try:
                    data = json.loads(line)
                except ValueError:
                    continue
                if isinstance(data, dict):
                    return data
                continue
            if len(self._unread) > MAX_ANSWER + 1024:
                raise self._broken("its answer is too large")
            if not select.select([pipe], [], [], _SILENCE_SECONDS)[0]:
                raise self._broken(f"it was silent for {_SILENCE_SECONDS:.0f} s")
            received = os.read(pipe, 256 * 1024)
            if not received:
                raise self._broken("it ended")
            self._unread += received

    def _broken(self, why: str) -> Unavailable:
        self.close()
        return Unavailable("no-renderer", f"the renderer does not answer: {why}", "try again")


def _command() -> list[str]:
    """How to start this program as the helper: the one place that knows how we were started."""
    if getattr(sys, "frozen", False):
        return [sys.executable, ARGUMENT]
    root = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path.append({root!r}); from {__name__} import serve; serve()"
    return [sys.executable, "-I", "-c", code]


def _batches(requests: Iterable[RenderRequest]) -> Iterator[list[RenderRequest]]:
    """Neighbours of one template, at most so many at once."""
    remaining = iter(requests)
    batch = list(islice(remaining, 1))
    for request in remaining:
        first = batch[0]
        is_same = (request.file, request.source) == (first.file, first.source) and (
            request.parameters is first.parameters or request.parameters == first.parameters
        )
        if not is_same or len(batch) == _BATCH:
            yield batch
            batch = []
        batch.append(request)
    if batch:
        yield batch


def _checked(line: Mapping[str, Any], placed: Sequence[Parameter], request: RenderRequest) -> Rendered | RaptError:
    """What the child says, believed as far as it can be checked."""
    if "error" in line:
        return _error(line["error"], request.file)
    try:
        job, found = line["job"], line["places"]
        pairs = [(parameter, found[parameter.name]) for parameter in placed]
        problems = [*job_schema.check(job, job_schema.TEMPLATE_JOB)]
        problems = problems or [*places.check(job, pairs)]
        allowed = {
            (parameter.type, request.answers[parameter.name]["name"])
            for parameter in request.parameters
            if parameter.type in REFERENCES and request.answers.get(parameter.name)
        }
        for pointer, kind, name in [] if problems else places.references(job):
            if (kind, name) not in allowed:
                problems.append(Problem(pointer, f"names a {kind} that is no answer"))
        if not problems and len(found) == len(placed):
            return Rendered(job, {parameter.name: tuple(at) for parameter, at in pairs})
    except (KeyError, TypeError, AttributeError):
        problems = []
    return Invalid("bad-template", f"{request.file}: its Job breaks the rules", "", problems)


def _error(data: Any, file: str) -> RaptError:
    try:
        code, message, hint, problems = data
        return Invalid(
            code if code in _CODES else "bad-template",
            str(message)[:2000],
            str(hint)[:2000],
            [Problem(str(where)[:500], str(what)[:2000]) for where, what in problems[:50]],
        )
    except (TypeError, ValueError):
        return Invalid("bad-template", f"{file}: it cannot be rendered")


def _too_much(file: str, status: int) -> RaptError:
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    what = "time" if ended_by in (signal.SIGPROF, signal.SIGALRM) else "memory"
    return Invalid("bad-template", f"{file}: rendering it takes too much {what}", "split the tool")


def serve() -> None:
    """Be the helper: read requests until the parent is gone. Never returns to who started the program."""
    import gc

    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from kubectl_rapt.templating import render

    # Whatever is imported on first use is imported here, once, and not in each fork.
    render.render(_SMALLEST, (), {}, name="")
    with contextlib.suppress(RaptError):
        render.compile("{{", (), name="")
    gc.freeze()
    requests = sys.stdin.buffer
    while line := requests.readline():
        child = os.fork()
        if child == 0:
            _serve_one(line, render.compile)
        _, status = os.waitpid(child, 0)
        os.write(1, b"\n" + json.dumps({"ended": status}).encode() + b"\n")
    os._exit(0)


def _serve_one(line: bytes, compile_template: Callable[..., Any]) -> NoReturn:
    """Be the fork: compile once, render each answer, end."""
    status = 1
    try:
        with open(1, "wb", closefd=False) as out:  # noqa: PTH123
            request = json.loads(line)
            asked = [parameters.from_data(data, "") for data in request["parameters"]]
            _limit_memory()
            for answer in _answers(request, asked, compile_template):
                text = json.dumps(answer, separators=(",", ":")).encode()
                if len(text) > MAX_ANSWER:
                    what = f"{request['file']}: it renders more than {MAX_ANSWER} bytes"
                    text = json.dumps({"error": ["bad-template", what, "", []]}).encode()
                out.write(text + b"\n")
        status = 0
    except Exception as error:  # our own mistake: the parent says so
        os.write(1, b"\n" + json.dumps({"bug": "".join(traceback.format_exception(error))}).encode() + b"\n")
    finally:
        os._exit(status)


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


class _clock:  # noqa: N801
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
    import resource

    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123
            mapped = int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + ADDED_BYTES, mapped + ADDED_BYTES))
    except (OSError, ValueError):
        pass
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_NPROC):
        resource.setrlimit(limit, (0, 0))
