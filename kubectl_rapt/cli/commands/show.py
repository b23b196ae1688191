"""``kubectl rapt show``."""

from typing import Annotated, Any

import typer

from kubectl_rapt.actions import catalogs, registry, repository
from kubectl_rapt.cli import columns, listing, options, terminal
from kubectl_rapt.cli import show as showing
from kubectl_rapt.cli.columns import Drop, Shorten
from kubectl_rapt.model import shell
from kubectl_rapt.templating import declared, parameters
from kubectl_rapt.templating.definition import Access, Egress, Template
from kubectl_rapt.templating.reference import Reference

_STEPS = (
    Shorten("DESCRIPTION", 30),
    Shorten("DEFAULT", 12),
    Drop("SET AT"),
    Shorten("DESCRIPTION", 10),
    Drop("DEFAULT"),
    Drop("DESCRIPTION"),
)


def show(
    context: typer.Context,
    template: Annotated[
        str,
        typer.Argument(metavar="TEMPLATE", help="The template: NAME, REGISTRY/NAME or NAME@VERSION"),
    ],
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="wide|json|yaml", help="Output format")
    ] = "",
) -> None:
    """Show a template: parameters with types and defaults, policies, versions, and a command to try.

    Example: kubectl rapt show http-check
    """
    form = listing.form(output, forms="wide|json|yaml")
    with options.open_world(context) as (world, _):
        project, note = repository.known_project(world)
        shelves = catalogs.read(world, project, fresh=False)
        entry = registry.find(world, shelves, Reference.parse(template))
        its = next(one for one in shelves if one.registry.name == entry.registry.name)
        called = catalogs.written(shelves, its, entry.template.name)
    for said in (note, *entry.notes):
        if said:
            terminal.say(f"note: {terminal.clean(said)}")
    one = entry.template
    if not form.is_table:
        terminal.out(showing.document(_data(entry.registry.name, one), output))
        return
    columns.entry("", f"{one.name} {one.version} ({entry.registry.name})   {one.summary}", hang=2)
    terminal.out("")
    if one.parameters:
        rows = [
            [
                each.name,
                each.type,
                each.at,
                "" if each.default is None else parameters.spell(each.default),
                each.description + (" (required)" if each.default is None and each.required else ""),
            ]
            for each in one.parameters
        ]
        listing.table(["PARAMETER", "TYPE", "SET AT", "DEFAULT", "DESCRIPTION"], rows, form, _STEPS)
        terminal.out("")
    terminal.out(f"Policies  retry {one.retry_policy or 'none'}, cleanup {one.cleanup_policy or 'none'}")
    columns.entry("Needs     ", _needs(one))
    terminal.out(f"Try       {_try(one, called)}")


def _needs(template: Template) -> str:
    needs = [_right(one) for one in template.access]
    if template.egress is not None:
        needs.append("egress " + (", ".join(_egress(one) for one in template.egress) or "DNS only"))
    return "; ".join(needs) or "nothing special"


def _right(one: Access) -> str:
    kinds = [
        f"{resource}.{group}" if group else resource for group in one.api_groups for resource in one.resources
    ]
    named = f" {', '.join(one.resource_names)}" if one.resource_names else ""
    return f"{'/'.join(one.verbs)} {'/'.join(kinds)}{named}"


def _egress(one: Egress) -> str:
    where = one.cidr or one.host or ("any" if one.anywhere else "chosen pods")
    ports = "+".join(str(port.number) for port in one.ports)
    return f"{where}:{ports}" if ports else where


def _try(template: Template, called: str) -> str:
    asked = [one for one in template.parameters if one.default is None and one.required]
    answers = [
        f"--set {shell.word(one.name)}={shell.quoted(parameters.spell(_example(one)))}" for one in asked
    ]
    return " ".join(["kubectl rapt add", shell.word(called), *answers])


def _example(parameter: parameters.Parameter) -> Any:
    if parameter.example is not None:
        return parameter.example
    return parameter.choices[0] if parameter.choices else parameter.name.upper()


def _data(registry_name: str, template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "version": str(template.version),
        "registry": registry_name,
        "summary": template.summary,
        "parameters": [declared.to_data(one) for one in template.parameters],
        "policies": {"retry": template.retry_policy, "cleanup": template.cleanup_policy},
    }
