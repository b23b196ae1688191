"""Where a run comes from: the commit that defined its tool, the change, who reviewed it, the template's version.

Everything is proved by digests: the Run holds that of the tool's file, that file's lock those of the template.
"""

import re
from dataclasses import dataclass

from kubectl_rapt.actions import propose, repository
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import changes, installation, layout, reviewed_runs
from kubectl_rapt.config import project as projects
from kubectl_rapt.config.changes import Change
from kubectl_rapt.config.installation import Installation
from kubectl_rapt.errors import NotFound, RaptError
from kubectl_rapt.model.proposals import PullRequest
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.objects.tools import Source
from kubectl_rapt.ports.git import Commit, Remote, Trust
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import index

_FOLDER = "templates"
_REVIEWED = re.compile(r"^(?:Reviewed|Approved)-by: (\S.*?)\s*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Origin:
    """The commit that defined a tool, proved by the digest of the tool's file.

    Args:
        commit: The commit on main.
        change: The change that its message speaks of, as whoever committed it wrote; None for a commit made by hand.
        installation: What the tool's file said; None where it cannot be read any more.
        review: The pull request that brought the commit; None where there is none, or no forge.
        no_review: Why nothing is known of one; empty where that is known.
        template: What the registry says of the template's commit today, where it is not as the lock says.
        is_template_sure: Whether the registry still has exactly what ran.
        reviewers: Whom the commit's trailers name as its reviewers, ``Name <address>``.
    """

    commit: Commit
    change: Change | None
    installation: Installation | None = None
    review: PullRequest | None = None
    no_review: str = ""
    template: str = ""
    is_template_sure: bool = True
    reviewers: tuple[str, ...] = ()


def find(world: World, source: Source | None, environment: str, tool: str) -> tuple[Origin | None, str]:
    """The commit that a source was made from; None and why, where none is known.

    Args:
        world: Where to read.
        source: What the Run or the Tool says of itself.
        environment: The tool's environment.
        tool: The tool's name.
    """
    if source is None or not source.definition:
        return None, "the tool was not made from a config repository"
    if not world.settings.repository:
        return None, "no config repository is set up here"
    try:
        found = repository.read(world)
        return _among(world, found, source, layout.definition(environment, tool), tool)
    except RaptError as error:
        return None, error.message


def of_run(world: World, run: Run | None, environment: str) -> Origin | None:
    """The commit that asks for a reviewed run, proved by the digest of its answers; None where none is known."""
    if run is None or not (environment and world.settings.repository):
        return None
    path = layout.run(environment, run.name)
    try:
        found = repository.read(world)
        for commit in world.git.log(found.remote, found.head, paths=[path]):
            content = world.git.files(found.remote, commit.id, path).get(path)
            if content is None or reviewed_runs.plainly(content, path).digest != run.digest:
                continue
            change = changes.read(commit.message)
            review, no_review = _review(world, found, commit, change)
            by = tuple(dict.fromkeys(_REVIEWED.findall(commit.message)))
            return Origin(commit, change, None, review, no_review, reviewers=by)
    except (RaptError, KeyError, TypeError, ValueError):
        return None
    return None


def _among(
    world: World, found: Repository, source: Source, path: str, tool: str
) -> tuple[Origin | None, str]:
    for commit in world.git.log(found.remote, found.head, paths=[path]):
        content = world.git.files(found.remote, commit.id, path).get(path)
        if content is None or installation.digest(content) != source.definition:
            continue
        change = changes.read(commit.message)
        review, no_review = _review(world, found, commit, change)
        by = tuple(dict.fromkeys(_REVIEWED.findall(commit.message)))
        try:
            wanted = installation.read(content, tool, path)
        except RaptError as error:
            return Origin(commit, change, None, review, no_review, error.message, False, by), ""
        template, is_sure = _template(world, found, source, wanted)
        return Origin(commit, change, wanted, review, no_review, template, is_sure, by), ""
    return None, f"no commit of {found.remote.url} has that definition"


def _review(
    world: World, found: Repository, commit: Commit, change: Change | None
) -> tuple[PullRequest | None, str]:
    """The pull request that brought a commit. Anybody who commits to main may name a change that others reviewed."""
    if change is None:
        return None, ""
    try:
        if not propose.has_forge(world, found):
            return None, ""
        seen = world.forge.pull_request(propose.address(found), change.branch)
        if seen and not _brought(world, found, seen, commit):
            what = f"pull request {seen.number} is of change {change.id}"
            return None, f"{what}, and did not bring commit {commit.id[:7]}"
    except RaptError as error:
        return None, error.message
    return seen, ""


def _brought(world: World, found: Repository, seen: PullRequest, commit: Commit) -> bool:
    """Whether a commit is what a pull request became on main, or one of those that its merge put there."""
    if seen.state != "merged" or commit.id in (seen.merge_commit, seen.head):
        return seen.state == "merged"
    merge = next(world.git.log(found.remote, seen.merge_commit, limit=1)) if seen.merge_commit else None
    if merge is None or len(merge.parents) < 2:
        return False
    return any(one.id == commit.id for one in world.git.log(found.remote, merge.id, without=merge.parents[0]))


def _template(world: World, found: Repository, source: Source, wanted: Installation) -> tuple[str, bool]:
    """Whether what ran is what the lock names, and whether the registry still has it."""
    lock = wanted.lock
    if (lock.tree, lock.digest) != (source.tree, source.digest):
        return f"the run has tree {source.tree[:7]}, and the lock of that commit has {lock.tree[:7]}", False
    if not lock.commit:
        return "", True
    remote = Remote(lock.registry, Trust.HOSTILE)
    short = lock.commit[:7]
    try:
        known = world.git.known(remote)
        refs = known.refs if known else world.git.fetch(remote)
        files = world.git.files(remote, lock.commit, f"{_FOLDER}/{wanted.template}")
        branch = _branch(found, lock.registry)
        head = refs.get(f"refs/heads/{branch}", "")
        is_there = bool(head) and world.git.merge_base(remote, head, lock.commit) == lock.commit
    except NotFound:
        return (
            f"{lock.registry} has no commit {short} any more; tree and digest of the lock still name what ran",
            False,
        )
    except RaptError as error:
        return f"not compared with the registry: {error.message}", False
    inside = {path.removeprefix(f"{_FOLDER}/{wanted.template}/"): one for path, one in files.items()}
    if index.digest(inside) != lock.digest:
        return f"commit {short} of {lock.registry} holds something else than the lock says", False
    if not is_there:
        return (
            f"{lock.registry} was rewritten: commit {short} is in no history any more; what it held is as locked",
            True,
        )
    return "", True


def _branch(found: Repository, url: str) -> str:
    registries = projects.ranked(repository.project_of(found.files))
    return next((one.branch for one in registries if one.url == url), changes.MAIN)
