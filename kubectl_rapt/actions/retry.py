"""Retry: one more attempt of a run, which a person asks for, as it was or with something changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kubectl_rapt import writes
from kubectl_rapt.actions import advance, answered, find, fixed
from kubectl_rapt.actions import run as running
from kubectl_rapt.errors import Conflict, Invalid, Problem, Refused, Unavailable
from kubectl_rapt.guard import secrets
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.kinds import SERVICE_ACCOUNT, Manifest, Ref
from kubectl_rapt.model.plan import Patch
from kubectl_rapt.objects import jobs
from kubectl_rapt.objects.retry_policies import MAX_ATTEMPTS
from kubectl_rapt.objects.runs import RETRYING, SUCCEEDED, Run, Wish
from kubectl_rapt.objects.tools import Tool
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import renewal, retries
from kubectl_rapt.runs.lifecycle import Later, Seen
from kubectl_rapt.templating import parameters, places
from kubectl_rapt.writes import Writers

_ATTEMPTS = 12


def plan(world: World, run: Run, given: Mapping[str, str], *, again: bool = False) -> Patch:
    """The step that asks for one more attempt of a run.

    Args:
        world: Where to read.
        run: The run as it is.
        given: Parameter to the text that was given, and ``memory`` and ``deadline``.
        again: Whether a run that succeeded is meant, too: what it did is done again.

    Raises:
        Refused: ``run-goes-on``, ``run-never-began``, ``run-succeeded``, ``too-many-attempts``, ``no-account``, or
            ``tool-differs`` where answers cannot be changed any more.
        Invalid: Answers do not fit: every problem at once.
    """
    if not run.attempts:
        what = f'run "{run.name}" has not begun'
        hint = (
            f"kubectl rapt run {shell.word(run.tool)}"
            if run.is_finished
            else f"kubectl rapt attach {run.name}"
        )
        raise Refused("run-never-began" if run.is_finished else "run-goes-on", what, hint)
    if not (run.is_finished or run.state == RETRYING):
        raise Refused("run-goes-on", f'run "{run.name}" is still running', f"kubectl rapt attach {run.name}")
    if run.state == SUCCEEDED and not again:
        what = f'run "{run.name}" succeeded, and another attempt would do its work again'
        raise Refused("run-succeeded", what, ("--again", f"kubectl rapt run {shell.word(run.tool)}"))
    if renewal.number(run) > MAX_ATTEMPTS:
        what = f"run {run.name} has had {MAX_ATTEMPTS} attempts, and no run has more"
        raise Refused("too-many-attempts", what, f"kubectl rapt run {shell.word(run.tool)}")
    template = _job(world, run, given)
    check_account(world, run, template or renewal.job(run))
    wish = {"attempt": renewal.number(run), "by": world.cluster.user(), "job": template}
    metadata = {"uid": run.uid, "resourceVersion": run.resource_version}
    return Patch(run.ref, {"metadata": metadata, "spec": {"wish": wish, "cancelledBy": None}})


def check_account(world: World, run: Run, template: Manifest) -> None:
    """Make sure that pods of a Job could be created: without their service account they would be waited for forever.

    Raises:
        Refused: ``no-account``: it was removed with the tool.
    """
    name = template["spec"]["template"]["spec"].get("serviceAccountName")
    if not name:
        return
    try:
        found = find.perhaps(world, Ref(SERVICE_ACCOUNT, name, run.namespace))
    except Refused:
        return  # who may run tools need not be allowed to see accounts
    if found is None:
        tool = find.tool_of(world, run)
        why = "" if tool else f": tool/{run.tool} was removed, and its account with it"
        what = f"run {run.name} cannot be tried again, because serviceaccount/{name} is gone{why}"
        hint = f"kubectl rapt run {shell.word(run.tool)}" if tool else f"kubectl rapt why {run.name}"
        raise Refused("no-account", what, hint)


def next_job(world: World, run: Run, given: Mapping[str, str], *, again: bool = False) -> Manifest:
    """The Job that the attempt would start as. Raises as ``plan``."""
    wished = plan(world, run, given, again=again).patch["spec"]["wish"]
    asked = replace(run, wish=Wish(wished["attempt"], wished["by"], wished["job"]))
    return jobs.of_attempt(asked, wished["attempt"], retries.changes(asked, wished["attempt"]))


def retry(
    world: World,
    writers: Writers,
    name: str,
    namespace: str,
    given: Mapping[str, str],
    *,
    again: bool = False,
) -> tuple[Seen, int, str]:
    """Ask for one more attempt of a run and start it; of several who ask at once each gets the same one.

    Args:
        world: Where to look.
        writers: The door's ports.
        name: The run's name.
        namespace: Where it is.
        given: What is changed.
        again: As of ``plan``.

    Returns:
        The run, the attempt's number, and who asked for it where that was somebody else.

    Raises:
        NotFound: There is no such run.
        Refused, Invalid: As ``plan``.
        Conflict: ``asked-otherwise``: somebody else asked for that attempt with something else changed.
            ``cancelled-meanwhile``: somebody cancelled the run after this was asked.
    """
    found = find.run(world, name, namespace)
    # What has ended can be tried again, also if nobody was there to record it.
    advance.note_end(world, writers, found, advance.look_at_end(world, found))
    number = 0
    was_cancelled = None
    for attempt in range(_ATTEMPTS):
        run = find.run(world, name, namespace)
        if was_cancelled is None:
            was_cancelled = bool(run.cancelled_by)
        elif run.cancelled_by and not was_cancelled:
            raise _cancelled(run)
        wish = None if run.cancelled_by else run.wish
        if wish and run.attempts and wish.attempt == len(run.attempts) and not run.attempts[-1].cause:
            number = number or wish.attempt  # what was asked for last is going on
        number = number or renewal.number(run)
        if wish and wish.attempt == number:
            # Somebody was quicker, or the same person asks again: it is the same attempt.
            if given and wish.job != _job(world, run, given):
                what = (
                    f"attempt {number} of {run.name} was asked for by {wish.by} with something else changed"
                )
                raise Conflict("asked-otherwise", what, f"kubectl rapt attach {run.name}")
            return _advanced(world, writers, run, number), number, wish.by
        if renewal.number(run) > number and not given:
            seen = _advanced(world, writers, run, number)
            return seen, number, f"policy {run.retry.name}" if run.retry else ""
        number = renewal.number(run)
        try:
            writes.apply(writers, plan(world, run, given, again=again))
        except (Conflict, Unavailable) as error:
            is_lost = isinstance(error, Unavailable) and error.outcome_unknown
            if attempt == _ATTEMPTS - 1 or not (is_lost or isinstance(error, Conflict)):
                raise
            writers.pause(attempt)
            continue
        return _advanced(world, writers, run, number), number, ""
    raise AssertionError("the last attempt ends it")


def behind(world: World, seen: Seen, number: int) -> str:
    """What an attempt waits for that was asked for, ``run/NAME`` or ``job/NAME``; empty where it has begun.

    Args:
        world: Where to read.
        seen: What is known of the run.
        number: The attempt's number.
    """
    if seen.run is None or len(seen.run.attempts) >= number:
        return ""
    step = advance.decided(world, seen)[1]
    return step.behind if isinstance(step, Later) else ""


def _advanced(world: World, writers: Writers, run: Run, number: int) -> Seen:
    seen = advance.advance(world, writers, advance.observe(world, Seen(run)))
    after = seen.run
    if after and after.cancelled_by and len(after.attempts) == number and not after.attempts[-1].uid:
        raise _cancelled(after)
    return seen


def _cancelled(run: Run) -> Conflict:
    what = f"{run.cancelled_by} has cancelled run {run.name} since this retry was asked for"
    return Conflict("cancelled-meanwhile", what, f"kubectl rapt retry {run.name}")


def _job(world: World, run: Run, given: Mapping[str, str]) -> Manifest | None:
    """The Job template of the attempt, where it is another one than the run's own."""
    if not given:
        return renewal.job(run) if run.wish and run.wish.job else None
    template = renewal.job(run)
    tool = find.tool_of(world, run)
    if tool:
        running.check_direct(tool, ["run", tool.name])
    answers, sizes = split(world, run, tool, given, ["retry", run.name])
    if answers:
        assert tool is not None, "who asks has parameters"
        template = _filled(run, tool, template, answered.questions(tool), answers)
    return renewal.resized(run, template, sizes)


def split(
    world: World, run: Run, tool: Tool | None, given: Mapping[str, str], words: Sequence[str]
) -> tuple[dict[str, str], renewal.Resources]:
    """What ``--set`` says of a run that is tried again: answers, and what its Job gets more of.

    Args:
        world: Where to read.
        run: The run.
        tool: Its tool as it is today; None if it is gone.
        given: Name to the text that was given.
        words: The command that takes them: its own words, and the run.

    Raises:
        Invalid: ``bad-answers``: a name is neither a parameter nor a resource, or a resource cannot be so much.
        Refused: ``fixed-parameter``.
    """
    asked = {question.name: question for question in answered.questions(tool)} if tool else {}
    sizes = {name: text for name, text in given.items() if name not in asked}
    if unknown := [name for name in sizes if name not in renewal.RESOURCES]:
        known = sorted({*asked, *renewal.RESOURCES})
        if tool:
            fixed.check(world, tool, {name: sizes[name] for name in unknown})
        problems = [
            Problem(name, f"is not a parameter of {run.tool}{names.did_you_mean(name, known)}")
            for name in unknown
        ]
        error = Invalid(
            "bad-answers",
            f"a {words[-2]} of {run.tool} takes {', '.join(known)}",
            f"kubectl rapt {shell.join(words)} {parameters.flags([*asked.values()][:1]) or '--set memory=2Gi'}",
            problems,
        )
        raise error.meant(unknown[0], names.nearest(unknown[0], known) or None)
    try:
        return {name: text for name, text in given.items() if name in asked}, renewal.read(sizes)
    except ValueError as error:
        raise Invalid("bad-answers", str(error), "--set memory=2Gi") from error


def _filled(
    run: Run,
    tool: Tool,
    template: Manifest,
    questions: list[parameters.Parameter],
    answers: Mapping[str, str],
) -> Manifest:
    """The Job template with other answers, where the tool's places are still those of the run."""
    if not _is_same(run, tool, questions):
        raise Refused(
            "tool-differs",
            f'tool "{run.tool}" is not what it was when {run.name} was asked for, so its answers cannot be changed',
            _run_anew(run, questions, answers),
        )
    given = parameters.parse_all(questions, answers)
    secrets.check(secrets.search(given), tool.allowed_literals, parameters.of_secrets(questions))
    values = parameters.check(questions, {**run.answers, **given}, subject=run.tool)
    placed = [(question, one.get("at", ())) for question, one in zip(questions, tool.parameters, strict=True)]
    return places.fill(template, placed, {name: values[name] for name in given})


def _run_anew(run: Run, questions: list[parameters.Parameter], answers: Mapping[str, str]) -> str:
    """The command that starts the tool as it is today, with the answers of a run and other ones."""
    asked = {question.name for question in questions}
    kept = {name: parameters.spell(value) for name, value in run.answers.items() if name in asked}
    given = [shell.word(f"{name}={text}") for name, text in {**kept, **answers}.items()]
    return " ".join([f"kubectl rapt run {shell.word(run.tool)}", *(f"--set {one}" for one in given)])


def _is_same(run: Run, tool: Tool, questions: list[parameters.Parameter]) -> bool:
    """Whether the run was made of the tool as it is: by its definition, or else because it would be made again."""
    if run.source and tool.source:
        return bool(run.source.definition) and run.source.definition == tool.source.definition
    placed = [(question, one.get("at", ())) for question, one in zip(questions, tool.parameters, strict=True)]
    try:
        job = places.fill(tool.job, placed, dict(run.answers))
        job = places.add_env(job, run.env, is_free=True) if run.env else job
    except Invalid:
        return False
    pods = [one["spec"]["template"]["spec"] for one in (job, run.job)]
    return run.source is tool.source is None and pods[0].get("containers") == pods[1].get("containers")
