"""Releasing a template: its version, its place in the index, and that it keeps what older versions promised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kubectl_rapt import documents, edits
from kubectl_rapt.actions import checkout, lint, verify
from kubectl_rapt.actions.checkout import Registry
from kubectl_rapt.errors import NotFound, Problem, RaptError, Refused, Unavailable
from kubectl_rapt.model import shell
from kubectl_rapt.model.plan import Plan, WriteFiles
from kubectl_rapt.model.versions import Version
from kubectl_rapt.ports.git import Remote
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import compatibility, index, releasing
from kubectl_rapt.templating.compatibility import Change, Level
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.index import Index, Release
from kubectl_rapt.templating.lint import DEFINITION

_MOST_COMMITS = 500
"""How far back the released files are looked for."""


@dataclass(frozen=True, slots=True)
class Releasing:
    """What releasing comes to.

    Args:
        registry: The checkout.
        template: What the new version declares.
        old: The newest version released before; None for the first.
        changes: What is different between both.
        plan: What is to be written; no steps where it is released already.
        before: Path to content of the files that change, as they are now.
        after: The same as they will be.
    """

    registry: Registry
    template: Template
    old: Version | None
    changes: tuple[Change, ...]
    plan: Plan
    before: Mapping[str, bytes]
    after: Mapping[str, bytes | None]


def plan(world: World, wanted: str, bump: Level | None = None) -> Releasing:
    """What releasing one template would write; see ``plan_all``."""
    (planned,) = plan_all(world, [wanted], bump)
    return planned


def plan_all(world: World, wanted: Sequence[str], bump: Level | None = None) -> list[Releasing]:
    """What releasing templates of one registry would write: each plan is to be carried out after the one before it.

    Args:
        world: Where to read.
        wanted: The templates' names or folders.
        bump: What to raise each newest version by; None takes the version that ``template.yaml`` has.

    Raises:
        NotFound: No such template or registry.
        Invalid: A file cannot be read.
        Refused: ``template-not-ready``, ``breaking-change``, ``released-version-changed``.
    """
    registry, chosen = checkout.find(world, wanted)
    planned = []
    for name in chosen:
        one = _plan(world, registry, name, bump)
        changed = {path: content for path, content in one.after.items() if content is not None}
        registry = replace(registry, files={**registry.files, **changed})
        planned.append(one)
    return planned


def _plan(world: World, registry: Registry, name: str, bump: Level | None) -> Releasing:
    files = registry.template(name)
    if problems := lint.lint_template(world, registry, name, with_version=False):
        raise _not_ready(name, "lint", problems)
    known = registry.index()
    now, _ = checkout.load(files, name)
    versions = known.templates.get(name, {})
    if bump and not is_released(now, files, known):
        raised = compatibility.bumped(max(versions, default=now.version), bump)
        files = {**files, DEFINITION: _with_version(files[DEFINITION], name, raised)}
    template, _ = checkout.load(files, name)
    if problems := [problem for one in verify.results(world, registry, name) for problem in one.problems]:
        raise _not_ready(name, "test", problems)
    old = max((one for one in versions if one != template.version), default=None)
    if old and template.version < old:
        raise Refused(
            "released-version-changed",
            f"{name} {old} is released already, and {template.version} is older",
            f"kubectl rapt template release {shell.word(name)} --bump patch",
        )
    changes, notes = _compare(world, registry, template, old, known)
    return _write(registry, template, files, old, changes, notes)


def is_released(template: Template, files: Mapping[str, bytes], known: Index) -> bool:
    """Whether exactly these files are in the index as the version that they say."""
    return is_same(known.templates.get(template.name, {}).get(template.version), index.release_of(files))


def _with_version(content: bytes, name: str, version: Version) -> bytes:
    source = f"{checkout.folder(name)}/{DEFINITION}"
    return edits.put(documents.check_text(content, source), "/version", str(version), source).encode()


def _not_ready(name: str, verb: str, problems: list[Problem]) -> Refused:
    return Refused(
        "template-not-ready",
        f"{name} does not pass {verb}",
        f"kubectl rapt template {verb} {shell.word(name)}",
        problems,
    )


def _compare(
    world: World, registry: Registry, template: Template, old: Version | None, known: Index
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    if old is None:
        return (), ()
    files, why = released_files(world, registry, template.name, known.release(template.name, old))
    if files is None:
        note = f"{template.name} {template.version} could not be compared with {old}: {why}"
        return (), (note,)
    before, _ = checkout.load(files, template.name)
    return tuple(compatibility.refuse_breaking(before, template)), ()


def _write(
    registry: Registry,
    template: Template,
    files: Mapping[str, bytes],
    old: Version | None,
    changes: tuple[Change, ...],
    notes: tuple[str, ...],
) -> Releasing:
    text = registry.files.get(checkout.INDEX, b"").decode()
    identity = replace(index.release_of(files), min_rapt=template.min_rapt)
    indexed = releasing.insert(text, checkout.INDEX, template.name, template.version, identity)
    wanted = {
        f"{checkout.folder(template.name)}/{DEFINITION}": files[DEFINITION],
        checkout.INDEX: indexed.encode(),
    }
    after: dict[str, bytes | None] = {
        path: content for path, content in wanted.items() if registry.files.get(path) != content
    }
    before = {path: registry.files[path] for path in after if path in registry.files}
    steps = (WriteFiles(registry.root, after),) if after else ()
    return Releasing(registry, template, old, changes, Plan(steps, notes), before, after)


def released_files(
    world: World, registry: Registry, name: str, release: Release
) -> tuple[Mapping[str, bytes] | None, str]:
    """The files of a released version, from the history of the checkout's own git repository.

    Args:
        world: Where git is.
        registry: The checkout.
        name: The template.
        release: The version's identity.

    Returns:
        Path inside the template's folder to content, or None and why there are none.
    """
    remote, folder = Remote(registry.root), checkout.folder(name)
    try:
        refs = world.git.fetch(remote)
        seen: set[str] = set()
        for tip in dict.fromkeys(refs.values()):
            for commit in world.git.log(remote, tip, paths=[folder], limit=_MOST_COMMITS):
                if commit.id in seen:
                    continue
                seen.add(commit.id)
                files = checkout.inside(world.git.files(remote, commit.id, folder), name)
                if is_same(release, index.release_of(files)):
                    return files, ""
    except (NotFound, Unavailable, Refused) as error:
        return None, f"the checkout's git repository cannot be read ({error.message})"
    except RaptError as error:
        return None, error.message
    return None, "its files are in no commit of the checkout's git repository"


def is_same(one: Release | None, other: Release) -> bool:
    """Whether both are the same files, whatever else is said of them."""
    return one is not None and (one.tree, one.digest) == (other.tree, other.digest)
