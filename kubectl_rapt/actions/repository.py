"""The config repository as a command sees it: fetched once and read at one commit, or a checkout of it."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from kubectl_rapt import __version__, documents
from kubectl_rapt.config import changes, installation, layout, project
from kubectl_rapt.config.changes import Change
from kubectl_rapt.config.installation import Installation
from kubectl_rapt.config.project import Project
from kubectl_rapt.errors import NotFound, RaptError
from kubectl_rapt.guard import sops
from kubectl_rapt.model import names, shell
from kubectl_rapt.ports.git import Commit, Remote
from kubectl_rapt.ports.world import World


@dataclass(frozen=True, slots=True)
class Repository:
    """The config repository at its newest commit on main, or as somebody has it checked out.

    Args:
        remote: Its address; the folder of a checkout.
        refs: Every ref of the remote (``refs/heads/…``) with its commit; none of a checkout.
        head: The commit of main, or the one that is checked out; empty where there is none.
        files: Path to content at that commit; of a checkout, as they are on disk.
        root: The folder of a checkout; empty otherwise.
        uncommitted: Paths of a checkout that are not as its commit has them.
    """

    remote: Remote
    refs: Mapping[str, str]
    head: str
    files: Mapping[str, bytes]
    root: str = ""
    uncommitted: Set[str] = frozenset()

    def project(self) -> Project:
        """What its ``rapt.yaml`` says. Raises NotFound, Invalid."""
        return project.read(self.files)

    def tools(self, environment: str = "") -> list[tuple[str, str]]:
        """Environment and name of every tool, of one environment where one is given; files of SOPS define none."""
        places = layout.tools(self.files, environment)
        paths = {place: layout.definition(*place) for place in places}
        return [place for place, path in paths.items() if not sops.is_encrypted(self.files[path], path)]

    def check_named(self, tool: str, environment: str = "") -> None:
        """Make sure that an environment, or any, has a tool of that name. Raises NotFound as ``definition`` does."""
        if not any(name == tool for _, name in self.tools(environment)):
            raise self._no_tool(tool, environment)

    def definition(self, environment: str, tool: str) -> bytes:
        """The file of a tool.

        Raises:
            NotFound: ``no-tool``: with the change that is about it, the environments that have it, or the nearest name.
        """
        path = layout.definition(environment, tool)
        if path in self.files:
            return self.files[path]
        self.project().environment(environment)
        raise self._no_tool(tool, environment)

    def _no_tool(self, tool: str, environment: str) -> NotFound:
        places = self.tools()
        elsewhere = [place for place, name in places if name == tool]
        what = f'no tool "{tool}" in {f"environment {environment}" if environment else "any environment"}'
        if elsewhere:
            what += f", but in {', '.join(elsewhere)}"
        about, hints = changes.missing(self.refs, environment, tool)
        if hints:
            return NotFound("no-tool", f"{what}{about}", hints)
        if elsewhere:  # a command that is copied must not change the tool of another environment
            hint = f"kubectl rapt list --in {shell.word(environment)} --repository"
            return NotFound("no-tool", what, hint)
        near = names.nearest(tool, sorted({name for place, name in places if environment in ("", place)}))
        return NotFound("no-tool", what, "kubectl rapt list --repository").meant(tool, near)

    def installation(self, environment: str, tool: str) -> Installation:
        """What the file of a tool says. Raises NotFound, Invalid."""
        text = self.definition(environment, tool)
        return installation.read(text, tool, layout.definition(environment, tool))


def address(world: World) -> Remote:
    """The config repository's address.

    Raises:
        NotFound: The person has none yet.
    """
    if not world.settings.repository:
        raise NotFound("no-repository", "no config repository is set up", "kubectl rapt init --local")
    return Remote(world.settings.repository)


def read(world: World, refs: Mapping[str, str] | None = None) -> Repository:
    """Read it, as the remote has it now or at refs that are known.

    Raises:
        NotFound, Unavailable, Refused: It cannot be read.
    """
    return read_at(world, address(world), refs)


def read_at(world: World, remote: Remote, refs: Mapping[str, str] | None = None) -> Repository:
    """Read one that need not be the person's yet; without refs it is fetched.

    Raises:
        NotFound: It has other branches, but no main; an empty one is read as it is.
        Unavailable, Refused: It cannot be read.
    """
    refs = world.git.fetch(remote) if refs is None else refs
    head = refs.get(f"refs/heads/{changes.MAIN}", "")
    if refs and not head:
        others = sorted(ref.rpartition("refs/heads/")[2] for ref in refs)[:3]
        what = f"the config repository has no branch {changes.MAIN}, only {', '.join(others)}"
        branch = shell.word(others[0]) if len(others) == 1 else "BRANCH"
        raise NotFound("no-main", what, f"git push origin {branch}:{changes.MAIN}")
    return Repository(remote, refs, head, world.git.files(remote, head) if head else {})


def contains(world: World, head: str, commit: str) -> bool:
    """Whether a commit of the person's config repository has another one in its history."""
    return any(one.id == commit for one in world.git.log(address(world), head))


def change_on(world: World, found: Repository, branch: str) -> tuple[Change, Commit] | None:
    """The change that waits on a branch, and the newest commit that says so; None where none since main does.

    It need not be the tip: a forge's "Update branch" merges main into it, and people push more commits.
    """
    tip = found.refs.get(f"refs/heads/{branch}", "")
    for commit in world.git.log(found.remote, tip, without=found.head) if tip else ():
        change = changes.read(commit.message)
        if change and change.branch == branch:
            return change, commit
    return None


def checked_out(world: World, path: str = "") -> Repository | None:
    """The checkout of a config repository that a person is in, or that they name; None where they are in none.

    It is the nearest folder, at or above that one, that has a ``rapt.yaml``.

    Args:
        world: Where to read.
        path: A folder; empty for the current one.

    Raises:
        NotFound: ``no-project``: a folder was named, and it is in none.
        Invalid: ``bad-checkout``: it holds links, or what is no file.
    """
    root = world.checkout.above(layout.PROJECT, path)
    if not root and path:
        what = f"{path} is in no config repository: no folder at or above it has {layout.PROJECT}"
        raise NotFound("no-project", what, f"ls {path}/{layout.PROJECT}")
    if not root:
        return None
    head, uncommitted = world.checkout.committed(root, layout.ALL)
    return Repository(Remote(root), {}, head, world.checkout.contents(root, layout.ALL), root, uncommitted)


def project_of(files: Mapping[str, bytes]) -> Project | None:
    """What the ``rapt.yaml`` among the files of a repository says; None where there are no files at all."""
    return project.read(files) if files else None


def fresh_project(world: World) -> tuple[Project | None, str]:
    """What the person's ``rapt.yaml`` says now; where the repository does not answer, see ``known_project``."""
    if world.settings.repository:
        try:
            world.git.fetch(address(world))
        except RaptError as error:
            found, note = known_project(world)
            return found, note or f"rapt.yaml is read as it was: {error.message}"
    return known_project(world)


def known_project(world: World) -> tuple[Project | None, str]:
    """What the person's ``rapt.yaml`` said when the repository was last fetched, and a note; usually empty.

    It starts no process where that is known. Without a config repository there is none.

    Raises:
        NotFound: The repository has no ``rapt.yaml``, or no main.
        Invalid: It is broken.
    """
    if not world.settings.repository:
        return None, ""
    remote = address(world)
    found = world.git.known(remote)
    try:
        refs = found.refs if found else world.git.fetch(remote)
    except RaptError as error:
        return None, f"the config repository cannot be read, so only the bundled registry is: {error.message}"
    head = refs.get(f"refs/heads/{changes.MAIN}", "")
    if not head:
        return None, f"the config repository has no branch {changes.MAIN}"

    def look() -> bytes:
        files = world.git.files(remote, head, layout.PROJECT)
        project.read(files)  # here its mistakes have their lines
        return documents.dump_json(documents.load(files[layout.PROJECT], layout.PROJECT)).encode()

    # As JSON, which is read without the YAML package.
    text = world.cache.remembered(f"{layout.PROJECT} {__version__} {head}", look)
    return project.from_document(documents.load(text, layout.PROJECT), {}), ""
