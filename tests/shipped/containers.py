"""Running a shipped template's container on this machine, as a node would run it."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kubectl_rapt.templating import definition, parameters, places, render

TEMPLATES = Path(__file__).parents[2] / "templates"


def of(name: str, install: Mapping[str, Any], at_run: Mapping[str, Any]) -> Mapping[str, Any]:
    """The container of a template's Job with these answers."""
    folder = TEMPLATES / name
    template = definition.load((folder / "template.yaml").read_bytes(), "template.yaml")
    asked = template.parameters
    rendered = render.render(
        (folder / "job.yaml.j2").read_text(),
        asked,
        parameters.check(asked, install, complete=False),
        name="job.yaml.j2",
    )
    placed = [(one, rendered.places[one.name]) for one in asked if one.at == "run"]
    job = places.fill(rendered.job, placed, parameters.check(asked, {**install, **at_run}))
    container: Mapping[str, Any] = job["spec"]["template"]["spec"]["containers"][0]
    return container


def run(
    programs: Path,
    container: Mapping[str, Any],
    *,
    mounts: Mapping[str, Path] | None = None,
    secrets: Mapping[tuple[str, str], str] | None = None,
    user: int | None = None,
) -> tuple[int, list[str]]:
    """The exit code and the lines of a container.

    Args:
        programs: The folder that is all of its PATH.
        container: What is run.
        mounts: A volume's place in the container to the folder that it is here.
        secrets: The name of a Secret and a key in it to what it holds.
        user: Whom it runs as; None for whoever runs the tests.
    """
    environ = {"PATH": str(programs)}
    for one in container.get("env", ()):
        if "value" in one:
            text = _expanded(one["value"])
            environ[one["name"]] = str((mounts or {}).get(text, text))
        else:
            source = one["valueFrom"]["secretKeyRef"]
            environ[one["name"]] = (secrets or {})[source["name"], source["key"]]
    done = subprocess.run(
        [_expanded(word) for word in (*container["command"], *container.get("args", ()))],
        executable=str(programs / container["command"][0]),
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        check=False,
        user=user,
        group=user,
        extra_groups=None if user is None else (),
    )
    return done.returncode, done.stdout.splitlines()


def open_to_all(folder: Path) -> None:
    """Let whoever a container runs as reach a test's folder: the folders above it are the test runner's alone."""
    for one in (folder, *folder.parents):
        if one == Path(tempfile.gettempdir()):
            return
        if one.stat().st_uid == os.geteuid():
            one.chmod(one.stat().st_mode & 0o777 | 0o055)


def _expanded(text: str) -> str:
    """As Kubernetes does it where no ``$(NAME)`` names a variable."""
    return text.replace("$$", "$")
