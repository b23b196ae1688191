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
) -> None:
    """List the tools in the cluster.

    Example: kubectl rapt list --in prod
    """
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
