"""Why a Job failed on a real node: every scenario is started at once, and each is awaited by its test."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.actions import why
from kubectl_rapt.actions.why import Explanation
from kubectl_rapt.model.target import Target
from kubectl_rapt.ports.world import World
from tests import failing, namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.failing import FAILING, Failing
from tests.killing import Person, end

PATIENCE_SECONDS = 150


@dataclass(frozen=True)
class Stage:
    """A namespace in which every Job of the table has begun, and an ordinary user who looks at it."""

    world: World
    namespace: str
    registry: str
    user: Path

    def explains(self, what: str, cause: str, also: str = "") -> Explanation:
        """What is said once that cause is the first, and another among them; the last answer where it never is so."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            told = why.why(self.world, what, self.namespace)
            causes = [one.cause for one in told.findings]
            is_complete = causes[:1] == [cause] and (not also or also in causes)
            if is_complete or time.monotonic() > ends_at:
                return told
            time.sleep(1)


@pytest.fixture(scope="module")
def stage(cluster: Cluster) -> Iterator[Stage]:
    with failing.begun(cluster) as (namespace, user, registry), pytest.MonkeyPatch.context() as environ:
        environ.setenv("PATH", str(kubectl.program().parent), prepend=os.pathsep)
        with wiring.open_world(Target(kubeconfig=str(user), namespace=namespace)) as (world, _):
            yield Stage(world, namespace, registry, user)


@pytest.mark.parametrize("one", FAILING, ids=[one.name for one in FAILING])
def test_every_cause_is_named_with_its_evidence_and_the_next_command(stage: Stage, one: Failing) -> None:
    told = stage.explains(f"job/{one.name}", one.cause, one.also)
    assert told.findings, f"nothing is said: {told}"
    first = told.findings[0]
    assert first.cause == one.cause, told.findings
    message, evidence = (text.replace("REGISTRY", stage.registry) for text in (one.message, one.evidence))
    assert re.search(message, first.message), first
    assert re.search(evidence.format(job=one.name), first.evidence), first
    assert first.hint.startswith(one.hint), first
    assert one.also in ("", *(other.cause for other in told.findings[1:])), told.findings
    assert (told.outcome is None) is one.is_open, told.outcome
    if told.outcome:
        assert told.outcome.cause == one.cause, "what is recorded is what is explained"


def test_the_last_lines_of_the_log_are_shown_with_an_exit_code(stage: Stage) -> None:
    assert stage.explains("job/exit-7", "ExitCode").log == ("one", "bye")


def test_events_of_a_job_and_its_pods_are_listed_by_time(stage: Stage, tmp_path: Path) -> None:
    ann = Person(tmp_path / "ann", stage.user)
    stage.explains("job/no-secret", "InvalidConfiguration")
    listed = ann.types("events", "job/no-secret")
    assert listed.exit_code == 0, listed
    header, *lines = listed.stdout.splitlines()
    assert header.split() == ["LAST", "COUNT", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    reasons = [line.split()[3] for line in lines]
    assert reasons.index("SuccessfulCreate") < reasons.index("Failed"), listed
    assert all(re.search(r"(job/no-secret|pod/no-secret-[a-z0-9]{5}) ", line) for line in lines), listed
    assert re.search(
        r'Warning +Failed +pod/no-secret-\w+ +Error: secret "absent" not found$', listed.stdout, re.M
    )
    pod = json.loads(ann.types("events", "job/no-secret", "-o", "json").stdout)["items"][-1][
        "involvedObject"
    ]["name"]
    of_pod = ann.types("events", f"pod/{pod}").stdout
    assert "SuccessfulCreate" not in of_pod
    assert "Error: secret" in of_pod


def test_events_are_followed_until_one_is_told_to_stop(stage: Stage, tmp_path: Path) -> None:
    ann = Person(tmp_path / "ann", stage.user)
    process = ann.starts("events", "job/crash", "-w")
    assert process.stdout
    while "BackOff" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    ended = end(process)
    assert (ended.exit_code, ended.stderr) == (130, "")


HOSTILE = "printf 'evil \\033[2J\\342\\200\\256line\\n'; exit 3"


def test_why_is_told_within_five_seconds_of_the_end_and_harmless_on_a_terminal(
    stage: Stage, tmp_path: Path
) -> None:
    ann = Person(tmp_path / "ann", stage.user)
    container = {"name": "tool", "image": "busybox:1.35", "command": ["sh", "-c", HOSTILE]}
    job = {
        "spec": {
            "backoffLimit": 0,
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
        }
    }
    tool = {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": "evil"},
        "spec": {"job": job},
    }
    namespaces.apply(stage.user, tool)
    assert ann.types("run", "evil", "--request-id", "evil-1", "--follow").exit_code == 3
    begun = time.monotonic()
    told = ann.types("why", "evil-1")
    assert time.monotonic() - begun < 5
    assert 'cause     ExitCode: container "tool" ended with exit code 3\n' in told.stdout
    assert "log       evil \\x1b[2J\\u202eline\n" in told.stdout
    assert told.stdout.endswith("try       kubectl rapt logs evil-1\n")
