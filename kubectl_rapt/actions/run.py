"""Run a tool: from what a person asked to the Run that is to exist."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from kubectl_rapt import documents
from kubectl_rapt.actions import find, missing, policies
from kubectl_rapt.errors import UsageError
from kubectl_rapt.guard import secrets
from kubectl_rapt.model import names
from kubectl_rapt.objects import labels
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.objects.tools import Tool
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import declared, parameters, places

RUN_NAME_LIMIT = 55
"""Leaves room for the number of an attempt and the suffix of its pods within 63 characters."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for.

    Args:
        tool: The tool's name.
        namespace: Where it is.
        answers: Parameter to the text that was given.
        env: Variable to value, for variables that the tool declares.
        id: A name for the request: the same one never runs twice. Empty for a new one.
    """

    tool: str
    namespace: str
    answers: Mapping[str, str]
    env: Mapping[str, str]
    id: str = ""


def plan(world: World, request: Request) -> Run:
    """The Run that the request comes to.

    Args:
        world: Where to read.
        request: What was asked.

    Raises:
        NotFound: No such tool.
        UsageError: The request's id cannot be the name of a Run.
        Invalid: Answers do not fit: every problem at once; or what its pods need is not there.
        Refused: An answer or a variable looks like a secret.
    """
    if request.id and not (names.is_dns_label(request.id) and len(request.id) <= RUN_NAME_LIMIT):
        raise UsageError(
            "bad-flag",
            f"--request-id expects small letters, digits and dashes, at most {RUN_NAME_LIMIT}, got {request.id}",
            "--request-id nightly-2026-11-22",
        )
    tool = policies.of_tool(world, find.tool(world, request.tool, request.namespace))
    questions = [
        declared.from_data({**one, "at": "run"}, f"parameters[{i}]") for i, one in enumerate(tool.parameters)
    ]
    given = parameters.parse_all(questions, request.answers)
    # Before anything else is said of the answers: no message may repeat a secret.
    secrets.check((*secrets.search(given), *secrets.search(request.env)), tool.allowed_literals)
    values = parameters.check(questions, given, subject=tool.name)
    placed = [(question, one.get("at", ())) for question, one in zip(questions, tool.parameters, strict=True)]
    job = places.fill(tool.job, placed, {name: values[name] for name in given})
    if request.env:
        job = places.add_env(job, request.env, is_free=tool.free_env)
    missing.check(world, job, tool.namespace)
    name = (
        request.id or f"{names.shorten(tool.name, RUN_NAME_LIMIT - 6)}-{names.random_suffix(world.random(5))}"
    )
    return Run(
        name=name,
        namespace=tool.namespace,
        tool=tool.name,
        answers=given,
        job=job,
        digest=_digest(request, given),
        requested_by=world.cluster.user(),
        labels=_labels(tool, name),
        source=tool.source,
        env=request.env,
        retry=tool.retry,
        concurrency=tool.concurrency,
    )


def _digest(request: Request, given: Mapping[str, object]) -> str:
    """What makes two requests the same: not the tool's version, which may have moved on between them."""
    asked = {"tool": request.tool, "answers": dict(given), "env": dict(request.env)}
    return "sha256:" + hashlib.sha256(documents.dump_json(asked, indent=None).encode()).hexdigest()


def _labels(tool: Tool, name: str) -> dict[str, str]:
    ours = (tool.job.get("metadata") or {}).get("labels") or {}
    known = (labels.TOOL, labels.TEMPLATE, labels.VERSION, labels.ENVIRONMENT, labels.REPOSITORY)
    kept = {key: ours[key] for key in known if key in ours}
    governed = labels.of_policies(tool.retry_policy, tool.cleanup_policy)
    return {**kept, **governed, labels.TOOL: tool.name, labels.RUN: name, labels.MANAGED_BY: "rapt"}
