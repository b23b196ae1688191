"""Changes: what one is, how it is named, which branch it is on, and what its commit says."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kubectl_rapt.config import layout
from kubectl_rapt.model import shell

PREFIX = "rapt/"
BRANCHES = f"refs/heads/{PREFIX}"
MAIN = "main"
_TRAILER = re.compile(r"^(Rapt-[A-Z][A-Za-z-]+): (.*?)\r?$", re.MULTILINE)
_ID = re.compile("[0-9a-f]{6}")
_BRANCH = re.compile(f"{PREFIX}[^/]+/[^/]+/{_ID.pattern}")
SEVERAL = "all"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person means to change: files that people edit. What is rendered follows from them.

    Args:
        edits: Path to new content; None removes the file.
        summary: One line.
        templates: What is installed by it, for the record: ``backup 1.2.0 4be1f20``.
        notes: Lines for the person.
        replaces: The identity of what is rendered again, where the files that people edit stay as they are.
    """

    edits: Mapping[str, bytes | None]
    summary: str
    templates: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A draft on its way into the config repository.

    Args:
        id: Six hex digits over what it edits and what that was.
        edits: The files that it edits, in order.
        summary: The first line of its commit.
        templates: See Draft.
        requester: Who asks for it, ``Name <address>``, as the commit's author wrote; empty where git does not know.
    """

    id: str
    edits: tuple[str, ...]
    summary: str
    templates: tuple[str, ...] = ()
    requester: str = ""

    @property
    def tools(self) -> tuple[tuple[str, str], ...]:
        """The tools that it defines or removes, as environment and name."""
        return tuple(place for path in self.edits if (place := layout.tool_of(path)))

    @property
    def runs(self) -> tuple[tuple[str, str], ...]:
        """The reviewed runs that it asks for, as environment and name."""
        return tuple(place for path in self.edits if (place := layout.run_of(path)))

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments of its tools and reviewed runs; see ``is_everywhere`` too."""
        return tuple(dict.fromkeys(environment for environment, _ in (*self.tools, *self.runs)))

    @property
    def is_everywhere(self) -> bool:
        """Whether it edits ``rapt.yaml``, which every environment follows."""
        return layout.PROJECT in self.edits

    @property
    def environment(self) -> str:
        """The environment that it is for; ``all`` where that is not one."""
        return _one_of({environment for environment, _ in (*self.tools, *self.runs)})

    @property
    def tool(self) -> str:
        """The tool or run that it is about; ``all`` for several, ``project`` for ``rapt.yaml`` itself."""
        subjects = {name for _, name in (*self.tools, *self.runs)}
        return _one_of(subjects) if subjects else "project"

    @property
    def branch(self) -> str:
        """The branch it waits on for its review."""
        return f"rapt/{self.environment}/{self.tool}/{self.id}"

    def by(self, author: str) -> str:
        """Whose commit it came with, and for whom, as that one wrote it: ``Bob for Ann``; ``Ann`` if both are one.

        Args:
            author: The commit's, ``Name <address>``.
        """
        names = (one.partition(" <")[0] for one in (author, self.requester) if one)
        return " for ".join(dict.fromkeys(names))

    @property
    def message(self) -> str:
        """The commit's message; the trailers are how the change is recognised after a squash."""
        lines = [f"Rapt-Change: {self.id}", *(f"Rapt-Edits: {path}" for path in self.edits)]
        lines += [f"Rapt-Template: {one}" for one in self.templates]
        lines += [f"Rapt-Requester: {self.requester}"] if self.requester else []
        return f"{self.summary}\n\n" + "".join(f"{line}\n" for line in lines)


def _one_of(names: set[str]) -> str:
    return names.pop() if len(names) == 1 else SEVERAL


def identify(edits: Mapping[str, bytes | None], since: str) -> str:
    """The id of a change: the same change made twice is one change.

    Args:
        edits: What it writes; None deletes.
        since: The newest commit on main that touched those files; empty for none. It tells a change from
            the same one made, undone and made again. Whatever else it replaces follows.
    """
    sha = hashlib.sha256(since.encode())
    for path, content in sorted(edits.items()):
        size = -1 if content is None else len(content)
        sha.update(f"\0{path}\0{size}\0".encode() + (content or b""))
    return sha.hexdigest()[:6]


def is_branch(name: str) -> bool:
    """Whether a branch has the name of one that a change waits on."""
    return bool(_BRANCH.fullmatch(name))


def about(refs: Iterable[str], environment: str, tool: str) -> list[str]:
    """The branches, by their names, of changes that may be about a tool: theirs, and those about several.

    Args:
        refs: Every ref of the repository (``refs/heads/…``).
        environment: The tool's environment.
        tool: The tool's name.
    """
    branches = (ref.removeprefix("refs/heads/") for ref in sorted(refs))
    wanted = ({PREFIX.rstrip("/")}, {environment, SEVERAL}, {tool, SEVERAL})
    return [
        one
        for one in branches
        if is_branch(one) and all(word in known for word, known in zip(one.split("/"), wanted, strict=False))
    ]


def missing(refs: Iterable[str], environment: str, tool: str) -> tuple[str, tuple[str, ...]]:
    """What a refusal adds if a tool that is not on main has a change of its own, and the commands that show it.

    Args:
        refs: Every ref of the repository, as it was last fetched.
        environment: The tool's environment; empty for any.
        tool: The tool's name.

    Returns:
        The end of a sentence and the hints; both are empty if there is no such change.
    """
    branches = (ref.removeprefix("refs/heads/") for ref in sorted(refs))
    places = (one.split("/")[1:] for one in branches if is_branch(one))
    ids = [id_ for where, name, id_ in places if name == tool and environment in ("", where)]
    what = f"; change {' and '.join(ids)} is about it" if ids else ""
    return what, tuple(f"kubectl rapt changes show {shell.word(one)}" for one in ids)


def read(message: str) -> Change | None:
    """The change that a commit's message speaks of; None where it speaks of none."""
    trailers: dict[str, list[str]] = {}
    for name, value in _TRAILER.findall(message):
        trailers.setdefault(name, []).append(value)
    # The last one counts: a squash puts what people wrote before it.
    identifier = trailers.get("Rapt-Change", [""])[-1]
    edits = tuple(dict.fromkeys(trailers.get("Rapt-Edits", ())))
    if not _ID.fullmatch(identifier) or not edits or not all(map(layout.is_edited, edits)):
        return None
    return Change(
        identifier,
        edits,
        message.partition("\n")[0],
        tuple(dict.fromkeys(trailers.get("Rapt-Template", ()))),
        trailers.get("Rapt-Requester", [""])[-1],
    )


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
    """Of the files to be written, those that are not so already."""
    return {path: content for path, content in after.items() if before.get(path) != content}
