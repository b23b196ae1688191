"""Changes: how one is named, which branch it is on, and what its commit says."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from kubectl_rapt.model import names

BRANCHES = "refs/heads/rapt/"
MAIN = "main"
_TRAILER = re.compile(r"^(Rapt-[A-Z][a-z]+): (.*?)\r?$", re.MULTILINE)
_ID = re.compile("[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Change:
    """A set of file changes on its way into an environment.

    Args:
        id: Six hex digits over what it changes and what that was.
        environment: The environment.
        tool: The tool.
        summary: The first line of its commit.
    """

    id: str
    environment: str
    tool: str
    summary: str

    @property
    def branch(self) -> str:
        """The branch it waits on for its review."""
        return f"rapt/{self.environment}/{self.tool}/{self.id}"

    @property
    def message(self) -> str:
        """The commit's message; the trailer is how the change is recognised after a squash."""
        return (
            f"{self.summary}\n\n"
            f"Rapt-Change: {self.id}\nRapt-Environment: {self.environment}\nRapt-Tool: {self.tool}\n"
        )


def identify(files: Mapping[str, bytes | None], since: str) -> str:
    """The id of a change: the same change made twice is one change.

    Args:
        files: What it writes; None deletes.
        since: The newest commit on main that touched those files; empty for none. It tells a change from
            the same one made, undone and made again.
    """
    sha = hashlib.sha256(since.encode())
    for path, content in sorted(files.items()):
        size = -1 if content is None else len(content)
        sha.update(f"\0{path}\0{size}\0".encode() + (content or b""))
    return sha.hexdigest()[:6]


def read(message: str) -> Change | None:
    """The change that a commit's message speaks of; None where it speaks of none."""
    trailers = dict(_TRAILER.findall(message))
    wanted = ("Rapt-Change", "Rapt-Environment", "Rapt-Tool")
    if not all(name in trailers for name in wanted):
        return None
    identifier, environment, tool = (trailers[name] for name in wanted)
    if not _ID.fullmatch(identifier) or not (names.is_dns_label(environment) and names.is_dns_label(tool)):
        return None
    return Change(identifier, environment, tool, message.partition("\n")[0])


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
    """Of the files to be written, those that are not so already."""
    return {path: content for path, content in after.items() if before.get(path) != content}
