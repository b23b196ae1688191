"""Why a Job failed on a real node: every scenario is started at once, and each is awaited by its test."""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.actions import why
from kubectl_rapt.actions.why import Explanation
from kubectl_rapt.model.target import Target
from kubectl_rapt.ports.world import World
from tests import failing
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.failing import FAILING, Failing

PATIENCE_SECONDS = 150


@dataclass(frozen=True)
class Stage:
    """A namespace in which every Job of the table has begun, and an ordinary user who looks at it."""

    world: World
    namespace: str
    registry: str

    def explains(self, what: str, cause: str) -> Explanation:
        """What is said once that cause is the first one; the last answer where it never is."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            told = why.why(self.world, what, self.namespace)
            if (told.findings and told.findings[0].cause == cause) or time.monotonic() > ends_at:
                return told
            time.sleep(1)


@pytest.fixture(scope="module")
def stage(cluster: Cluster) -> Iterator[Stage]:
    with failing.begun(cluster) as (namespace, user, registry), pytest.MonkeyPatch.context() as environ:
        environ.setenv("PATH", str(kubectl.program().parent), prepend=os.pathsep)
        with wiring.open_world(Target(kubeconfig=str(user), namespace=namespace)) as (world, _):
            yield Stage(world, namespace, registry)


@pytest.mark.parametrize("one", FAILING, ids=[one.name for one in FAILING])
def test_every_cause_is_named_with_its_evidence_and_the_next_command(stage: Stage, one: Failing) -> None:
    told = stage.explains(f"job/{one.name}", one.cause)
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
