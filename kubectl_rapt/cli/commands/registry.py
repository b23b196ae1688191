"""``kubectl rapt registry``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from kubectl_rapt.actions import audit, catalogs, registries, repository
from kubectl_rapt.actions.audit import Finding, News
from kubectl_rapt.actions.catalogs import Catalog
from kubectl_rapt.cli import listing, options, progress, proposing, show, terminal
from kubectl_rapt.cli.columns import Drop, Shorten
from kubectl_rapt.config.project import Registry
from kubectl_rapt.errors import AGAIN, Problem, Refused, Unavailable
from kubectl_rapt.model import times

_STEPS = (
    Shorten("URL", 30),
    Drop("PRIORITY"),
    Drop("COMMIT"),
    Shorten("URL", 16),
    Drop("AGE"),
    Drop("QUARANTINED"),
    Drop("URL"),
)
_FINDING_STEPS = (Shorten("WHY", 30), Shorten("REGISTRY", 10), Drop("REGISTRY"), Shorten("ENTRY", 30))
Output = Annotated[str, typer.Option("-o", "--output", metavar="wide|json|yaml|name", help="Output format")]
_FORMS = "wide|json|yaml|name"


def list_(context: typer.Context, output: Output = "") -> None:
    """List the registries by priority, as they were last fetched, and what is quarantined in them.

    Example: kubectl rapt registry
    """
    form = listing.form(output, forms=_FORMS)
    with options.open_world(context) as (world, _):
        project, note = repository.known_project(world)
        found = catalogs.read(world, project, fresh=False)
        now = world.now()
    _say(note)
    if output == "name":
        for one in found:
            terminal.out(one.registry.name)
    elif not form.is_table:
        terminal.out(show.document([_data(one) for one in found], output))
    else:
        header = ["NAME", "URL", "PRIORITY", "TEMPLATES", "QUARANTINED", "COMMIT", "AGE"]
        listing.table(header, [_row(one, now) for one in found], form, _STEPS)
    _say_of(found)


def _say_of(found: Sequence[Catalog]) -> None:
    """What a person is to know of the registries, beside what a command shows."""
    for one in found:
        _say(one.note)
    for finding in audit.shallow(found):
        if finding.entry:
            _say(f"{finding.registry}: {finding.entry} {finding.why}")


def _row(one: Catalog, now: datetime) -> list[str]:
    return [
        one.registry.name,
        one.registry.url,
        "" if one.registry.priority is None else str(one.registry.priority),
        str(len(one.offers)),
        str(len(one.quarantined)),
        one.commit[:7],
        times.spell_seconds((now - one.fetched).total_seconds()) if one.fetched else "",
    ]


def _data(one: Catalog) -> dict[str, Any]:
    return {
        "name": one.registry.name,
        "url": one.registry.url,
        **({} if one.registry.priority is None else {"priority": one.registry.priority}),
        "templates": len(one.offers),
        "quarantined": dict(one.quarantined),
        "commit": one.commit,
        "fetched": times.spell(one.fetched) if one.fetched else "",
        **({"note": one.note} if one.note else {}),
    }


def update(
    context: typer.Context,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Output format")
    ] = "",
) -> None:
    """Fetch all registries and show which versions are new. A version that was moved is an error.

    Example: kubectl rapt registry update
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    with options.open_world(context) as (world, _):
        progress.phase("fetching rapt.yaml")
        project, note = repository.fresh_project(world)
        progress.phase("fetching registries", len(project.registries) if project else 0)
        news = audit.update(world, project, progress.step)
    _say(note)
    found = [one.catalog for one in news]
    if output == "name":
        for one in news:
            for added in one.added:
                terminal.out(f"{one.catalog.registry.name}/{added.replace(' ', '@')}")
    elif output:
        data = [{**_data(one.catalog), "added": list(one.added)} for one in news]
        terminal.out(show.document(data, output))
    else:
        for one in news:
            if one.catalog.is_usable:
                _tell(one)
        if not news:
            terminal.say("No registries but the bundled one.\n  add one: kubectl rapt registry add NAME URL")
    _say_of(found)
    _raise_alarms(list(audit.shallow(found)))
    silent = [one for one in found if one.note]
    if silent:
        raise Unavailable(
            "no-registry-answer",
            f"{len(silent)} of {len(found)} registries could not be updated",
            AGAIN,
            [Problem(one.registry.name, one.note) for one in silent],
        )


def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name in rapt.yaml")],
    url: Annotated[str, typer.Argument(metavar="URL", help="The address of its git repository")],
    priority: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="If several registries have a template, the highest wins"),
    ] = None,
    branch: Annotated[str, typer.Option(metavar="NAME", help="Branch to read")] = "main",
    keys: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="File of public keys; one must sign each version (repeatable)"),
    ] = None,
    dry_run: options.DryRun = "none",
) -> None:
    """Add a registry to rapt.yaml, after reading it.

    --keys takes ssh keys, one on each line, or a PGP block; - is standard input.

    Example: kubectl rapt registry add team https://git.example.com/platform/tools.git --priority 60
    """
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        signers = tuple(
            signer
            for path in keys or ()
            for signer in registries.signers(world.checkout.document(path), path)
        )
        make = registries.adding(world, Registry(name, url, priority, branch, signers))
        proposing.carry_out(context, world, writers, make, proposing.Manner(is_dry))


def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The registry")],
    dry_run: options.DryRun = "none",
) -> None:
    """Remove a registry from rapt.yaml. It is refused while tools from that registry are installed.

    Example: kubectl rapt registry remove team
    """
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        proposing.carry_out(context, world, writers, registries.removing(name), proposing.Manner(is_dry))


_MOST_LINES = 50


def _tell(one: News) -> None:
    name = one.catalog.registry.name
    if one.is_first:
        terminal.out(f"{name}: {len(one.catalog.offers)} templates, {len(one.added)} versions")
        return
    for added in one.added[:_MOST_LINES]:
        terminal.out(f"{name}: new {added}")
    if len(one.added) > _MOST_LINES:
        terminal.out(f"{name}: and {len(one.added) - _MOST_LINES} more")
    if not one.added:
        terminal.out(f"{name}: nothing new")


def verify(context: typer.Context, output: Output = "") -> int:
    """Check the tree, digest, tag and signature of every version, and every lock in the config repository.

    Example: kubectl rapt registry verify
    """
    form = listing.form(output, forms=_FORMS)
    with options.open_world(context) as (world, _):
        files = repository.read(world).files if world.settings.repository else {}
        found = catalogs.read(world, repository.project_of(files), fresh=True)
        findings = list(audit.verify(world, found, files))
    if output == "name":
        for one in findings:
            terminal.out(one.entry)
    elif not form.is_table:
        keys = ("gravity", "registry", "entry", "why")
        terminal.out(show.document([{key: getattr(one, key) for key in keys} for one in findings], output))
    else:
        _show(found, findings, form)
    _raise_alarms(findings)
    return 1 if any(one.gravity == "problem" for one in findings) else 0


def _show(found: Sequence[Catalog], findings: Sequence[Finding], form: listing.Form) -> None:
    if findings:
        rows = [[one.gravity, one.registry, one.entry, one.why] for one in findings]
        listing.table(["FINDING", "REGISTRY", "ENTRY", "WHY"], rows, form, _FINDING_STEPS)
    versions = sum(len(offer.releases) for one in found for offer in one.offers.values())
    count = f"{versions} versions in {len(found)} {'registry' if len(found) == 1 else 'registries'}"
    terminal.out(f"{count} were verified" if findings else f"{count} are what they should be")


def _raise_alarms(findings: Sequence[Finding]) -> None:
    alarms = [one for one in findings if one.gravity == "alarm"]
    if alarms:
        raise Refused(
            "moved-version",
            f"{len(alarms)} released versions are not what they were",
            "do not install them, and ask those who look after the registry",
            [Problem(f"{one.registry} {one.entry}", one.why) for one in alarms],
        )


def _say(note: str) -> None:
    if note:
        terminal.say(f"note: {terminal.clean(note)}")
