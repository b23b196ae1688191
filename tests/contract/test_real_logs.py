"""Logs of real containers: one pod with a container for each scenario."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.adapters.cluster.door import Door
from kubectl_rapt.adapters.cluster.reads import Reads
from kubectl_rapt.errors import Invalid, NotFound
from kubectl_rapt.model.kinds import POD, Ref, ref_of
from kubectl_rapt.model.target import Target
from tests.contract.conftest import Side
from tests.faults import CutAfter, between

Follow = Callable[[str], list[bytes]]

SCENARIOS = {
    "plain": "echo one; echo; echo '  three'",
    "bytes": r"printf '\377\376\n50%%\r60%%\r\n\303\274\n'",
    "endless": "printf 'one\\ntwo without an end'",
    "nothing": "true",
    "failing": "echo last words; exit 3",
    "both": "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done",
    # Debian's containerd loses what is still in the pipe of a container that ends at once, whoever reads.
    "wide": "for i in 1 2 3; do head -c 100000 /dev/zero | tr '\\0' $i; echo; done; sleep 1",
    "huge": "head -c 8000000 /dev/zero | tr '\\0' h; echo; echo after; sleep 1",
    "burst": "seq 1 20000; sleep 1",
    "slow": "for i in $(seq 1 60); do echo line $i; sleep 0.05; done",
}
SLOW = [f"line {number}".encode() for number in range(1, 61)]


@pytest.fixture
def pod(real: Side) -> Ref:
    """A pod that has just been created."""
    containers = [
        {"name": name, "image": "busybox:1.35", "command": ["sh", "-c", script]}
        for name, script in SCENARIOS.items()
    ]
    spec = {"restartPolicy": "Never", "containers": containers}
    return ref_of(real.writes.create(a_pod(real, "scenarios", spec)))


def a_pod(side: Side, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": side.namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@pytest.fixture
def cut_reads(user: Path, tmp_path: Path, real: Side) -> Iterator[Reads]:
    """The real cluster through a network that cuts logs again and again."""
    with between(tmp_path, user) as faults:
        faults.on("/log", *[CutAfter(900 + 37 * number) for number in range(12)])
        with Door(Target(kubeconfig=str(faults.kubeconfig))) as door:
            yield Reads(door)
        assert len(faults.asked("/log")) > 8


def test_every_line_of_every_container_arrives_once(real: Side, cut_reads: Reads, pod: Ref) -> None:
    results: dict[str, list[bytes]] = {}

    def follow(name: str, reads: Any, container: str) -> None:
        results[name] = list(reads.logs(pod, container, follow=True))

    threads = [threading.Thread(target=follow, args=(name, real.reads, name)) for name in SCENARIOS]
    threads.append(threading.Thread(target=follow, args=("cut", cut_reads, "slow")))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    assert results.pop("plain") == [b"one", b"", b"  three"]
    # containerd itself drops a carriage return before a line's end.
    assert results.pop("bytes") == [b"\xff\xfe", b"50%\r60%", b"\xc3\xbc"]
    assert results.pop("endless") == [b"one", b"two without an end"]
    assert results.pop("nothing") == []
    assert results.pop("failing") == [b"last words"]
    both = results.pop("both")
    assert [line for line in both if line.startswith(b"out")] == [
        b"out %d" % number for number in range(1, 6)
    ]
    assert [line for line in both if line.startswith(b"err")] == [
        b"err %d" % number for number in range(1, 6)
    ]
    assert results.pop("wide") == [digit * 100_000 for digit in (b"1", b"2", b"3")]
    assert [(line[:5], len(line)) for line in results.pop("huge")] == [(b"hhhhh", 8_000_000), (b"after", 5)]
    assert results.pop("burst") == [b"%d" % number for number in range(1, 20_001)]
    assert results.pop("slow") == SLOW
    assert results.pop("cut") == SLOW
    assert results == {}
    # All have ended: the same without following, and the end of it.
    assert list(real.reads.logs(pod, "slow")) == SLOW
    assert list(real.reads.logs(pod, "slow", tail=3)) == SLOW[-3:]
    assert list(real.reads.logs(pod, "slow", tail=3, follow=True)) == SLOW[-3:]
    assert list(real.reads.logs(pod, "endless", follow=True)) == [b"one", b"two without an end"]
    with pytest.raises(Invalid):
        list(real.reads.logs(pod, "unknown"))


def test_a_log_ends_soon_after_its_container(real: Side) -> None:
    command = ["sh", "-c", "echo started; sleep 1; date +%s"]
    spec = {
        "restartPolicy": "Never",
        "containers": [{"name": "main", "image": "busybox:1.35", "command": command}],
    }
    pod = ref_of(real.writes.create(a_pod(real, "short", spec)))
    lines = list(real.reads.logs(pod, "main", follow=True))
    assert lines[0] == b"started"
    assert time.time() - float(lines[1]) < 3


def test_a_log_that_waits_in_vain_is_empty_and_ends_with_its_pod(real: Side) -> None:
    container = {"name": "main", "image": "localhost/none:1", "imagePullPolicy": "Never"}
    pod = real.writes.create(a_pod(real, "waits", {"restartPolicy": "Never", "containers": [container]}))
    nobody = real.writes.create(a_pod(real, "nobody", {"schedulerName": "nobody", "containers": [container]}))
    for one in (pod, nobody):
        assert list(real.reads.logs(ref_of(one), "main")) == []
        threading.Timer(0.5, real.writes.delete, (ref_of(one),), {"uid": one["metadata"]["uid"]}).start()
        assert list(real.reads.logs(ref_of(one), "main", follow=True)) == []
    with pytest.raises(NotFound):
        list(real.reads.logs(Ref(POD, "never", real.namespace), "main", follow=True))
