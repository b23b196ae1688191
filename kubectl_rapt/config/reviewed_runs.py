"""``runs/<environment>/<id>.yaml``: a run that is reviewed, as the Run object that is created once after the merge."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import Invalid, Problem
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import RUN
from kubectl_rapt.objects import job_schema, labels, runs
from kubectl_rapt.objects.runs import Run

LONGEST = timedelta(days=14)
"""How far ahead ``notAfter`` may be: what was done is remembered for longer, so that nothing is done twice."""
_SPEC = (
    "tool",
    "digest",
    "requestedBy",
    "answers",
    "env",
    "source",
    "retry",
    "concurrency",
    "notAfter",
    "job",
)
_HINT = "ask for the run again: kubectl rapt run TOOL --review"


def spell(run: Run) -> bytes:
    """A run as its file."""
    return documents.dump(runs.to_manifest(run)).encode()


def plainly(content: bytes, path: str) -> Run:
    """The run that a file asks for, as it is, for a list. Raises Invalid, KeyError, TypeError, ValueError."""
    return runs.from_manifest(documents.load(content, path))


def read(
    content: bytes, path: str, name: str, environment: Environment, project: Project, now: datetime
) -> Run:
    """The run that a file asks for, held to what Rapt itself writes: people may have edited it.

    Args:
        content: The file.
        path: Its path, for messages.
        name: The run's name, by that path.
        environment: Its environment, by that path.
        project: The repository's ``rapt.yaml``.
        now: The time.

    Raises:
        Invalid: ``bad-reviewed-run``: everything that is wrong with it, at once.
    """
    data = documents.load(content, path)
    problems = [Problem("", what) for what in _wrong(data, name, environment, project)]
    if not problems:
        problems = [
            Problem(f"spec.job{one.where}", one.what)
            for one in job_schema.check(data["spec"]["job"], job_schema.TOOL_JOB)
        ]
    if problems:
        raise Invalid("bad-reviewed-run", f"{path} is not a run that can be executed", _HINT, problems)
    try:
        run = runs.from_manifest(data)
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("bad-reviewed-run", f"{path} is not a run that can be executed", _HINT) from error
    wrong = ""
    if run.digest != runs.digest(run.tool, run.answers, run.env):
        wrong = "its answers are not those that were asked for: digest differs"
    elif not run.not_after or run.not_after > now + LONGEST:
        wrong = f"notAfter is more than {LONGEST.days} days ahead"
    if wrong:
        raise Invalid("bad-reviewed-run", f"{path}: {wrong}", _HINT)
    return run


def _wrong(data: Any, name: str, environment: Environment, project: Project) -> list[str]:
    """What is wrong with a document as a Run of that name in that environment."""
    if not isinstance(data, Mapping) or (data.get("apiVersion"), data.get("kind")) != (
        RUN.api_version,
        RUN.name,
    ):
        return [f"expected one object of {RUN.api_version}, kind {RUN.name}"]
    metadata, spec = data.get("metadata"), data.get("spec")
    if not isinstance(metadata, Mapping) or not isinstance(spec, Mapping):
        return ["expected metadata and spec"]
    problems = []
    if metadata.get("name") != name:
        problems.append(f"metadata.name is to be {name}, as the file is called")
    if metadata.get("namespace") not in environment.all_namespaces:
        problems.append(f"metadata.namespace is not a namespace of {environment.name}")
    marks = metadata.get("labels")
    wanted = {labels.ENVIRONMENT: environment.name, labels.REPOSITORY: project.id}
    if not isinstance(marks, Mapping) or any(marks.get(key) != value for key, value in wanted.items()):
        problems.append(f"metadata.labels do not name environment {environment.name} of this repository")
    problems += [f"spec.{key} is not for a reviewed run" for key in spec if key not in _SPEC]
    problems += [
        f"spec.{key} is missing"
        for key in ("tool", "digest", "notAfter", "job")
        if not isinstance(spec.get(key), Mapping if key == "job" else str)
    ]
    if isinstance(spec.get("notAfter"), str):
        try:
            times.parse(spec["notAfter"])
        except ValueError:
            problems.append("spec.notAfter is not a time such as 2026-11-22T18:00:00Z")
    return problems
