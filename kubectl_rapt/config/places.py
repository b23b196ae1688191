"""Whether two tools would be the same objects of one cluster: one of two environments, or two with names alike."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from kubectl_rapt import documents
from kubectl_rapt.config import installation, layout
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import Invalid, Problem, Refused
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import CRON_JOB, Manifest, Ref, ref_of


class Twin(NamedTuple):
    """A tool that two environments have in one place."""

    tool: str
    one: str
    other: str
    namespaces: tuple[str, ...]

    @property
    def what(self) -> str:
        """What is wrong with it, after its name."""
        where = f"namespace {', '.join(self.namespaces)} of the same cluster"
        return f"is in {self.one} and {self.other}, which are one place: {where}"


HINT = f"take another name for it, or give each environment its own namespaces in {layout.PROJECT}"


def twins(
    project: Project, files: Mapping[str, bytes], tools: Collection[str] | None = None
) -> Iterator[Twin]:
    """The tools that two environments would write over each other.

    Args:
        project: What ``rapt.yaml`` says. Environments whose cluster nobody knows yet are no place.
        files: Path to content of the repository.
        tools: Only of these names; None for all.
    """
    for one, other in combinations(project.environments.values(), 2):
        shared = set(one.all_namespaces) & set(other.all_namespaces)
        if not one.cluster or one.cluster != other.cluster or not shared:
            continue
        mine, theirs = ({tool for _, tool in layout.tools(files, at.name)} for at in (one, other))
        for tool in sorted(mine & theirs if tools is None else mine & theirs & set(tools)):
            held = set(_namespaces(files, other, tool))
            both = tuple(namespace for namespace in _namespaces(files, one, tool) if namespace in held)
            if both:
                yield Twin(tool, one.name, other.name, both)


def check(project: Project, files: Mapping[str, bytes], tools: Collection[str] | None = None) -> None:
    """Raises Refused, ``same-place``, where there are such tools; see ``twins``."""
    found = list(twins(project, files, tools))
    if found:
        problems = [Problem(layout.definition(one.other, one.tool), one.what) for one in found[1:]]
        raise Refused("same-place", f'tool "{found[0].tool}" {found[0].what}', HINT, problems)


class Clash(NamedTuple):
    """An object that two tools need, such as ``cronjob/a-2``: the second schedule of ``a``, the first of ``a-2``."""

    environment: str
    tool: str
    other_environment: str
    other: str
    ref: Ref

    @property
    def what(self) -> str:
        """What is wrong with the tool, after its name."""
        where = "" if self.other_environment == self.environment else f" of {self.other_environment}"
        return f'needs {self.ref}, which tool "{self.other}"{where} has'


def clashes(
    project: Project, files: Mapping[str, bytes], built: Iterable[tuple[str, str, Sequence[Manifest]]]
) -> Iterator[Clash]:
    """The objects of some tools that other tools of the same cluster have, each of them once.

    Args:
        project: What ``rapt.yaml`` says.
        files: Path to content of the repository, with what those tools render to.
        built: Environment, name and objects of those tools.
    """
    held: dict[str, frozenset[Ref]] = {}
    seen: set[tuple[frozenset[tuple[str, str]], Ref]] = set()
    for environment, tool, objects in built:
        mine = project.environment(environment)
        places = [
            one.name
            for one in project.environments.values()
            if one.name == environment or (one.cluster and one.cluster == mine.cluster)
        ]
        for ref in map(ref_of, objects):
            parts = ref.name.split("-")
            # Objects of a tool begin with its name: no other file can hold them.
            for other in ("-".join(parts[:end]) for end in range(1, len(parts) + 1)):
                for place in places:
                    path = layout.rendered(place, other)
                    if other == tool or path not in files:
                        continue
                    if path not in held:
                        held[path] = frozenset(_refs(files[path], path))
                    pair = frozenset([(environment, tool), (place, other)]), ref
                    if ref in held[path] and pair not in seen:
                        seen.add(pair)
                        yield Clash(environment, tool, place, other, ref)


def check_objects(
    project: Project, files: Mapping[str, bytes], built: Iterable[tuple[str, str, Sequence[Manifest]]]
) -> None:
    """Raises Refused, ``same-object``, where there are such objects; see ``clashes``."""
    found = list(clashes(project, files, built))
    if found:
        first = found[0]
        problems = [Problem(layout.definition(one.environment, one.tool), one.what) for one in found[1:]]
        problems.append(
            Problem("to continue", "give one of the two tools another name (add --name)" + _fewer(first))
        )
        raise Refused("same-object", f'tool "{first.tool}" {first.what}', way_out(files, first), problems)


def way_out(files: Mapping[str, bytes], clash: Clash) -> str:
    """The command that leaves the tool with several schedules its first one; else the one that shows the other tool."""
    for environment, tool in (
        (clash.environment, clash.tool),
        (clash.other_environment, clash.other),
    ):
        path = layout.definition(environment, tool)
        if clash.ref.kind != CRON_JOB or tool == clash.ref.name or path not in files:
            continue
        try:
            first = installation.read(files[path], tool, path).schedules[0]
        except (Invalid, IndexError):
            continue
        zone = f" --time-zone {shell.word(first.time_zone)}" if first.time_zone else ""
        schedule = f"--schedule {shell.word(first.cron)}{zone}"
        return f"kubectl rapt set {shell.word(tool)} --in {shell.word(environment)} {schedule}"
    return f"kubectl rapt explain {shell.word(clash.other)} --in {shell.word(clash.other_environment)}"


def _fewer(clash: Clash) -> str:
    return ", or leave the other one a single schedule" if clash.ref.kind == CRON_JOB else ""


def _refs(content: bytes, path: str) -> Iterator[Ref]:
    """The objects of a rendered file; none where it cannot be read, which is told elsewhere."""
    try:
        yield from map(ref_of, documents.load_all(content, path))
    except (Invalid, KeyError, TypeError, AttributeError):
        return


def _namespaces(files: Mapping[str, bytes], environment: Environment, tool: str) -> tuple[str, ...]:
    """Where a tool lives; nowhere where its file cannot be read, which is told elsewhere."""
    path = layout.definition(environment.name, tool)
    try:
        return installation.read(files[path], tool, path).namespaces or environment.namespaces[:1]
    except Invalid:
        return ()
