"""``kubectl rapt list``."""

from typing import Annotated

import typer

from kubectl_rapt.cli import options, show, terminal
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import TOOL, ref_of
from kubectl_rapt.objects import labels


def list_(
    context: typer.Context,
    all_namespaces: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="Of every namespace")
    ] = False,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="wide|json|yaml|name", help="Output format")
    ] = "",
    shared: Annotated[
        bool, typer.Option("--shared", help="Of the repository: who has which version of each tool")
    ] = False,
) -> None:
    """List the tools in the cluster, or with --shared those of the config repository.

    Example: kubectl rapt list --in prod
    """
    if shared:
        _list_shared(context, output)
        return
    options.one_of("-o", output, ("wide", "json", "yaml", "name"))
    environment = options.named_environment(context)
    selector = labels.selector({labels.ENVIRONMENT: environment}) if environment else ""
    with options.open_world(context) as (world, _):
        namespace = "" if all_namespaces else world.cluster.namespace()
        found = sorted(world.cluster.list(TOOL, namespace, labels=selector), key=lambda one: str(ref_of(one)))
        now = world.now()
    if output == "name":
        for one in found:
            terminal.out(show.name(ref_of(one)))
        return
    if output in ("json", "yaml"):
        terminal.out(show.document(show.listed(found), output))
        return
    if not found:
        whose = f" of environment {terminal.clean(environment)}" if environment else ""
        where = "any namespace" if all_namespaces else f"namespace {namespace}"
        terminal.say(f"No tools{whose} found in {where}.")
        return
    rows = []
    for one in found:
        metadata, spec = one["metadata"], one.get("spec") or {}
        source = spec.get("source") or {}
        age = (now - times.parse(metadata["creationTimestamp"])).total_seconds()
        row = [
            metadata["name"],
            source.get("template", ""),
            source.get("version", ""),
            spec.get("environment", ""),
        ]
        rows.append(
            ([metadata["namespace"]] if all_namespaces else [])
            + row
            + [times.spell_seconds(age)]
            + ([spec.get("summary", "")] if output == "wide" else [])
        )
    header = ["NAME", "TEMPLATE", "VERSION", "ENVIRONMENT", "AGE"]
    if all_namespaces:
        header.insert(0, "NAMESPACE")
    if output == "wide":
        header.append("SUMMARY")
    terminal.out(show.table(header, rows))


def _list_shared(context: typer.Context, output: str) -> None:
    from kubectl_rapt.actions import repository, share

    options.one_of("-o", output, ("json", "yaml"))
    wanted = options.named_environment(context)
    with options.open_world(context) as (world, _):
        found = [one for one in share.shares(repository.read(world)) if wanted in ("", one.environment)]
    keys = ("tool", "environment", "namespaces", "template", "version", "registry")
    rows = [[getattr(one, key) for key in keys] for one in found]
    if output:
        terminal.out(show.document([dict(zip(keys, row, strict=True)) for row in rows], output))
    elif rows:
        cells = [
            [terminal.clean(",".join(one) if isinstance(one, tuple) else one) for one in row] for row in rows
        ]
        terminal.out(show.table([key.upper() for key in keys], cells))
    else:
        terminal.say("No tools found in the config repository.")
