"""Scripts with the line ends of Windows: found where they are given, and where they failed."""

from dataclasses import replace

import pytest

from kubectl_rapt.model.local_files import File
from kubectl_rapt.objects import jobs, pods
from kubectl_rapt.runs import failures, line_ends, mounts
from kubectl_rapt.runs.causes.seen import Seen
from kubectl_rapt.runs.line_ends import Script
from kubectl_rapt.runs.mounts import Given
from tests.given import a_job, a_pod, a_run, a_template, ended

WINDOWS = "#!/bin/sh\r\necho hello\r\n"


@pytest.mark.parametrize(
    ("name", "content", "is_broken"),
    [
        ("go", WINDOWS, True),
        ("go", WINDOWS.replace("\r", ""), False),
        ("go.sh", "echo hello\r\n", True),
        ("data.csv", "a,b\r\n1,2\r\n", False),
        ("go", "#!/bin/sh\necho hello\r\n", False),
        ("empty", "", False),
    ],
)
def test_only_a_script_whose_interpreter_is_not_found_is_broken(
    name: str, content: str, is_broken: bool
) -> None:
    assert line_ends.is_broken(name, content) is is_broken


FILES = (File("bin/go", WINDOWS.encode(), True), File("table.csv", b"a\r\n", False))


def test_what_is_given_is_named_as_the_person_knows_it() -> None:
    folder = Given("./conf/", "/conf", False, FILES, is_folder=True)
    single = Given("go", "/usr/bin/go", False, FILES[:1])
    assert list(line_ends.given([folder, single])) == ["./conf/bin/go", "go"]


def test_what_failed_is_named_as_its_container_knows_it_whatever_way_it_was_mounted() -> None:
    folder = Given("./conf/", "/conf", False, FILES, is_folder=True)
    single = Given("go", "/usr/bin/go", False, FILES[:1])
    job, recorded = mounts.add(a_template(), "x", [folder, single])
    run = a_run(name="x", mounts=recorded)
    held = mounts.contents(run, [folder, single])
    assert set(line_ends.config_maps(job)) == set(held)
    found = list(line_ends.of_job(job, held))
    assert [one.place for one in found] == ["/conf/bin/go", "/usr/bin/go"]
    assert [one.fix for one in found] == ["sed -i 's/\\r$//' ./conf/bin/go", "sed -i 's/\\r$//' go"]


def test_a_command_with_windows_line_ends_is_found_too() -> None:
    job = a_template()
    job["spec"]["template"]["spec"]["containers"][0]["command"] = ["sh", "-c", "echo a\r\necho b"]
    assert list(line_ends.of_job(job, {})) == [Script('the command of container "tool"')]


def test_why_says_so_beside_the_exit_code() -> None:
    seen = Seen(
        jobs.from_manifest(a_job()),
        (pods.from_manifest(a_pod("Failed", ended(127))),),
        crlf=(Script("/conf/go", "x-1", "my {go}"),),
    )
    first = failures.explain(seen)[0]
    assert first.cause == "ExitCode"
    assert first.message.endswith("; /conf/go has Windows line ends (CRLF), so its interpreter is not found")
    assert first.hint == "sed -i 's/\\r$//' 'my {go}'"
    ours = replace(seen, crlf=(Script("/conf/go", "scripts"),))
    assert failures.explain(ours)[0].hint == (
        r"kubectl get configmap scripts -n team -o json | sed 's/\\r\\n/\\n/g' | kubectl replace -f -"
    )


@pytest.mark.parametrize(
    ("code", "log", "is_said"),
    [
        (127, (), True),
        (126, (), True),
        (1, ("env: 'bash\r': No such file or directory",), True),
        (2, ("/crlf.sh: line 3: Illegal number: 0\r",), False),
        (1, (), False),
    ],
)
def test_that_its_interpreter_is_not_found_is_said_only_on_evidence(
    code: int, log: tuple[str, ...], is_said: bool
) -> None:
    pod = pods.from_manifest(a_pod("Failed", ended(code)))
    logs = {(pod.name, pod.containers[0].name): log}
    seen = Seen(jobs.from_manifest(a_job()), (pod,), logs=logs, crlf=(Script("/crlf.sh", "x-1"),))
    message = failures.explain(seen)[0].message
    assert "/crlf.sh has Windows line ends (CRLF)" in message
    assert ("its interpreter is not found" in message) is is_said
