"""The child that renders: what it inherits, how it breaks, and what the parent believes of it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.adapters import sandbox as module
from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.errors import Invalid, RaptError, Unavailable
from kubectl_rapt.ports.renderer import RenderRequest
from kubectl_rapt.templating.job import Rendered
from kubectl_rapt.templating.parameters import Parameter

SOURCE = """\
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: tool
          image: a
          env:
            - name: COUNT
              value: "{{ count }}"
"""
LOOP = (
    SOURCE + "{% for a in range(count) %}{% for b in range(count) %}{% for c in range(count) %}{% endfor %}"
)
LOOP += "{% endfor %}{% endfor %}\n"
COUNT = (Parameter("count", "integer"),)


def asked(source: str, *counts: int) -> list[RenderRequest]:
    return [RenderRequest("job.yaml.j2", source, COUNT, {"count": count}) for count in counts]


def counts(answers: list[Rendered | RaptError]) -> list[str]:
    """The variable of each Job, or the kind of its error."""
    return [
        answer.job["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"]
        if isinstance(answer, Rendered)
        else answer.message.rpartition(": ")[2]
        for answer in answers
    ]


def test_answers_come_in_the_order_of_the_questions(sandbox: Sandbox) -> None:
    requests = asked(SOURCE, *range(2500))
    assert counts(list(sandbox.render_many(requests))) == [str(number) for number in range(2500)]


def test_neighbours_of_different_templates_are_told_apart(sandbox: Sandbox) -> None:
    requests = [*asked(SOURCE, 1, 2), *asked(SOURCE + "# other\n", 3), *asked("{{", 4, 5), *asked(SOURCE, 6)]
    answers = list(sandbox.render_many(requests))
    assert [isinstance(answer, Rendered) for answer in answers] == [True, True, True, False, False, True]


def test_one_job_that_takes_too_long_leaves_its_neighbours_alone(sandbox: Sandbox) -> None:
    answers = counts(list(sandbox.render_many(asked(LOOP, 1, 1000, 3, 1000, 5))))
    late = "rendering it takes too much time"
    assert answers == ["1", late, "3", late, "5"]


def test_who_wants_no_more_answers_gets_a_fresh_helper_next_time(sandbox: Sandbox) -> None:
    stream = sandbox.render_many(asked(SOURCE, *range(1000)))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert counts(list(sandbox.render_many(asked(SOURCE, 7)))) == ["7"]


def test_taking_one_answer_keeps_the_helper() -> None:
    with Sandbox() as renderer:
        helper = renderer._helper
        assert counts([next(renderer.render_many(asked(SOURCE, 7)))]) == ["7"]
        assert renderer._helper is helper


def test_a_helper_that_died_is_an_error_and_the_next_one_works() -> None:
    with Sandbox() as renderer:
        assert renderer._helper
        renderer._helper.kill()
        renderer._helper.wait()
        with pytest.raises(Unavailable):
            list(renderer.render_many(asked(SOURCE, 1)))
        assert counts(list(renderer.render_many(asked(SOURCE, 2)))) == ["2"]


def test_closed_it_leaves_no_process() -> None:
    renderer = Sandbox()
    list(renderer.render_many(asked(SOURCE, 1)))
    assert renderer._helper
    helper = renderer._helper
    renderer.close()
    assert helper.poll() is not None
    renderer.close()


def test_the_helper_inherits_neither_environment_nor_files(tmp_path: Path) -> None:
    file = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(file, True)
    try:
        with Sandbox() as renderer:
            list(renderer.render_many(asked(SOURCE, 1)))
            assert renderer._helper
            process = Path("/proc", str(renderer._helper.pid))
            names = {entry.split(b"=")[0] for entry in (process / "environ").read_bytes().split(b"\0")}
            assert names <= {b"", b"LC_CTYPE"}
            assert {int(entry.name) for entry in (process / "fd").iterdir()} == {0, 1, 2}
            assert (process / "cwd").resolve() == Path("/")
    finally:
        os.close(file)


def test_the_helper_ends_with_the_parent() -> None:
    code = (
        "import os, sys; from kubectl_rapt.adapters.sandbox import Sandbox; renderer = Sandbox();"
        "print(renderer._helper.pid, flush=True); os._exit(0)"
    )
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    helper = int(started.stdout)
    for _ in range(1200):
        try:
            os.kill(helper, 0)
            state = Path("/proc", str(helper), "stat").read_text().rpartition(") ")[2][0]
        except (ProcessLookupError, FileNotFoundError):
            return
        if state == "Z":
            return
        import time

        time.sleep(0.05)
    pytest.fail("the helper is still there")


JOB: dict[str, Any] = {
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "tool", "image": "a"}]}}}
}


def with_pod(**fields: Any) -> dict[str, Any]:
    pod = JOB["spec"]["template"]["spec"]
    return {"spec": {"template": {"spec": {**pod, **fields}}}}


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"job": None, "places": {}},
        {"job": JOB},
        {"job": with_pod(hostPID=True), "places": {}},
        {"job": JOB, "places": {"count": ["/spec/template/spec/containers/0/image"]}},
        {"job": with_pod(volumes=[{"name": "a", "secret": {"secretName": "other"}}]), "places": {}},
        {"error": None},
        {"error": ["bad-template", "a", "b", [1]]},
    ],
    ids=str,
)
def test_the_parent_believes_only_what_it_can_check(line: dict[str, Any]) -> None:
    request = RenderRequest("job.yaml.j2", "", (Parameter("db", "secretRef"),), {"db": {"name": "pg"}})
    assert isinstance(module._checked(line, [], request), Invalid)


def test_the_parent_takes_a_job_that_keeps_the_rules() -> None:
    job = with_pod(volumes=[{"name": "a", "secret": {"secretName": "pg"}}])
    request = RenderRequest("job.yaml.j2", "", (Parameter("db", "secretRef"),), {"db": {"name": "pg"}})
    assert module._checked({"job": job, "places": {}}, [], request) == Rendered(job, {})


def test_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert module._command() == [sys.executable, module.ARGUMENT]
