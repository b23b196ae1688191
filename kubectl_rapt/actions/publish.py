"""Bringing a release to the registry's own repository: a branch that holds it, for review."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from kubectl_rapt import writes
from kubectl_rapt.actions import checkout, lint, release
from kubectl_rapt.actions.checkout import Registry
from kubectl_rapt.errors import Conflict, NotFound, RaptError, Refused
from kubectl_rapt.model import proposals, shell
from kubectl_rapt.model.plan import CommitFiles, Plan, Propose
from kubectl_rapt.model.proposals import Address, PullRequest
from kubectl_rapt.model.versions import Version
from kubectl_rapt.ports.git import Remote
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import compatibility, index, policies, proposal, releasing, testing
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.index import Index
from kubectl_rapt.templating.proposal import Proposal
from kubectl_rapt.writes import Writers

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
        is_first: The registry's repository is empty: the release becomes its first commit.
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
    is_first: bool = False


def plan(world: World, wanted: str) -> Publication:
    """What publishing a template's released version would push, to the remote repository as it is now.

    The index is merged by what it says: the branch gets main's index with this release, and takes main in where
    main has changed the same files since. In an empty repository the release is the first commit of main.

    Args:
        world: Where to read.
        wanted: The template's name or folder.

    Raises:
        NotFound: No such template, registry or remote, or the remote has branches, but no main.
        Refused: ``not-released``; ``released-version-changed`` where the remote has that version with other files,
            or a newer one.
        Conflict: ``changed-since``: somebody's file on the release's branch conflicts with main.
        Unavailable: The remote does not answer.
    """
    registry, name = checkout.one(world, wanted)
    files = registry.template(name)
    template, _ = checkout.load(files, name)
    if not release.is_released(template, files, registry.index()):
        raise Refused(
            "not-released",
            f"{name} {template.version} is not in {checkout.INDEX} as it is here",
            f"kubectl rapt template release {shell.word(name)}",
        )
    remote = Remote(world.checkout.origin(registry.root))
    refs = world.git.fetch(remote)
    base = next((one for one in _MAIN if _HEADS + one in refs), "")
    if refs and not base:
        raise NotFound("no-main", f"{remote.url} has no branch main or master", "git push origin HEAD:main")
    tip = refs.get(_HEADS + base, "")
    main = world.git.files(remote, tip) if tip else {}
    branch = proposal.branch(name, template.version) if base else _MAIN[0]
    pushed = refs.get(_HEADS + branch, "") if base else ""
    is_merged = _is_merged(template, files, main, base)
    words = replace(_propose(world, template, files, main), branch=branch)
    made = _Start(tip, main)
    if pushed and not is_merged:
        made = _go_on(world, remote, made, pushed, template, registry)
    written = {**made.kept, **_files(registry, template, files, made.files, main)}
    after = {path: content for path, content in written.items() if made.files.get(path) != content}
    before = {path: made.files[path] for path in after if path in made.files}
    done = Publication(
        template, words, remote, base or branch, Plan(), before, after, is_merged, is_first=not base
    )
    if is_merged:
        return done
    step = CommitFiles(
        repository=remote.url,
        branch=branch,
        parent=made.commit,
        expected=pushed,
        files=after,
        message=words.message,
        follows=pushed if made.joins_main else "",
    )
    commits = (step,) if after else ()
    at = Address(remote.url)
    if not base or world.forge.kind(at) == "none":
        return replace(done, plan=Plan(commits))
    seen = world.forge.pull_request(at, branch) if pushed else None
    plan = Plan((*commits, *_request(at, words, base, seen)))
    return replace(done, plan=plan, pull_request=seen, has_forge=True)


def execute(world: World, writers: Writers, planned: Publication) -> PullRequest | None:
    """Push a release; its pull request as it is afterwards.

    Raises:
        RaptError: What ``plan`` and ``writes.settle`` raise.
    """
    if not planned.plan.steps:
        return planned.pull_request
    name = planned.template.name
    answer = writes.settle(writers, planned.remote.url, lambda _: plan(world, name).plan, planned.plan)
    # What answered may be lost, and another one may have been quicker.
    return answer or plan(world, name).pull_request if planned.has_forge else planned.pull_request


@dataclass(frozen=True, slots=True)
class _Start:
    """What a release is committed on.

    Args:
        commit: The commit to build on; empty in an empty repository.
        files: Path to content there.
        kept: What others put on the release's branch, and is written again.
        joins_main: Whether the branch takes main in: main has changed what the release writes since.
    """

    commit: str
    files: Mapping[str, bytes]
    kept: Mapping[str, bytes | None] = field(default_factory=dict)
    joins_main: bool = False


def _go_on(
    world: World, remote: Remote, main: _Start, pushed: str, template: Template, registry: Registry
) -> _Start:
    """Go on from the branch as it was pushed; from main, where both would change the same files.

    Raises:
        Conflict: ``changed-since``: main has changed a file that somebody put on the branch as well.
    """
    tip = world.git.files(remote, pushed)
    left = world.git.merge_base(remote, main.commit, pushed)
    base = world.git.files(remote, left) if left else {}
    ours = {path for path in {*base, *tip, *main.files} if _is_ours(path, template, registry)}
    if all(main.files.get(path) == base.get(path) for path in ours):
        return _Start(pushed, tip)
    kept = {path: tip.get(path) for path in {*base, *tip} - ours if base.get(path) != tip.get(path)}
    for path in sorted(kept):
        if main.files.get(path) not in (base.get(path), tip.get(path)):
            branch = proposal.branch(template.name, template.version)
            raise Conflict(
                "changed-since",
                f"{path} was changed on {branch} and on main, in different ways",
                f"git fetch && git switch {branch} && git merge origin/main",
            )
    return replace(main, kept=kept, joins_main=True)


def _is_ours(path: str, template: Template, registry: Registry) -> bool:
    """Whether publishing a release writes that path."""
    return (
        path == checkout.INDEX
        or path.startswith(f"{checkout.folder(template.name)}/")
        or path in _policies(registry, template)
    )


def _is_merged(template: Template, files: Mapping[str, bytes], main: Mapping[str, bytes], base: str) -> bool:
    """Whether the main branch has the release, or a newer one after it.

    Raises:
        Refused: ``released-version-changed``: it has a newer version, and never had this one.
    """
    known = index.load(main[checkout.INDEX], checkout.INDEX) if checkout.INDEX in main else Index({})
    versions = known.templates.get(template.name, {})
    newest = max(versions, default=template.version)
    if not release.is_released(template, files, known):
        if newest > template.version and template.version not in versions:
            raise Refused(
                "released-version-changed",
                f"{base} of the registry has {template.name} {newest} already, and {template.version} is older",
                f"git pull, then kubectl rapt template release {shell.word(template.name)} --bump patch",
            )
        return False
    return newest > template.version or checkout.inside(main, template.name) == files


def _request(at: Address, words: Proposal, base: str, seen: PullRequest | None) -> tuple[Propose, ...]:
    """Opening its pull request, or bringing it up to date; one that was closed stays so."""
    wanted = proposals.Proposal(words.branch, base, words.title, words.body)
    if seen and (seen.state == "closed" or (seen.state == "open" and proposals.is_current(seen, wanted))):
        return ()
    return (Propose(at, wanted),)


def _files(
    registry: Registry,
    template: Template,
    files: Mapping[str, bytes],
    now: Mapping[str, bytes],
    main: Mapping[str, bytes],
) -> dict[str, bytes | None]:
    """The template's folder as it is here, its policies, and the main branch's own index with this release.

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
    wanted |= {path: content for path, content in _policies(registry, template).items() if path not in main}
    return {**wanted, checkout.INDEX: indexed.encode()}


def _policies(registry: Registry, template: Template) -> dict[str, bytes]:
    """The policies of the checkout that the template names: without them nobody could render it."""
    named = (("retry", template.retry_policy), ("cleanup", template.cleanup_policy))
    paths = [policies.path(kind, name) for kind, name in named if name]
    return {path: registry.files[path] for path in paths if path in registry.files}


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
