"""Showing an explanation: as lines for a person, and as data."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubectl_rapt.actions.history import Entry
from kubectl_rapt.actions.origin import Origin
from kubectl_rapt.actions.why import Explanation
from kubectl_rapt.cli import copying
from kubectl_rapt.config import layout
from kubectl_rapt.guard.secrets import HIDDEN
from kubectl_rapt.model import times
from kubectl_rapt.model.proposals import PullRequest
from kubectl_rapt.objects import runs, tools
from kubectl_rapt.objects.runs import Attempt
from kubectl_rapt.runs import lifecycle, retries, standing
from kubectl_rapt.runs.causes.seen import Finding


def lines(one: Explanation, now: datetime) -> Iterator[tuple[str, str]]:
    """What a person reads, each with its key: forward to the cause, back to the change, and what to try.

    Args:
        one: The explanation.
        now: The time.
    """
    yield from _forward(one, now)
    yield from _back(one)
    if one.findings:
        yield "try", copying.here(one.findings[0].hint)


def _forward(one: Explanation, now: datetime) -> Iterator[tuple[str, str]]:
    run, outcome = one.found.run, one.outcome
    yield "state", _state(one)
    is_open = outcome is None or not one.findings
    if is_open and one.standing and one.standing.state == runs.RUNNING and one.standing.message:
        yield "waits", one.standing.message
        yield "", standing.SIDECAR
    if one.findings:
        first, *others = one.findings
        yield "cause", _said(first)
        yield "evidence", first.evidence
        for number, line in enumerate(one.log):
            yield "" if number else "log", line
        if run and any(HIDDEN in line for line in one.log) and HIDDEN in run.log:
            yield "", f"({HIDDEN} stands for what looked like a secret when the log was kept)"
        for other in others:
            yield "also", _said(other)
    if outcome and outcome.result and not set(outcome.result.splitlines()) <= set(one.log):
        for number, line in enumerate(outcome.result.splitlines()):
            yield "" if number else "result", line
    if run and (len(run.attempts) > 1 or run.state == runs.RETRYING):
        for number, attempt in enumerate(run.attempts):
            yield "" if number else "attempts", _attempt(attempt)
    if run and one.held:
        yield "retry", lifecycle.held_back(run, one.held)
    elif run and run.state == runs.RETRYING and run.next_attempt_at:
        due = times.spell_seconds((run.next_attempt_at - now).total_seconds())
        is_closed = run.attempts and run.attempts[-1].finished_at
        yield "retry", f"in {due}" + (f": {retries.after(run).why}" if is_closed else "")


def _said(finding: Finding) -> str:
    return f"{finding.cause}: {finding.message}" if finding.message else finding.cause


def _state(one: Explanation) -> str:
    if one.standing:
        return standing.spell(one.standing, one.found.run)
    return one.found.run.status if one.found.run else one.outcome.cause if one.outcome else "Running"


def _attempt(attempt: Attempt) -> str:
    code = f", exit code {attempt.exit_code}" if attempt.exit_code is not None else ""
    took = times.spell_span(attempt.started_at, attempt.finished_at)
    said = [f"{attempt.cause or 'open'}{code}", took, attempt.node and f"on {attempt.node}"]
    return f"{attempt.number}  {', '.join(filter(None, said))}"


def _back(one: Explanation) -> Iterator[tuple[str, str]]:
    run, job, source = one.found.run, one.found.job, one.source
    if one.request:
        yield from ((f"run {key}", text) for key, text in _origin(one.request))
    if source:
        yield "from", f"{source.template} {source.version} ({source.registry}, tree {source.tree[:7]})"
    if one.origin:
        yield from _origin(one.origin)
    elif one.no_origin and one.tool:
        yield "commit", f"unknown: {one.no_origin}"
    if one.settings:
        commit = one.settings.commit
        said = "; ".join(map(str, one.settings.settings))
        yield (
            "settings",
            f"{layout.PROJECT} of commit {commit.id[:7]} by {commit.author.partition(' <')[0]}: {said}",
        )
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
        yield "change", f"{change.id} by {change.by(commit.author)}: {change.summary}"
    else:
        yield "change", f"made by hand by {by}"
    if origin.review:
        yield "review", _review(origin.review)
    elif origin.reviewers:
        named = ", ".join(one.partition(" <")[0] for one in origin.reviewers)
        yield "review", f"by {named}, says the commit's message"
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


def _settings_data(one: Entry) -> dict[str, Any]:
    changed = [{"field": each.label, "before": each.before, "after": each.after} for each in one.settings]
    return {"commit": one.commit.id, "by": one.commit.author, "fields": changed}


def data(one: Explanation) -> dict[str, Any]:
    """An explanation as ``-o json`` has it."""
    outcome, run = one.outcome, one.found.run
    data: dict[str, Any] = {
        "tool": one.tool,
        "environment": one.environment,
        "requestedBy": one.requested_by,
        "run": run.name if run else None,
        "job": one.found.job.name if one.found.job else None,
        "pods": [pod.name for pod in one.found.pods],
        "state": one.standing.status if run and one.standing else None,
        "findings": [finding_data(finding) for finding in one.findings],
        "log": list(one.log),
        "attempts": [runs.attempt_to_data(attempt) for attempt in run.attempts] if run else None,
        "answers": dict(one.answers),
        "source": tools.source_to_data(one.source) if one.source else None,
        "runOrigin": _compact(_origin_data(one.request)) if one.request else None,
        **({"settings": _settings_data(one.settings)} if one.settings else {}),
        **(_origin_data(one.origin) if one.origin else {"commitUnknown": one.no_origin}),
    }
    if one.held:
        data["heldBack"] = {"until": times.spell(one.held.at), "why": one.held.what}
    if outcome:
        data["outcome"] = {
            "cause": outcome.cause,
            "exitCode": outcome.exit_code,
            "message": outcome.message,
            "evidence": outcome.evidence,
            "result": outcome.result,
        }
    return {key: value for key, value in data.items() if value not in (None, "", {}) or key == "environment"}


def finding_data(finding: Finding) -> dict[str, Any]:
    """A finding as ``-o json`` has it."""
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


def _compact(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value not in (None, "", {})}


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
