"""``kubectl rapt why``."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer

from kubectl_rapt.actions import why as explaining
from kubectl_rapt.actions.origin import Origin
from kubectl_rapt.actions.why import Explanation, Failure
from kubectl_rapt.cli import options, show, terminal
from kubectl_rapt.errors import UsageError
from kubectl_rapt.model import times
from kubectl_rapt.model.proposals import PullRequest
from kubectl_rapt.objects import runs, tools
from kubectl_rapt.objects.runs import Attempt
from kubectl_rapt.runs import retries
from kubectl_rapt.runs.causes.seen import Finding

_WHAT = "TOOL|RUN|job/NAME|pod/NAME"


def why(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar=_WHAT, help="What to explain")] = "",
    failed: Annotated[
        bool,
        typer.Option(
            "--failed", help="All runs that failed, of a tool where one is named, with their causes"
        ),
    ] = False,
    all_namespaces: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="With --failed: of every namespace")
    ] = False,
    output: Annotated[str, typer.Option("-o", "--output", metavar="json|yaml", help="Output format")] = "",
) -> None:
    """Explain where a run comes from and why it ended as it did.

    Example: kubectl rapt why job/http-check-x7k2p-1
    """
    options.one_of("-o", output, ("json", "yaml"))
    if failed:
        _failed(context, what, all_namespaces, output)
        return
    if not what:
        raise UsageError("bad-usage", f"missing argument '{_WHAT}'", "kubectl rapt why --help")
    if all_namespaces:
        raise UsageError("bad-flag", "-A goes with --failed only", "kubectl rapt why --failed -A")
    with options.open_world(context) as (world, _):
        explanation = explaining.why(world, what, world.cluster.namespace())
        now = world.now()
    if output:
        terminal.out(show.document(_data(explanation), output))
        return
    lines = [*_forward(explanation, now), *_back(explanation)]
    if explanation.findings:
        lines.append(("try", explanation.findings[0].hint))
    width = max(len(key) for key, _ in lines)
    for key, text in lines:
        terminal.out(f"{key:<{width}}  {terminal.clean(terminal.shorten(text))}".rstrip())


def _forward(one: Explanation, now: datetime) -> Iterator[tuple[str, str]]:
    run, outcome = one.found.run, one.outcome
    if one.findings:
        first, *others = one.findings
        yield "cause", _said(first)
        yield "evidence", first.evidence
        for number, line in enumerate(one.log):
            yield "" if number else "log", line
        for other in others:
            yield "also", _said(other)
    else:
        yield "state", _state(one)
    if outcome and outcome.result and not set(outcome.result.splitlines()) <= set(one.log):
        for number, line in enumerate(outcome.result.splitlines()):
            yield "" if number else "result", line
    if run and (len(run.attempts) > 1 or run.state == runs.RETRYING):
        for number, attempt in enumerate(run.attempts):
            yield "" if number else "attempts", _attempt(attempt)
    if run and run.state == runs.RETRYING and run.next_attempt_at:
        due = times.spell_seconds((run.next_attempt_at - now).total_seconds())
        again = retries.after(run)
        yield "retry", f"in {due}: {again.why}"


def _said(finding: Finding) -> str:
    return f"{finding.cause}: {finding.message}" if finding.message else finding.cause


def _state(one: Explanation) -> str:
    if one.outcome and one.outcome.is_success:
        return "Succeeded"
    return one.found.run.status if one.found.run else one.outcome.cause if one.outcome else "Running"


def _attempt(attempt: Attempt) -> str:
    code = f", exit code {attempt.exit_code}" if attempt.exit_code is not None else ""
    took = ""
    if attempt.started_at and attempt.finished_at:
        took = f", {times.spell_seconds((attempt.finished_at - attempt.started_at).total_seconds())}"
    node = f", on {attempt.node}" if attempt.node else ""
    return f"{attempt.number}  {attempt.cause or 'open'}{code}{took}{node}"


def _back(one: Explanation) -> Iterator[tuple[str, str]]:
    run, job, source = one.found.run, one.found.job, one.source
    if source:
        yield "from", f"{source.template} {source.version} ({source.registry}, tree {source.tree[:7]})"
    if one.origin:
        yield from _origin(one.origin)
    elif one.no_origin:
        yield "commit", f"unknown: {one.no_origin}"
    if one.tool:
        yield "tool", one.tool + (f" in {one.environment}" if one.environment else "")
    if one.requested_by:
        yield "asked by", one.requested_by
    if answers := _answers(one):
        yield (
            "answers",
            ", ".join(f"{key}={_spell(value)} ({where})" for key, (value, where) in answers.items()),
        )
    if run:
        yield "run", run.name
    if job:
        yield "job", job.name


def _origin(origin: Origin) -> Iterator[tuple[str, str]]:
    commit, change = origin.commit, origin.change
    by = commit.author.partition(" <")[0]
    lock = origin.installation.lock if origin.installation else None
    if lock and lock.commit:
        yield "template", f"commit {lock.commit} of {lock.registry}"
    if origin.template:
        yield "note" if origin.is_template_sure else "warning", origin.template
    yield "commit", commit.id
    if change:
        asked = change.requester.partition(" <")[0] or by
        merged = f", merged by {by}" if asked != by and not origin.review else ""
        yield "change", f"{change.id} by {asked}{merged}: {change.summary}"
    else:
        yield "change", f"made by hand by {by}"
    if origin.review:
        yield "review", _review(origin.review)
    elif origin.reviewers:
        yield "review", f"by {', '.join(one.partition(' <')[0] for one in origin.reviewers)}"
    elif origin.no_review:
        yield "review", f"unknown: {origin.no_review}"


def _review(review: PullRequest) -> str:
    parts = [f"pull request {review.number} by {review.author}"]
    if review.approved_by:
        parts.append(f"approved by {', '.join(review.approved_by)}")
    if review.merged_by:
        parts.append(f"merged by {review.merged_by}")
    return f"{', '.join(parts)}: {review.url}"


def _answers(one: Explanation) -> dict[str, tuple[Any, str]]:
    """What was answered, and where: for the run itself, or for the tool."""
    given = one.origin.installation.answers if one.origin and one.origin.installation else {}
    return {
        **{key: (value, "tool") for key, value in given.items()},
        **{key: (value, "run") for key, value in one.answers.items()},
    }


def _spell(value: Any) -> str:
    if isinstance(value, str):
        return value
    from kubectl_rapt import documents

    return documents.dump_json(value, indent=None).strip()


def _data(one: Explanation) -> dict[str, Any]:
    outcome, run = one.outcome, one.found.run
    data: dict[str, Any] = {
        "tool": one.tool,
        "environment": one.environment,
        "requestedBy": one.requested_by,
        "run": run.name if run else None,
        "job": one.found.job.name if one.found.job else None,
        "pods": [pod.name for pod in one.found.pods],
        "state": run.status if run else None,
        "findings": [_finding(finding) for finding in one.findings],
        "log": list(one.log),
        "attempts": [runs.attempt_to_data(attempt) for attempt in run.attempts] if run else None,
        "answers": dict(one.answers),
        "source": tools.source_to_data(one.source) if one.source else None,
        **(_origin_data(one.origin) if one.origin else {"commitUnknown": one.no_origin}),
    }
    if outcome:
        data["outcome"] = {
            "cause": outcome.cause,
            "exitCode": outcome.exit_code,
            "message": outcome.message,
            "evidence": outcome.evidence,
            "result": outcome.result,
        }
    return {key: value for key, value in data.items() if value not in (None, "", {}) or key == "environment"}


def _finding(finding: Finding) -> dict[str, Any]:
    data = {
        "cause": finding.cause,
        "message": finding.message,
        "evidence": finding.evidence,
        "try": finding.hint,
        "exitCode": finding.exit_code,
        "container": finding.container,
        "pod": finding.pod,
    }
    return {key: value for key, value in data.items() if value not in (None, "")}


def _origin_data(origin: Origin) -> dict[str, Any]:
    lock, review = origin.installation.lock if origin.installation else None, origin.review
    return {
        "commit": origin.commit.id,
        "author": origin.commit.author,
        "change": origin.change.id if origin.change else None,
        "requester": origin.change.requester if origin.change else None,
        "toolAnswers": dict(origin.installation.answers) if origin.installation else None,
        "templateCommit": lock.commit if lock else None,
        "templateNote": origin.template,
        "reviewers": list(origin.reviewers) or None,
        "review": {
            "number": review.number,
            "url": review.url,
            "author": review.author,
            "approvedBy": list(review.approved_by),
            "mergedBy": review.merged_by,
        }
        if review
        else None,
    }


def _failed(context: typer.Context, tool: str, all_namespaces: bool, output: str) -> None:
    with options.open_world(context) as (world, _):
        namespace = "" if all_namespaces else world.cluster.namespace()
        found = explaining.failed(world, namespace, tool)
        now = world.now()
    if output:
        terminal.out(show.document(show.listed([_failure(one) for one in found]), output))
        return
    if not found:
        where = "any namespace" if all_namespaces else f"namespace {namespace}"
        terminal.say(f"No failed runs found in {where}.")
        return
    header = ["RUN", "TOOL", "CAUSE", "ATTEMPTS", "AGE", "MESSAGE"]
    rows = [
        ([one.namespace] if all_namespaces else [])
        + [
            one.run,
            one.tool,
            one.finding.cause,
            str(one.attempts),
            times.spell_seconds((now - one.at).total_seconds()),
            terminal.shorten(one.finding.message, 300),
        ]
        for one in found
    ]
    terminal.out(show.table((["NAMESPACE"] if all_namespaces else []) + header, rows))
    counts = Counter(one.finding.cause for one in found).most_common()
    terminal.say(
        f"{len(found)} failed: {', '.join(f'{count} {terminal.clean(word)}' for word, count in counts)}"
    )


def _failure(one: Failure) -> dict[str, Any]:
    about = {"namespace": one.namespace, "run": one.run, "tool": one.tool, "attempts": one.attempts}
    return {**about, **_finding(one.finding)}
