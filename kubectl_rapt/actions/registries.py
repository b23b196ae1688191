"""List another registry in ``rapt.yaml``, or one less: only the lines that are meant change."""

from functools import cache

from kubectl_rapt import documents, edits
from kubectl_rapt.actions import catalogs
from kubectl_rapt.actions.catalogs import Catalog
from kubectl_rapt.actions.composition import Make
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import layout
from kubectl_rapt.config import project as projects
from kubectl_rapt.config.changes import Draft
from kubectl_rapt.config.project import BUNDLED, Project, Registry
from kubectl_rapt.errors import Conflict, Invalid, NotFound, Problem, Refused
from kubectl_rapt.model import names, shell
from kubectl_rapt.ports.world import World


def adding(world: World, wanted: Registry) -> Make:
    """The edit that lists a registry, once it was read.

    Raises:
        Invalid: ``bad-registry``. What is made of it raises besides NotFound, Refused, Unavailable where the registry
            cannot be read or is not fit to be used, and Conflict: ``exists``.
    """
    wanted = projects.registry(wanted)
    look = cache(lambda: _look(world, wanted))

    def make(found: Repository) -> Draft:
        project = found.project()
        if project.registries.get(wanted.name) == wanted:
            return Draft({}, f"Add registry {wanted.name}")
        _check_free(project, wanted)
        notes = look()
        pointer = documents.join_pointer("/registries", wanted.name)
        text = found.files[layout.PROJECT].decode()
        text = edits.put(text, pointer, projects.spell_registry(wanted), layout.PROJECT)
        return Draft({layout.PROJECT: text.encode()}, f"Add registry {wanted.name}", notes=notes)

    return make


def _check_free(project: Project, wanted: Registry) -> None:
    for one in project.registries.values():
        if one.name == wanted.name:
            what = f"registry {one.name} is listed already, and otherwise: {one.url}"
            raise Conflict("exists", what, f"kubectl rapt registry remove {shell.word(one.name)}")
        if one.url == wanted.url:
            raise Conflict(
                "exists",
                f"{one.url} is listed already, as {one.name}",
                f"kubectl rapt search {shell.word(f'{one.name}/')}",
            )


def _look(world: World, wanted: Registry) -> tuple[str, ...]:
    """What a person is to know of a registry before it is listed. Raises what keeps it from being used."""
    try:
        catalog = catalogs.fetched(world, wanted)
    except NotFound as error:
        there = catalogs.branches(world, wanted)
        if error.code != "no-branch" or not there:
            raise
        hints = [f"--branch {shell.word(one)}" for one in there]
        raise NotFound("no-branch", error.message, hints) from error
    if catalog.quarantined and not catalog.offers:
        raise Refused(
            "quarantined",
            f"nothing of {wanted.url} can be used: all of it is quarantined",
            "ask those who look after the registry",
            [Problem(entry, why) for entry, why in catalog.quarantined.items()],
        )
    return (_count(catalog), *(f"  {entry}: {why}" for entry, why in _warnings(catalog)))


def _count(catalog: Catalog) -> str:
    offers, bad = len(catalog.offers), len(catalog.quarantined)
    versions = sum(len(offer.releases) for offer in catalog.offers.values())
    quarantined = f"; {bad} quarantined" if bad else ""
    templates = f"{offers} template{'' if offers == 1 else 's'}"
    return f"{catalog.registry.name} has {templates} in {versions} version{'' if versions == 1 else 's'}{quarantined}"


def _warnings(catalog: Catalog) -> list[tuple[str, str]]:
    moved = [
        (f"{offer.name} {version}", why)
        for offer in catalog.offers.values()
        for version, why in offer.moved.items()
    ]
    return [*catalog.quarantined.items(), *moved]


def removing(name: str) -> Make:
    """The edit that takes a registry off the list.

    What is made of it raises NotFound: ``no-registry``, and Refused: ``registry-in-use``, with the tools that are
    locked to it.
    """

    def make(found: Repository) -> Draft:
        project = found.project()
        if name not in project.registries:
            raise _unknown(project, name)
        url = project.registries[name].url
        tools = ((place, found.installation(*place)) for place in found.tools())
        held = [(place, one) for place, one in tools if one.lock.registry == url]
        if held:
            (environment, tool), _ = held[0]
            raise Refused(
                "registry-in-use",
                f"registry {name} cannot go: {len(held)} tool{'' if len(held) == 1 else 's'} came from it",
                f"kubectl rapt remove {shell.word(tool)} --in {shell.word(environment)}",
                [Problem(layout.definition(*place), f"{one.template} {one.version}") for place, one in held],
            )
        text = found.files[layout.PROJECT].decode()
        text = edits.remove(text, documents.join_pointer("/registries", name), layout.PROJECT)
        return Draft({layout.PROJECT: text.encode()}, f"Remove registry {name}")

    return make


def signers(content: bytes, source: str) -> tuple[str, ...]:
    """The public keys in a file: a PGP block, or lines of ssh's, whose comments and blank lines are left out.

    Raises:
        Invalid: ``bad-registry``: it holds none, or something else.
    """
    text = documents.check_text(content, source)
    if "-----BEGIN PGP" in text:
        return (text.strip() + "\n",)
    lines = [line.strip() for line in text.splitlines()]
    found = tuple(line for line in lines if line and not line.startswith("#"))
    if not found:
        what = f"{source} holds no public key"
        raise Invalid("bad-registry", what, "gpg --armor --export KEY, or a file such as id_ed25519.pub")
    return found


def _unknown(project: Project, name: str) -> NotFound:
    if name == BUNDLED:
        what = "the bundled registry comes with Rapt, and rapt.yaml does not list it"
        return NotFound("no-registry", what, "kubectl rapt registry")
    near = names.did_you_mean(name, project.registries)
    return NotFound("no-registry", f'no registry "{name}" in rapt.yaml{near}', "kubectl rapt registry")
