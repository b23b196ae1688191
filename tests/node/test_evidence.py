"""Evidence of a Job that really ran: what its containers said is in files before the Job goes."""

import json
import subprocess
from pathlib import Path

from tests import namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Person

LIMIT_SECONDS = 120


def test_the_log_of_a_failed_job_is_exported_before_it_goes(
    cluster: Cluster, namespace: str, user: Path, tmp_path: Path
) -> None:
    # Debian's containerd may lose what a container writes that ends at once, whoever reads.
    scripts = {"tool": "echo one; echo two >&2; sleep 1; exit 3", "side": "echo beside; sleep 1"}
    containers = [
        {"name": name, "image": "busybox:1.35", "command": ["sh", "-c", script]}
        for name, script in scripts.items()
    ]
    pod = {"restartPolicy": "Never", "containers": containers}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "fails", "namespace": namespace, "labels": {"rapt.dev/tool": "fails"}},
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
    }
    namespaces.apply(user, job)
    wait = [str(kubectl.program()), f"--kubeconfig={user}", "wait", "--for=condition=Failed", "job/fails"]
    subprocess.run([*wait, f"--timeout={LIMIT_SECONDS}s"], check=True, capture_output=True)
    ann = Person(tmp_path / "ann", user)
    folder = tmp_path / "kept"
    done = ann.types("clean", "--older-than", "0s", "--export", str(folder), "-y")
    assert done.exit_code == 0, done.stderr
    assert done.stderr == "1 Job deleted, 0 stay\n"
    files = {one.name.partition(".")[2]: one for one in folder.rglob("*") if one.is_file()}
    assert set(files) == {"yaml", "tool.log", "side.log"}
    assert sorted(files["tool.log"].read_text().splitlines()) == ["one", "two"]
    assert files["side.log"].read_text() == "beside\n"
    causes = [one.read_text() for one in folder.rglob("cause.yaml")]
    assert "cause: ExitCode\nexitCode: 3\n" in causes[0]
    command = [str(kubectl.program()), f"--kubeconfig={user}", "get", "jobs", "-o", "json"]
    assert json.loads(subprocess.check_output(command))["items"] == []
