"""The history of a tool: each commit that changed its file, or what ``rapt.yaml`` says of it, with its change."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import changes, concerns, installation, layout
from kubectl_rapt.config.changes import Change
from kubectl_rapt.config.installation import Installation
from kubectl_rapt.errors import Invalid, NotFound
from kubectl_rapt.objects.fields import Difference
from kubectl_rapt.ports.git import Commit
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs.listed import BROKEN


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit.

    Args:
        commit: The commit.
        change: The change it speaks of; None where somebody committed by hand.
        template: The template and version that the tool had after it; empty where it was removed, ``BROKEN`` where
            its file could not be read.
        settings: What it changed of ``rapt.yaml`` that decides what the tool has.
    """

    commit: Commit
    change: Change | None
    template: str
    settings: tuple[Difference, ...] = ()


def history(world: World, found: Repository, environment: str, tool: str) -> Iterator[Entry]:
    """The commits on main that decided what a tool has, newest first, also of one that is no more.

    Raises:
        NotFound: There never was such a tool.
    """
    path = layout.definition(environment, tool)
    known = False
    for one, older in itertools.pairwise(itertools.chain(_versions(world, found, path), [_NONE])):
        wanted = _read(one.text, tool, path)
        settings: tuple[Difference, ...] = ()
        if one.text is not None and older.text is not None and one.project != older.project:
            registry = wanted.lock.registry if wanted else ""
            settings = concerns.differences(older.project, one.project, environment, registry)
        if one.commit and (one.text != older.text or settings):
            known = True
            broken = "" if one.text is None else BROKEN
            template = f"{wanted.template} {wanted.version}" if wanted else broken
            yield Entry(one.commit, changes.read(one.commit.message), template, settings)
    if not known:
        found.definition(environment, tool)  # says which there are
        raise NotFound(
            "no-tool", f'no commit has tool "{tool}" in environment {environment}', "kubectl rapt list"
        )


@dataclass(frozen=True, slots=True)
class _Version:
    """A tool's file and ``rapt.yaml`` as a commit has them."""

    commit: Commit | None = None
    text: bytes | None = None
    project: bytes | None = None


_NONE = _Version()


def _versions(world: World, found: Repository, path: str) -> Iterator[_Version]:
    for commit in world.git.log(found.remote, found.head, paths=[path, layout.PROJECT]):
        text, project = (
            world.git.files(found.remote, commit.id, one).get(one) for one in (path, layout.PROJECT)
        )
        yield _Version(commit, text, project)


def _read(text: bytes | None, tool: str, path: str) -> Installation | None:
    """What a tool's file says; None of one that was removed or is broken."""
    try:
        return None if text is None else installation.read(text, tool, path)
    except Invalid:
        return None
