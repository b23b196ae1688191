"""``kubectl rapt search``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import catalogs, repository
from kubectl_rapt.actions.catalogs import Catalog, Offer
from kubectl_rapt.cli import listing, options, show, terminal
from kubectl_rapt.cli.columns import Drop, Shorten

_STEPS = (
    Shorten("SUMMARY", 20),
    Shorten("REGISTRY", 10),
    Drop("REGISTRY"),
    Shorten("SUMMARY", 10),
    Drop("SUMMARY"),
)


def search(
    context: typer.Context,
    word: Annotated[
        str, typer.Argument(metavar="[WORD]", help="Part of a name or summary; without it, all templates")
    ] = "",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="wide|json|yaml|name", help="Output format")
    ] = "",
) -> None:
    """Find templates in the registries.

    Example: kubectl rapt search backup
    """
    form = listing.form(output, forms="wide|json|yaml|name")
    wanted = word.lower()
    with options.open_world(context) as (world, _):
        project, note = repository.known_project(world)
        shelves = catalogs.read(world, project, fresh=False)
    for said in (note, *(one.note for one in shelves)):
        if said:
            terminal.say(f"note: {terminal.clean(said)}")
    found = [
        (catalog, offer)
        for catalog in shelves
        for offer in catalog.offers.values()
        if offer.releases and (wanted in _called(catalog, offer, wanted) or wanted in offer.summary.lower())
    ]
    found.sort(key=lambda one: one[1].name)
    if output == "name":
        for catalog, offer in found:
            terminal.out(catalogs.written(shelves, catalog, offer.name))
    elif not form.is_table:
        terminal.out(show.document([_data(*one) for one in found], output))
    elif found:
        rows = [_row(catalogs.written(shelves, one[0], one[1].name), *one) for one in found]
        listing.table(["NAME", "VERSION", "REGISTRY", "SUMMARY"], rows, form, _STEPS)
    else:
        terminal.say(
            f'No templates found for "{terminal.repeated(word)}".\n  all of them: kubectl rapt search'
        )


def _called(catalog: Catalog, offer: Offer, wanted: str) -> str:
    """The name in which a word is looked for: with its registry, where the word has one."""
    return f"{catalog.registry.name}/{offer.name}" if "/" in wanted else offer.name


def _data(catalog: Catalog, offer: Offer) -> dict[str, str]:
    newest = offer.newest
    deprecated = offer.releases[newest].deprecated if newest else ""
    return {
        "name": offer.name,
        "version": str(newest),
        "registry": catalog.registry.name,
        "summary": offer.summary,
        **({"deprecated": deprecated} if deprecated else {}),
    }


def _row(called: str, catalog: Catalog, offer: Offer) -> list[str]:
    data = _data(catalog, offer)
    mark = "(deprecated) " if "deprecated" in data else ""
    return [called, data["version"], data["registry"], f"{mark}{data['summary']}"]
