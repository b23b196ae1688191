"""``kubectl rapt policy``: retry policies, what they do, and what they would have done."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from kubectl_rapt.actions import policies
from kubectl_rapt.cli import columns, listing, options, show, terminal
from kubectl_rapt.cli.columns import Drop, Shorten
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import RUN
from kubectl_rapt.objects import labels, reading, retry_fields, retry_policies, runs
from kubectl_rapt.objects.retry_policies import Changes, RetryPolicy, Rule
from kubectl_rapt.runs import retries, simulation

_STEPS = (
    Shorten("SUMMARY", 24),
    Drop("DONE BY"),
    Shorten("FROM", 16),
    Drop("FROM"),
    Shorten("SUMMARY", 10),
    Drop("DELAY"),
    Drop("SUMMARY"),
)
_RULE_STEPS = (Shorten("THEN", 24), Shorten("FAILURE", 20), Drop("DONE BY"))
_SIMULATED_STEPS = (
    Shorten("TOOL", 12),
    Drop("TOOL"),
    Drop("CAUSE"),
    Shorten("WAS", 12),
    Shorten("WOULD BE", 12),
    Drop("WAS"),
    Drop("ATTEMPT"),
)
Name = Annotated[str, typer.Argument(help="The policy", metavar="NAME")]
_ACTIONS = {
    "retry": "try again",
    "ignore": "try again, which does not count",
    "give-up": "give up",
}


def list_(
    context: typer.Context,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="wide|json|yaml|name", help="Output format")
    ] = "",
) -> None:
    """List the retry policies that tools in the namespace can use.

    Example: kubectl rapt policy
    """
    form = listing.form(output, forms="wide|json|yaml|name")
    with options.open_world(context) as (world, _):
        namespace = world.cluster.namespace()
        found, note = policies.all_retry(world, namespace)
    _note(note)
    if output == "name":
        for policy, _ in found:
            terminal.out(policy.name)
    elif not form.is_table:
        manifests = [retry_policies.to_manifest(policy, namespace) for policy, _ in found]
        terminal.out(show.document(show.listed(manifests), output))
    else:
        rows = [
            [policy.name, str(policy.attempts), _delay(policy), _who(policy), source, policy.summary]
            for policy, source in found
        ]
        listing.table(["NAME", "ATTEMPTS", "DELAY", "DONE BY", "FROM", "SUMMARY"], rows, form, _STEPS)


def show_(
    context: typer.Context,
    name: Name,
    compiled: Annotated[
        bool, typer.Option("--compiled", help="Show which part Kubernetes does and which part Rapt does")
    ] = False,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="wide|json|yaml", help="Output format")
    ] = "",
) -> None:
    """Show a retry policy: which failures are retried, how often, and with what changes.

    Example: kubectl rapt policy show transient --compiled
    """
    form = listing.form(output, forms="wide|json|yaml")
    with options.open_world(context) as (world, _):
        namespace = world.cluster.namespace()
        policy, source, note = policies.known_retry(world, name, namespace)
    _note(note)
    job = retry_fields.job(policy)
    if not form.is_table:
        data: Any = {"job": job} if compiled else retry_policies.to_manifest(policy, namespace)
        if compiled and (indexed := retry_fields.indexed_job(policy)):
            data["indexedJob"] = indexed
        terminal.out(show.document(data, output))
        return
    columns.entry("", f"{policy.name} ({source})   {terminal.clean(policy.summary)}", hang=2)
    terminal.out("")
    terminal.out(f"attempts  {policy.attempts}")
    terminal.out(f"delay     {_delay(policy)}")
    terminal.out(f"done by   {_who(policy)}\n")
    if compiled:
        terminal.out(f"{show.document({'spec': job}, 'yaml')}\n")
        if indexed := retry_fields.indexed_job(policy):
            terminal.out(f"# indexed Jobs\n{show.document({'spec': indexed}, 'yaml')}\n")
    header = ["FAILURE", "UP TO", "THEN", *(["DONE BY"] if compiled else [])]
    listing.table(header, [_row(policy, rule, compiled) for rule in (*policy.rules, None)], form, _RULE_STEPS)


def simulate(
    context: typer.Context,
    name: Name,
    since: Annotated[
        float, typer.Option(parser=options.seconds, metavar="TIME", help="How far back to look")
    ] = 7 * 86_400.0,
    tool: Annotated[str, typer.Option("--tool", metavar="TOOL", help="Only runs of this tool")] = "",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="wide|json|yaml", help="Output format")
    ] = "",
) -> None:
    """Show what a retry policy would have done with past failures.

    Example: kubectl rapt policy simulate transient --since 7d
    """
    form = listing.form(output, forms="wide|json|yaml")
    with options.open_world(context) as (world, _):
        namespace = world.cluster.namespace()
        policy, _ = policies.retry(world, name, namespace)
        begin = world.now() - timedelta(seconds=since)
        selector = labels.selector({labels.TOOL: tool}) if tool else ""
        there = world.cluster.list(RUN, namespace, labels=selector)
        found = list(reading.readable(runs.from_manifest, there, _leave_out))
    recent = [run for run in found if run.created_at and (run.finished_at or run.created_at) >= begin]
    done = simulation.simulate(policy, recent)
    if not form.is_table:
        fields = ("run", "tool", "attempt", "cause", "was", "would")
        changes = [{field: getattr(one, field) for field in fields} for one in done.changes]
        data = {"policy": name, "runs": done.runs, "failures": done.failures, "changes": changes}
        terminal.out(show.document(data, output))
        return
    if done.changes:
        header = ["RUN", "TOOL", "ATTEMPT", "CAUSE", "WAS", "WOULD BE"]
        rows = [[one.run, one.tool, str(one.attempt), one.cause, one.was, one.would] for one in done.changes]
        listing.table(header, rows, form, _SIMULATED_STEPS)
    terminal.say(
        f"{_count(done.failures, 'failure')} in {_count(done.runs, 'run')}; "
        f"{_count(len(done.changes), 'decision')} would change"
    )


def _leave_out(error: RaptError) -> None:
    _note(f"left out: {error.message}")


def _note(text: str) -> None:
    if text:
        terminal.say(terminal.clean(f"note: {text}"))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _delay(policy: RetryPolicy) -> str:
    if policy.is_single:
        return ""
    first = policy.delay.seconds if policy.delay else retries.KUBERNETES_DELAY_SECONDS
    grows = f" ×{policy.factor:g}" if policy.factor > 1 else ""
    return f"{first}s{grows}, at most {policy.max_delay}"


def _who(policy: RetryPolicy) -> str:
    if policy.is_single:
        return "none"
    return "Kubernetes" if retry_fields.is_native(policy) else "Rapt"


def _row(policy: RetryPolicy, rule: Rule | None, has_who: bool) -> list[str]:
    if rule is None:
        is_all = not policy.rules
        then = "give up" if policy.attempts == 1 else _ACTIONS[policy.otherwise]
        row = ["any failure" if is_all else "any other", "", then]
    else:
        row = [_failure(rule), str(rule.count or ""), _ACTIONS[rule.action] + _changes(rule.changes)]
    return [*row, _who(policy)] if has_who else row


def _failure(rule: Rule) -> str:
    said = [", ".join(rule.causes)] if rule.causes else []
    if rule.exit_codes:
        said.append(f"exit code {', '.join(map(str, rule.exit_codes))}")
    if rule.reason:
        said.append(f'"{rule.reason}"')
    return " and ".join(said) or "any failure"


def _changes(changes: Changes) -> str:
    said = []
    if changes.memory_factor > 1:
        cap = f", at most {changes.memory_cap}" if changes.memory_cap else ""
        said.append(f"memory ×{changes.memory_factor:g}{cap}")
    if changes.deadline_factor > 1:
        cap = f", at most {changes.deadline_cap}" if changes.deadline_cap else ""
        said.append(f"deadline ×{changes.deadline_factor:g}{cap}")
    if changes.other_node:
        said.append("on another node")
    return f" with {'; '.join(said)}" if said else ""
