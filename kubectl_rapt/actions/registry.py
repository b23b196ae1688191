"""The registries: which templates there are, and exactly which one a name means."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kubectl_rapt import __version__
from kubectl_rapt.config.installation import Lock
from kubectl_rapt.errors import NotFound, Refused
from kubectl_rapt.model import names
from kubectl_rapt.model.versions import Version
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import definition, index
from kubectl_rapt.templating.definition import Template

BUNDLED = "bundled"
_FOLDER = "templates/"
_INDEX = "registry/index.yaml"


@dataclass(frozen=True, slots=True)
class Entry:
    """One template of a registry.

    Args:
        registry: The registry's name.
        template: What its author declares.
        files: Path inside its folder to content.
    """

    registry: str
    template: Template
    files: Mapping[str, bytes]

    @property
    def source(self) -> str:
        """The Jinja text of its Job."""
        return self.files["job.yaml.j2"].decode()

    def lock(self) -> Lock:
        """Exactly this one."""
        release = index.release_of(self.files)
        return Lock(self.registry, release.tree, release.digest)


def entries(world: World) -> Iterator[Entry]:
    """All templates of all registries, by name."""
    files = world.bundle.files()
    folders = sorted({path.split("/")[1] for path in files if path.startswith(_FOLDER)})
    for name in folders:
        yield _entry(files, name)


def _entry(files: Mapping[str, bytes], name: str) -> Entry:
    start = f"{_FOLDER}{name}/"
    inside = {path.removeprefix(start): content for path, content in files.items() if path.startswith(start)}
    template = definition.load(
        inside["template.yaml"], f"{start}template.yaml", rapt=Version.parse(__version__)
    )
    return Entry(BUNDLED, template, inside)


def find(world: World, name: str) -> Entry:
    """The template that a name means.

    Raises:
        NotFound: There is none of that name.
        Refused: It is not what the registry's index says it is.
    """
    files = world.bundle.files()
    if f"{_FOLDER}{name}/template.yaml" not in files:
        known = sorted({path.split("/")[1] for path in files if path.startswith(_FOLDER)})
        nearest = names.nearest(name, known)
        hint = f"kubectl rapt show {nearest}" if nearest else "kubectl rapt search"
        raise NotFound("no-template", f'no template "{name}" in the registries', hint)
    entry = _entry(files, name)
    _check_index(files, entry)
    return entry


def _check_index(files: Mapping[str, bytes], entry: Entry) -> None:
    version = entry.template.version
    recorded = index.load(files[_INDEX], _INDEX).versions(entry.template.name).get(version)
    found = index.release_of(entry.files)
    if recorded != found:
        raise Refused(
            "moved-version",
            f"{entry.template.name} {version} is tree {found.tree}, "
            f"but the index of {entry.registry} says {recorded.tree if recorded else 'nothing of it'}",
            "kubectl rapt search",
        )


def locked(world: World, name: str, version: str, lock: Lock) -> Entry:
    """The template that a tool's file has locked.

    Raises:
        NotFound: The registries do not have that version any more.
    """
    entry = find(world, name)
    if entry.lock().digest != lock.digest:
        raise NotFound(
            "no-version",
            f"{name} {version} (tree {lock.tree[:7]}) is not in the registries; they have {entry.template.version}",
            f"kubectl rapt show {name}",
        )
    return entry
