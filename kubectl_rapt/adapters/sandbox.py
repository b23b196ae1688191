"""Rendering in a child process: the parent's side, which believes nothing that it cannot check.

The parent sends one line of JSON for each template: its text, its parameters and many answers. The helper
forks; the fork compiles, renders and writes one line for each answer; the helper then says how the fork ended.
The limits are for mistakes and bombs, not a wall after an escape: nothing but JSON of limited size comes back,
and the parent holds every Job against the rules again.
"""

import json
import os
import select
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from kubectl_rapt.adapters.sandbox_child import MAX_ANSWER, WALL_SECONDS
from kubectl_rapt.errors import AGAIN, Invalid, Problem, RaptError, Unavailable
from kubectl_rapt.objects import job_schema
from kubectl_rapt.ports.renderer import RenderRequest
from kubectl_rapt.templating import declared, places
from kubectl_rapt.templating.job import Rendered
from kubectl_rapt.templating.parameters import REFERENCES, Parameter

ARGUMENT = "__render__"
"""How a frozen program is told to be the helper: its way in (``deploy/entry.py``) calls ``sandbox_child.serve``."""

_BATCH = 1000
_SILENCE_SECONDS = WALL_SECONDS + 20
_CODES = ("bad-template", "bad-text", "bad-yaml", "bad-answers", "bad-shell")
_LINT = "kubectl rapt template lint"


class Sandbox:
    """Renders in the child; implements ``ports.renderer.Renderer``. The helper starts with the object."""

    def __init__(self) -> None:
        self._helper: subprocess.Popen[bytes] | None = None
        self._lines: deque[bytes] = deque()
        self._unread = b""
        self._is_busy = False
        self.used: Mapping[str, float] = {}
        """What the last fork took: ``cpuSeconds``, ``peakBytes``."""
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
                finally:
                    if self._is_busy:  # whoever asked wants no more of it
                        self.close()
                batch = batch[done:]

    def close(self) -> None:
        """See ``ports.renderer.Renderer``."""
        helper, self._helper, self._is_busy = self._helper, None, False
        if helper and helper.stdin and helper.stdout:
            helper.kill()
            helper.stdin.close()
            helper.stdout.close()
            helper.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        self._lines.clear()
        self._unread = b""
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
        held: Rendered | RaptError | None = None  # the last answer is given when the helper is free again
        while "ended" not in (line := self._line()):
            if "bug" in line:
                raise RuntimeError(
                    f"the renderer failed: {line['bug']}"
                )  # the front end reports it, as any bug
            if "compiled" in line:
                is_compiled = True
            elif answered < len(batch):
                if held is not None:
                    yield held
                held = _checked(line, placed, batch[answered])
                answered += 1
        self.used, self._is_busy = line, False
        if held is not None:
            yield held
        if answered < len(batch):
            for _ in batch[answered : answered + 1] if is_compiled else batch[answered:]:
                yield _too_much(first.file, line["ended"])

    def _send(self, batch: Sequence[RenderRequest]) -> None:
        first = batch[0]
        request = {
            "file": first.file,
            "source": first.source,
            "parameters": [declared.to_data(parameter) for parameter in first.parameters],
            "answers": [request.answers for request in batch],
        }
        line = json.dumps(request).encode() + b"\n"
        helper = self._helper or self._start()
        assert helper.stdin
        self._is_busy = True
        try:
            while line:
                line = line[os.write(helper.stdin.fileno(), line) :]
        except BrokenPipeError:
            raise self._broken("it ended") from None

    def _line(self) -> dict[str, Any]:
        """The next line of the helper that is whole; a fork that was ended may leave half of one."""
        while True:
            while self._lines:
                try:
                    data = json.loads(self._lines.popleft())
                except ValueError:
                    continue
                if isinstance(data, dict):
                    return data
            self._receive()

    def _receive(self) -> None:
        assert self._helper and self._helper.stdout
        pipe = self._helper.stdout.fileno()
        if not select.select([pipe], [], [], _SILENCE_SECONDS)[0]:
            raise self._broken(f"it was silent for {_SILENCE_SECONDS:.0f} s")
        received = os.read(pipe, 256 * 1024)
        if not received:
            raise self._broken("it ended")
        *lines, self._unread = (self._unread + received).split(b"\n")
        self._lines.extend(lines)
        if len(self._unread) > MAX_ANSWER + 1024:
            raise self._broken("its answer is too large")

    def _broken(self, why: str) -> Unavailable:
        self.close()
        return Unavailable("no-renderer", f"the renderer does not answer: {why}", AGAIN)


def _command() -> list[str]:
    """How to start this program as the helper: the one place that knows how we were started."""
    if getattr(sys, "frozen", False):
        return [sys.executable, ARGUMENT]
    root = str(Path(__file__).resolve().parents[2])
    code = (
        f"import gc, sys; gc.disable(); sys.path.append({root!r}); "
        "from kubectl_rapt.adapters.sandbox_child import serve; serve()"
    )
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


def _checked(
    line: Mapping[str, Any], placed: Sequence[Parameter], request: RenderRequest
) -> Rendered | RaptError:
    """What the child says, believed as far as it can be checked."""
    if "error" in line:
        return _error(line["error"], request.file)
    try:
        job, found = line["job"], line["places"]
        pairs = [(parameter, found[parameter.name]) for parameter in placed]
        problems = [*job_schema.check(job, job_schema.TEMPLATE_JOB)]
        problems = problems or [*places.check(job, pairs)]
        allowed = [
            (parameter.type, request.answers[parameter.name])
            for parameter in request.parameters
            if parameter.type in REFERENCES and request.answers.get(parameter.name)
        ]
        for pointer, kind, name, keys in [] if problems else places.references(job):
            meant = [answer for of, answer in allowed if (of, answer["name"]) == (kind, name)]
            if not any(not places.read_too_much(answer, keys) for answer in meant):
                problems.append(Problem(pointer, f"names a {kind}, or keys of one, that is not an answer"))
        if not problems and len(found) == len(placed):
            return Rendered(job, {parameter.name: tuple(at) for parameter, at in pairs})
    except (KeyError, TypeError, AttributeError):
        problems = []
    return Invalid("bad-template", f"{request.file}: its Job breaks the rules", _LINT, problems)


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
        return Invalid("bad-template", f"{file}: it cannot be rendered", _LINT)


def _too_much(file: str, status: int) -> RaptError:
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    what = "time" if ended_by in (signal.SIGPROF, signal.SIGALRM) else "memory"
    return Invalid("bad-template", f"{file}: rendering it takes too much {what}", "split the tool")
