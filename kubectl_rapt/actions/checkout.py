"""A registry as its author has it on disk: which templates there are, and the files of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kubectl_rapt import documents
from kubectl_rapt.errors import NotFound
from kubectl_rapt.model import names
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import definition, index, lint
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.index import Index

INDEX = "registry/index.yaml"
_FOLDER = "templates/"


@dataclass(frozen=True, slots=True)
class Registry:
    """A checkout.

    Args:
        root: Its folder.
        files: Path from there to content.
    """

    root: str
    files: Mapping[str, bytes]

    @property
    def names(self) -> list[str]:
        """The folders of ``templates``."""
        return sorted(
            {path.split("/")[1] for path in self.files if path.startswith(_FOLDER) and path.count("/") > 1}
        )

    def template(self, name: str) -> Mapping[str, bytes]:
        """Path inside a template's folder to content."""
        return inside(self.files, name)

    def index(self) -> Index:
        """Its index; an empty one where there is none yet. Raises Invalid."""
        text = self.files.get(INDEX)
        return index.load(text, INDEX) if text is not None else Index({})


def inside(files: Mapping[str, bytes], name: str) -> Mapping[str, bytes]:
    """The files of one template among those of a registry: path inside its folder to content."""
    start = folder(name) + "/"
    return {path.removeprefix(start): content for path, content in files.items() if path.startswith(start)}


def folder(name: str) -> str:
    """Where a template is in a registry."""
    return _FOLDER + name


def load(files: Mapping[str, bytes], name: str) -> tuple[Template, Mapping[str, int]]:
    """What a template declares, and where in its file.

    Args:
        files: Path inside its folder to content; it has a ``template.yaml``.
        name: The template's name.

    Raises:
        Invalid: It cannot be read.
    """
    source = f"{folder(name)}/{lint.DEFINITION}"
    data, lines = documents.load_with_lines(documents.check_text(files[lint.DEFINITION], source), source)
    return definition.from_document(data, lines, source), lines


def find(world: World, wanted: Sequence[str]) -> tuple[Registry, list[str]]:
    """The registry that a person works in, and the templates that they mean.

    Args:
        world: Where to read.
        wanted: Names, or folders of one registry; none for all templates around the current folder.

    Raises:
        NotFound: There is no registry, or no such template.
        Invalid: A folder holds what no registry holds.
    """
    roots: dict[str, list[str]] = {}
    for one in wanted:
        is_folder = "/" in one or one in (".", "..")
        root, below = world.checkout.find(one if is_folder else "")
        parts = below.split("/")
        if is_folder and (parts[0] != "templates" or len(parts) < 2):
            raise NotFound("no-template", f"{one} is not the folder of a template", f"ls {root}/templates")
        roots.setdefault(root, []).append(parts[1] if is_folder else one)
    if not roots:
        roots[world.checkout.find()[0]] = []
    if len(roots) > 1:
        raise NotFound(
            "no-checkout", f"these are of {len(roots)} registries: {', '.join(roots)}", "name one at a time"
        )
    ((root, chosen),) = roots.items()
    registry = Registry(root, world.checkout.files(root))
    for name in chosen:
        if name not in registry.names:
            near = names.nearest(name, registry.names)
            hint = f"kubectl rapt template new {names.as_label(name)}"
            raise NotFound("no-template", f'no template "{name}" in {root}', hint).meant(name, near)
    return registry, list(dict.fromkeys(chosen)) or registry.names


def one(world: World, wanted: str) -> tuple[Registry, str]:
    """The registry, and the one template that a person means. Raises as ``find`` does."""
    registry, (name,) = find(world, [wanted])
    return registry, name
