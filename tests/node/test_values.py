"""Hostile values reach a real container byte for byte, through the real command."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import namespaces
from tests.attacks import corpus
from tests.attacks.corpus import ValueCase

_SCRIPT = "od -An -v -tx1 /proc/$$$$/environ; echo end; od -An -v -tx1 /proc/$$$$/cmdline; true"


def test_every_value_that_is_carried_reaches_the_container_byte_for_byte(user: Path, tmp_path: Path) -> None:
    cases = [case for case in corpus.values() if not case.refused and case.parameter.type == "string"]
    assert len(cases) >= 40
    namespaces.apply(user, _tool(cases))
    answers = [part for index, case in enumerate(cases) for part in ("--set", f"p{index}={case.value}")]
    command = [str(Path(sys.executable).with_name("kubectl-rapt")), "run", "hostile", "--follow", *answers]
    done = subprocess.run(
        command,
        env={**os.environ, "KUBECONFIG": str(user), "HOME": str(tmp_path), "PATH": _path()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    environment, _, line = done.stdout.decode().partition("end")
    variables = dict(one.split(b"=", 1) for one in bytes.fromhex(environment).rstrip(b"\0").split(b"\0"))
    arguments = bytes.fromhex(line).split(b"\0")[4:-1]
    for index, case in enumerate(cases):
        wanted = case.value.encode()
        assert variables[f"V{index}".encode()] == wanted, f"{case.name}: {case.says}"
        assert arguments[index] == wanted, f"{case.name}: {case.says}"


def _path() -> str:
    return f"{Path(sys.executable).parent}:{os.environ['PATH']}"


def _tool(cases: list[ValueCase]) -> dict[str, Any]:
    container = "/spec/template/spec/containers/0"
    questions = [
        {
            "name": f"p{index}",
            "type": "string",
            "at": [f"{container}/env/{index}/value", f"{container}/args/{index}"],
        }
        for index in range(len(cases))
    ]
    pod = {
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "tool",
                "image": "busybox:1.35",
                "command": ["sh", "-c", _SCRIPT, "--"],
                "args": ["unset"] * len(cases),
                "env": [{"name": f"V{index}", "value": "unset"} for index in range(len(cases))],
            }
        ],
    }
    return {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": "hostile"},
        "spec": {"parameters": questions, "job": {"spec": {"backoffLimit": 0, "template": {"spec": pod}}}},
    }
