"""``kubectl rapt list``."""

from collections.abc import Sequence
from typing import Annotated

import typer

from kubectl_rapt.cli import listing, options, show, terminal
from kubectl_rapt.cli.columns import Drop, Shorten
from kubectl_rapt.cli.listing import Form
from kubectl_rapt.model import shell, times
from kubectl_rapt.model.kinds import TOOL, Manifest
from kubectl_rapt.objects import labels, reading

_STEPS = (
    Shorten("TEMPLATE", 12),
    Shorten("ENVIRONMENT", 11),
    Drop("TEMPLATE"),
    Shorten("NAMESPACE", 12),
    Drop("ENVIRONMENT"),
    Drop("VERSION"),
    Drop("AGE"),
)
_GIT_STEPS = (
    Shorten("NAMESPACES", 10),
    Shorten("REGISTRY", 10),
    Drop("REGISTRY"),
    Shorten("TEMPLATE", 12),
    Drop("TEMPLATE"),
    Drop("NAMESPACES"),
    Shorten("ENVIRONMENT", 8),
    Drop("VERSION"),
)


def list_(
    context: typer.Context,
    selector: listing.Labels = "",
    field_selector: listing.Fields = "",
    all_namespaces: listing.AllNamespaces = False,
    sort_by: listing.SortBy = "",
    no_headers: listing.NoHeaders = False,
    output: listing.Output = "",
    from_repository: Annotated[
        bool, typer.Option("--repository", help="List the config repository, all environments")
    ] = False,
    outdated: Annotated[
        bool, typer.Option("--outdated", help="List those in git whose registry has a newer version")
    ] = False,
) -> int:
    """List the tools in the cluster, or with --repository those in the config repository.

    Example: kubectl rapt list --in prod
    """
    if outdated:
        _list_outdated(context, output)
        return 0
    if from_repository:
        _list_repository(context, output)
        return 0
    form = listing.form(output, sort_by=sort_by, no_headers=no_headers)
    environment = options.named_environment(context)
    of_environment = labels.selector({labels.ENVIRONMENT: environment}) if environment else ""
    chosen = ",".join(one for one in (of_environment, selector) if one)
    with options.open_world(context) as (world, _):
        namespace = listing.namespace(world, all_namespaces=all_namespaces)
        all_namespaces = not namespace
        found = list(world.cluster.list(TOOL, namespace, labels=chosen, fields=field_selector))
        now = world.now()
    found = listing.ordered(sorted(found, key=_place), form)
    if not form.is_table:
        return listing.objects(found, form)
    if not found:
        whose = f" of environment {terminal.repeated(environment)}" if environment else ""
        where = "any namespace" if all_namespaces else f"namespace {namespace}"
        terminal.say(f"No tools{whose} found in {where}.")
        return 0

    def cells(one: Manifest) -> list[str]:
        metadata, spec = one["metadata"], _sound(one)
        source = spec.get("source") or {}
        age = (now - times.parse(metadata["creationTimestamp"])).total_seconds()
        row = [
            metadata["name"],
            source.get("template", ""),
            source.get("version", ""),
            spec.get("environment", ""),
            times.spell_seconds(age),
        ]
        if form.kind == "wide":
            row += [_image(spec), spec.get("summary") or spec.get("help") or ""]
        return row

    header = ["NAME", "TEMPLATE", "VERSION", "ENVIRONMENT", "AGE"]
    header += ["IMAGE", "SUMMARY"] if form.kind == "wide" else []
    rows, broken = listing.rows(found, cells, len(header))
    if all_namespaces:
        header.insert(0, "NAMESPACE")
        rows = [[one["metadata"]["namespace"], *row] for one, row in zip(found, rows, strict=True)]
    listing.table(header, rows, form, _STEPS)
    for line in broken:
        terminal.say(terminal.clean(line))
    return 0


def _place(one: Manifest) -> tuple[str, str]:
    return one["metadata"]["namespace"], one["metadata"]["name"]


def _sound(one: Manifest) -> Manifest:
    """The specification of a tool, if there is a Job in it to run. Raises ValueError."""
    if error := reading.too_deep(one):
        raise ValueError(error.why)
    spec = one.get("spec")
    if not isinstance(spec, dict) or not (spec.get("job") or spec.get("jobTemplate")):
        raise ValueError("it has neither a job nor the predecessor's jobTemplate")
    if "jobTemplate" in spec and not spec["jobTemplate"].get("image"):
        raise ValueError("its jobTemplate has no image")
    return spec


def _image(spec: Manifest) -> str:
    if "jobTemplate" in spec:
        return str(spec["jobTemplate"]["image"])
    return ",".join(one["image"] for one in spec["job"]["spec"]["template"]["spec"]["containers"])


def _list_repository(context: typer.Context, output: str) -> None:
    from kubectl_rapt.actions import repository, share

    form = listing.form(output, forms="wide|json|yaml")
    wanted = options.named_environment(context)
    with options.open_world(context) as (world, _):
        found = [one for one in share.shares(repository.read(world)) if wanted in ("", one.environment)]
    keys = ("tool", "environment", "namespaces", "template", "version", "registry")
    _table(keys, found, form, "No tools found in the config repository.")


def _list_outdated(context: typer.Context, output: str) -> None:
    from kubectl_rapt.actions import repository, upgrade

    form = listing.form(output, forms="wide|json|yaml")
    unknown: list[str] = []
    with options.open_world(context) as (world, _):
        wanted = options.named_environment(context)
        found = list(upgrade.outdated(world, repository.read(world), wanted, unknown.append))
    keys = ("tool", "environment", "template", "version", "newest", "registry")
    _table(keys, found, form, "No outdated tools found in the config repository.")
    for line in unknown:
        terminal.say(terminal.clean(f"note: {line}"))
    if found and form.is_table:
        first = found[0]
        terminal.say(
            terminal.clean(
                f"upgrade: kubectl rapt upgrade {shell.word(first.tool)} --in {shell.word(first.environment)}"
            )
        )


def _table(keys: Sequence[str], found: Sequence[object], form: Form, nothing: str) -> None:
    """Some attributes of each, as a document or as a table."""
    rows = [[getattr(one, key) for key in keys] for one in found]
    if not form.is_table:
        terminal.out(show.document([dict(zip(keys, row, strict=True)) for row in rows], form.kind))
    elif rows:
        cells = [[",".join(one) if isinstance(one, tuple) else one for one in row] for row in rows]
        listing.table([key.upper() for key in keys], cells, form, _GIT_STEPS)
    else:
        terminal.say(nothing)
