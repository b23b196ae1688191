"""What a command would do, as data: the closed union of steps, and the plan that holds them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kubectl_rapt.model.kinds import Manifest, Ref, ref_of
from kubectl_rapt.model.proposals import Address, Method, Proposal


@dataclass(frozen=True, slots=True)
class Create:
    """Create one object, as a field manager; its name being taken is a Conflict."""

    manifest: Manifest
    manager: str = "rapt"

    def __str__(self) -> str:
        return f"create {ref_of(self.manifest)}"


@dataclass(frozen=True, slots=True)
class Apply:
    """Server-side apply one object as a field manager."""

    manifest: Manifest
    manager: str

    def __str__(self) -> str:
        return f"apply {ref_of(self.manifest)}"


@dataclass(frozen=True, slots=True)
class Patch:
    """JSON merge patch; ``metadata.uid`` and ``metadata.resourceVersion`` in it are preconditions.

    Args:
        ref: The object.
        patch: What changes.
        subresource: Of which part; empty for the object itself.
        expects: JSON pointer to the value that must still be there; anything else is a Conflict. It is for objects
            whose status somebody else writes all the time, where a version would be stale before it is used.
    """

    ref: Ref
    patch: Mapping[str, Any]
    subresource: str = ""
    expects: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"patch {self.ref}" + (f" ({self.subresource})" if self.subresource else "")


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete exactly the object with that UID."""

    ref: Ref
    uid: str
    resource_version: str = ""
    propagation: Literal["Background", "Foreground", "Orphan"] = "Background"

    def __str__(self) -> str:
        return f"delete {self.ref}"


@dataclass(frozen=True, slots=True)
class CommitFiles:
    """Commit file changes to one branch of the config repository and push it with compare-and-swap.

    Args:
        repository: The repository's address.
        branch: The branch to push.
        parent: The commit to build on; empty for the first one.
        expected: Where the remote's branch must be now; empty: it must not exist.
        files: Path to new content; None deletes.
        message: The whole commit message.
        follows: A commit that the branch goes on from; the new one joins it with the parent.
        delete_branch: A branch that goes in the same push.
        delete_expected: Where that branch must be now; empty: wherever it is.
    """

    repository: str
    branch: str
    parent: str
    expected: str
    files: Mapping[str, bytes | None]
    message: str
    follows: str = ""
    delete_branch: str = ""
    delete_expected: str = ""

    def __str__(self) -> str:
        return f"commit {', '.join(self.files)} to {self.branch}"

    @property
    def effect(self) -> tuple[object, ...]:
        """What a person agrees to: everything but the commits it happens to be built on."""
        return (self.repository, self.branch, tuple(sorted(self.files.items())), self.message)


@dataclass(frozen=True, slots=True)
class DeleteBranch:
    """Delete a branch, if it is where it was expected; nothing happens where it is gone."""

    repository: str
    branch: str
    expected: str

    def __str__(self) -> str:
        return f"delete branch {self.branch}"


@dataclass(frozen=True, slots=True)
class CreateRepository:
    """Create an empty bare repository in a folder; nothing happens where one exists."""

    path: str

    def __str__(self) -> str:
        return f"create repository {self.path}"


@dataclass(frozen=True, slots=True)
class WriteSettings:
    """Replace the person's own settings file."""

    text: str

    def __str__(self) -> str:
        return "write settings"


@dataclass(frozen=True, slots=True)
class WriteFiles:
    """Replace files in a folder of the person's own, all of them or none.

    Args:
        root: The folder.
        files: Path below it to new content; None deletes.
        is_program: Whether they are programs, which may be run.
        is_private: Whether they and their folders are for this user alone, as logs and kubeconfigs are.
    """

    root: str
    files: Mapping[str, bytes | None]
    is_program: bool = False
    is_private: bool = False

    def __str__(self) -> str:
        return f"write {', '.join(self.files)}"


@dataclass(frozen=True, slots=True)
class Propose:
    """Open the pull request of a branch, or bring the one that is open up to date."""

    address: Address
    proposal: Proposal

    def __str__(self) -> str:
        return f"open or update the pull request of {self.proposal.branch}"

    @property
    def effect(self) -> tuple[object, ...]:
        """What a person agrees to: its text tells times, and so is another one each minute."""
        return (self.address, self.proposal.branch, self.proposal.base, self.proposal.title)


@dataclass(frozen=True, slots=True)
class MergeProposal:
    """Merge a pull request on its forge, if its branch is at that commit; nothing happens where it is merged.

    Args:
        address: The repository.
        number: The pull request.
        head: The commit its branch must be at.
        message: The whole message of the commit it becomes.
        method: How it is merged.
        when_ready: Whether the forge merges it later, when approvals and checks are there.
    """

    address: Address
    number: int
    head: str
    message: str
    method: Method = "squash"
    when_ready: bool = False

    def __str__(self) -> str:
        return f"merge pull request {self.number}" + (" when it is ready" if self.when_ready else "")


@dataclass(frozen=True, slots=True)
class CloseProposal:
    """Close a pull request unmerged, and say why on its page; nothing happens where it is closed."""

    address: Address
    number: int
    comment: str = ""

    def __str__(self) -> str:
        return f"close pull request {self.number}"


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell somebody over HTTP.

    Args:
        url: The address.
        body: The message.
        headers: What goes with it; its signature tells who sent it.
    """

    url: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    def __str__(self) -> str:
        return "notify the webhook"


@dataclass(frozen=True, slots=True)
class Attend:
    """Hand the terminal to another program until that ends.

    Args:
        command: Its path and arguments.
        environ: Variables besides the person's own.
        is_over: Asked meanwhile; the program is ended when it says so.
        quiet: Whether it runs without the terminal after all, and what it says is for nobody.
    """

    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    is_over: Callable[[], bool] | None = None
    quiet: bool = False

    def __str__(self) -> str:
        return f"run {' '.join(self.command)}"


Step = (
    Create
    | Apply
    | Patch
    | Delete
    | CommitFiles
    | DeleteBranch
    | CreateRepository
    | WriteSettings
    | Propose
    | MergeProposal
    | CloseProposal
    | WriteFiles
    | Notify
    | Attend
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a command would do, in order.

    Args:
        steps: What is written.
        notes: Lines for the person, besides what the steps say themselves.
    """

    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
