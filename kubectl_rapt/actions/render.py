"""Render again what the files that people edit say: on main as a change, in a checkout as files."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from kubectl_rapt.actions import check, hand_edits
from kubectl_rapt.actions.composition import Make
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import layout
from kubectl_rapt.config.changes import Draft
from kubectl_rapt.errors import Invalid, Problem, RaptError
from kubectl_rapt.model.plan import Plan, WriteFiles
from kubectl_rapt.ports.world import World


@dataclass(frozen=True, slots=True)
class Stale:
    """A rendered file that is not what its tool's file renders to, or is not there.

    Args:
        environment: The tool's environment.
        tool: The tool.
        before: The file as it is; None where there is none.
        after: What it should be.
    """

    environment: str
    tool: str
    before: bytes | None
    after: bytes

    @property
    def path(self) -> str:
        """The file."""
        return layout.rendered(self.environment, self.tool)


def stale(world: World, found: Repository, environment: str = "", tools: Sequence[str] = ()) -> list[Stale]:
    """What has to be rendered again.

    Args:
        world: Where the registries and the renderer are.
        found: The repository.
        environment: One environment; empty for all of them.
        tools: The tools' names; none for all of them.

    Raises:
        NotFound: No such environment or tool.
        Invalid: ``cannot-render``: tools' files are wrong, each with its reason; or the error of the only one.
    """
    if environment:
        found.project().environment(environment)
    for name in tools:
        found.check_named(name, environment)
    chosen = [place for place in found.tools(environment) if not tools or place[1] in tools]
    errors: list[tuple[str, RaptError]] = []
    changed = []
    for one, built in check.rendered(world, found, chosen, environment):
        path = layout.rendered(one.environment, one.tool)
        if isinstance(built, RaptError):
            errors.append((layout.definition(one.environment, one.tool), built))
        elif found.files.get(path) != built.files[path]:
            changed.append(Stale(one.environment, one.tool, found.files.get(path), built.files[path]))
    if len(errors) == 1:
        raise errors[0][1]
    if errors:
        problems = [Problem(path, error.message.removeprefix(f"{path} ")) for path, error in errors]
        raise Invalid(
            "cannot-render", f"{len(errors)} tools cannot be rendered", "kubectl rapt check", problems
        )
    return sorted(changed, key=lambda one: one.path)


def draft(world: World, environment: str = "", tools: Sequence[str] = ()) -> Make:
    """The change that renders again what is stale; see ``stale``. People's files stay as they are."""

    def make(found: Repository) -> Draft:
        again = stale(world, found, environment, tools)
        paths = [layout.definition(one.environment, one.tool) for one in again]
        what = "nothing"
        if again:
            what = f"{again[0].tool} in {again[0].environment}" if len(again) == 1 else f"{len(again)} tools"
        replaced = hashlib.sha256(b"\0".join(one.before or b"" for one in again)).hexdigest()
        return Draft({path: found.files[path] for path in paths}, f"Render {what} again", replaces=replaced)

    return make


def plan(found: Repository, again: Sequence[Stale], *, overwrite: bool = False) -> Plan:
    """What writes them into a checkout.

    Raises:
        Refused: ``hand-edited``: one that would be replaced is not committed, so that nobody could get it back.
    """
    if not overwrite:
        hand_edits.refuse(
            [
                (one.environment, one.tool)
                for one in again
                if one.before is not None and (one.path in found.uncommitted or not found.head)
            ],
            "are not committed, so they could not be restored",
        )
    return Plan((WriteFiles(found.root, {one.path: one.after for one in again}),) if again else ())
