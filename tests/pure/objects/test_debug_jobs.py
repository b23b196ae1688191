"""The Job that stands in for an attempt: the same pod, held, and nothing that anything else takes for a run."""

from typing import Any

import pytest

from kubectl_rapt.model.duration import Duration
from kubectl_rapt.objects import debug_jobs, jobs
from kubectl_rapt.objects.debug_jobs import Hold
from tests.given import a_run, a_template

HOUR = Duration(3600)


def clone(hold: Hold, container: dict[str, Any] | None = None, **pod: Any) -> dict[str, Any]:
    template = a_template(podFailurePolicy={"rules": []}, suspend=True, backoffLimit=6)
    inside = template["spec"]["template"]["spec"]
    inside["containers"] = [
        {"name": "tool", "image": "i:1", **(container or {})},
        {"name": "log", "image": "l:1"},
    ]
    inside |= pod
    run = a_run(job=template, uid="run-1")
    made: dict[str, Any] = dict(debug_jobs.clone(run, jobs.of_attempt(run, 1), hold, "abcde"))
    return made


def test_it_is_nobodys_attempt_and_goes_by_itself_and_with_its_run() -> None:
    made = clone(Hold("tool", HOUR))
    metadata, spec = made["metadata"], made["spec"]
    assert metadata["labels"] == {"rapt.dev/debug": "backup-x7k2p", "app.kubernetes.io/managed-by": "rapt"}
    assert metadata["name"] == "backup-x7k2p-debug-abcde"
    assert metadata["ownerReferences"][0]["uid"] == "run-1"
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]) == (
        0,
        3630,
        60,
    )
    assert not {"suspend", "podFailurePolicy"} & set(spec)


def test_its_pod_keeps_what_a_network_policy_chooses_it_by_and_no_more() -> None:
    marks = clone(Hold("tool", HOUR))["spec"]["template"]["metadata"]["labels"]
    assert marks["rapt.dev/tool"] == "backup"
    assert not {"rapt.dev/run", "rapt.dev/attempt"} & set(marks)


def test_only_the_one_container_is_held_and_nothing_probes_it() -> None:
    own = {
        "command": ["sh", "-c", "exit 3"],
        "args": ["x"],
        "livenessProbe": {},
        "lifecycle": {},
        "env": [{"name": "A"}],
    }
    pod = clone(Hold("tool", HOUR), own, activeDeadlineSeconds=5, serviceAccountName="sa")["spec"][
        "template"
    ]["spec"]
    held, other = pod["containers"]
    assert held == {"name": "tool", "image": "i:1", "env": [{"name": "A"}], "command": ["sleep", "3600"]}
    assert other == {"name": "log", "image": "l:1"}
    assert (pod["serviceAccountName"], pod["restartPolicy"], "activeDeadlineSeconds" in pod) == (
        "sa",
        "Never",
        False,
    )


def test_after_a_failure_its_own_words_are_arguments_and_never_code() -> None:
    own = {"command": ["run", "$(A) $(B)"], "args": ["; rm -rf /"]}
    pod = clone(Hold("tool", Duration(60), "other:2", after=True), own)["spec"]["template"]["spec"]
    shell, flag, script, name, *words = pod["containers"][0]["command"]
    assert (shell, flag, name, words) == ("sh", "-c", "sh", ["run", "$(A) $(B)", "; rm -rf /"])
    assert '"$@"' in script and "sleep 60" in script and debug_jobs.ENDED in script
    assert pod["containers"][0]["image"] == "other:2"


@pytest.mark.parametrize("name", ["a" * 55, "backup"])
def test_its_name_leaves_room_for_the_names_of_pods(name: str) -> None:
    run = a_run(name=name, uid="u")
    made = debug_jobs.clone(run, jobs.of_attempt(run, 1), Hold("tool", HOUR), "abcde")
    assert len(made["metadata"]["name"]) <= jobs.NAME_LIMIT - 6
