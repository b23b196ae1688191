"""Bringing a release to the registry's own repository: a branch that holds it, for review."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kubectl_rapt.actions import checkout, lint, release
from kubectl_rapt.actions.checkout import Registry
from kubectl_rapt.errors import NotFound, RaptError, Refused
from kubectl_rapt.model import proposals
from kubectl_rapt.model.plan import CommitFiles, Plan, Propose
from kubectl_rapt.model.proposals import Address, PullRequest
from kubectl_rapt.model.versions import Version
from kubectl_rapt.ports.git import Remote
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import compatibility, index, proposal, releasing, testing
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.index import Index
from kubectl_rapt.templating.proposal import Proposal

_HEADS = "refs/heads/"
_MAIN = ("main", "master")


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing comes to.

    Args:
        template: What the release declares.
        proposal: Its pull request's words, and its branch.
        remote: The registry's repository.
        base: The branch that it is proposed for.
        plan: What is to be pushed; no steps where it is there already.
        before: Path to content of the files that change, on the branch as it is.
        after: The same as they will be.
        is_merged: The registry's main branch has the release already.
        pull_request: Its pull request, as it is now; None where there is none yet.
        has_forge: Whether the registry lives on a forge.
    """

    template: Template
    proposal: Proposal
    remote: Remote
    base: str
    plan: Plan
    before: Mapping[str, bytes]
    after: Mapping[str, bytes | None]
    is_merged: bool = False
    pull_request: PullRequest | None = None
    has_forge: bool = False


def plan(world: World, wanted: str) -> Publication:
    """What publishing a template's released version would push, to the remote repository as it is now.

    Args:
        world: Where to read.
        wanted: The template's name or folder.

    Raises:
        NotFound: No such template, registry or remote, or the remote is empty.
        Refused: ``not-released``; ``released-version-changed`` where the remote has that version with other files.
        Unavailable: The remote does not answer.
    """
    registry, name = checkout.one(world, wanted)
    files = registry.template(name)
    template, _ = checkout.load(files, name)
    if not release.is_released(template, files, registry.index()):
        raise Refused(
            "not-released",
            f"{name} {template.version} is not in {checkout.INDEX} as it is here",
            f"kubectl rapt template release {name}",
        )
    remote = Remote(world.checkout.origin(registry.root))
    refs = world.git.fetch(remote)
    base = next((one for one in _MAIN if _HEADS + one in refs), "")
    if not base:
        raise NotFound("no-main", f"{remote.url} has no branch main or master", "git push origin HEAD:main")
    branch = proposal.branch(name, template.version)
    main = world.git.files(remote, refs[_HEADS + base])
    on_branch = refs.get(_HEADS + branch, "")
    now = world.git.files(remote, on_branch) if on_branch else main
    wanted_files = _files(registry, template, files, now, main)
    after = {path: content for path, content in wanted_files.items() if now.get(path) != content}
    before = {path: now[path] for path in after if path in now}
    is_merged = not _differences(_files(registry, template, files, main, main), main)
    words = _propose(world, template, files, main)
    step = CommitFiles(
        repository=remote.url,
        branch=branch,
        parent=on_branch or refs[_HEADS + base],
        expected=on_branch,
        files=after,
        message=words.message,
    )
    done = Publication(template, words, remote, base, Plan(), before, after, is_merged)
    if is_merged:
        return done
    at = Address(remote.url)
    has_forge = world.forge.kind(at) != "none"
    seen = world.forge.pull_request(at, branch) if has_forge and on_branch else None
    steps = ((step,) if after else ()) + (_request(at, words, base, seen) if has_forge else ())
    return replace(done, plan=Plan(steps), pull_request=seen, has_forge=has_forge)


def _request(at: Address, words: Proposal, base: str, seen: PullRequest | None) -> tuple[Propose, ...]:
    """Opening its pull request, or bringing it up to date; one that was closed stays so."""
    wanted = proposals.Proposal(words.branch, base, words.title, words.body)
    if seen and (seen.state == "closed" or (seen.state == "open" and proposals.is_current(seen, wanted))):
        return ()
    return (Propose(at, wanted),)


def _differences(wanted: Mapping[str, bytes | None], now: Mapping[str, bytes]) -> list[str]:
    return [path for path, content in wanted.items() if now.get(path) != content]


def _files(
    registry: Registry,
    template: Template,
    files: Mapping[str, bytes],
    now: Mapping[str, bytes],
    main: Mapping[str, bytes],
) -> dict[str, bytes | None]:
    """The template's folder as it is here, and the main branch's own index with this release.

    What the release's branch says in its index is a proposal, which may still change.
    """
    folder = checkout.folder(template.name)
    known = registry.index().release(template.name, template.version)
    text = main.get(checkout.INDEX, b"").decode()
    indexed = releasing.insert(text, checkout.INDEX, template.name, template.version, known)
    wanted: dict[str, bytes | None] = {
        f"{folder}/{path}": None for path in checkout.inside(now, template.name)
    }
    wanted |= {f"{folder}/{path}": content for path, content in files.items()}
    return {**wanted, checkout.INDEX: indexed.encode()}


def _propose(
    world: World, template: Template, files: Mapping[str, bytes], main: Mapping[str, bytes]
) -> Proposal:
    """The old version is the one that the main branch has; its tests are rendered by both."""
    known = index.load(main[checkout.INDEX], checkout.INDEX) if checkout.INDEX in main else Index({})
    old = max((one for one in known.templates.get(template.name, {}) if one < template.version), default=None)
    old_files, notes = _old(template.name, old, main)
    if old_files is None:
        return proposal.proposal(template, old, (), {}, dict(_examples(world, template, files, files)), notes)
    before, _ = checkout.load(old_files, template.name)
    return proposal.proposal(
        template,
        old,
        compatibility.compare(before, template),
        dict(_examples(world, before, old_files, old_files)),
        dict(_examples(world, template, files, {**files, **_tests(old_files)})),
        notes,
    )


def _old(
    name: str, old: Version | None, main: Mapping[str, bytes]
) -> tuple[Mapping[str, bytes] | None, tuple[str, ...]]:
    if old is None:
        return None, ("This is its first release.",)
    files = checkout.inside(main, name)
    try:
        template, _ = checkout.load(files, name)
    except (RaptError, KeyError):
        return None, (f"The files of {old} on the main branch cannot be read.",)
    notes = (
        () if template.version == old else (f"Compared with {template.version}, which the main branch has.",)
    )
    return files, notes


def _tests(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    return {path: files[path] for path in testing.paths(files)}


def _examples(
    world: World, template: Template, files: Mapping[str, bytes], tests: Mapping[str, bytes]
) -> Iterator[tuple[str, str]]:
    """Test to the Job that a version makes of it, or why it refuses."""
    for path in testing.paths(tests):
        try:
            case = testing.read(tests[path], path)
            job = testing.render_case(
                template, case, lambda values: lint.render(world, files, template, values)
            )
            yield path, testing.spell(job)
        except RaptError as error:
            said = [error.message, *(f"{problem.where}: {problem.what}" for problem in error.problems)]
            yield path, "refused: " + "\n  ".join(said) + "\n"
