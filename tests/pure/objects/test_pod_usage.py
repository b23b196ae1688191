"""What a pod uses, as the two who measure it spell it."""

from kubectl_rapt.objects import pod_usage
from kubectl_rapt.objects.pod_usage import Usage
from tests.given import NOON, at


def test_metrics_of_all_containers_are_added() -> None:
    manifest = {
        "timestamp": at(0),
        "containers": [
            {"name": "tool", "usage": {"cpu": "12345678n", "memory": "512Ki"}},
            {"name": "other", "usage": {"cpu": "1m", "memory": "1Mi"}},
        ],
    }
    assert pod_usage.from_metrics(manifest) == Usage(NOON, 13.346, 1536 * 1024)


def test_a_summary_is_searched_for_the_pod() -> None:
    cpu = {"time": at(0), "usageNanoCores": 250_000_000}
    pod = {
        "podRef": {"name": "a", "namespace": "team"},
        "containers": [{"cpu": cpu, "memory": {"time": at(-1), "workingSetBytes": 4096}}],
    }
    other = {**pod, "podRef": {"name": "a", "namespace": "other"}, "containers": []}
    assert pod_usage.from_summary({"pods": [other, pod]}, "team", "a") == Usage(NOON, 250.0, 4096)
    assert pod_usage.from_summary({"pods": [other]}, "other", "a") is None
    assert pod_usage.from_summary({}, "team", "a") is None


def test_what_is_not_measured_yet_is_unknown_and_not_nothing() -> None:
    assert pod_usage.from_metrics({"timestamp": at(0)}) == Usage(NOON, None, None)
    young = {"podRef": {"name": "a", "namespace": "team"}, "containers": [{"cpu": {"time": at(0)}}]}
    assert pod_usage.from_summary({"pods": [young]}, "team", "a") == Usage(NOON, None, None)
