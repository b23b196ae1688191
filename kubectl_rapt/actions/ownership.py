"""Whose an object in the cluster is: what keeps a tool from being applied, found before it is committed, too."""

from collections.abc import Iterable, Mapping, Sequence

from kubectl_rapt.actions import desired
from kubectl_rapt.actions.build import Built
from kubectl_rapt.actions.desired import Desired, Live
from kubectl_rapt.config.project import Environment
from kubectl_rapt.errors import Problem, RaptError, Refused
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import Manifest, Ref, ref_of
from kubectl_rapt.objects import labels
from kubectl_rapt.ports.world import World


def check_record(want: Desired, live: Live) -> None:
    """Make sure that the environment is no other repository's.

    Raises:
        Refused: ``foreign-owner``: the record of what was applied belongs to somebody else.
    """
    owner = _owner(live.record, want.labels) if live.record else ""
    if owner:
        ref = want.record
        raise Refused(
            "foreign-owner",
            f"namespace {ref.namespace} is already an environment {want.environment.name} of {owner}",
            f"give {want.environment.name} a namespace of its own in rapt.yaml",
            [Problem(str(ref), f"exists in namespace {ref.namespace} and belongs to {owner}")],
        )


def in_the_way(want: Desired, live: Live) -> dict[str, list[Problem]]:
    """The objects of other owners whose names an environment needs: tool to what is wrong."""
    found: dict[str, list[Problem]] = {}
    for manifest in want.objects:
        ref = ref_of(manifest)
        if ref in live.objects and (owner := _owner(live.objects[ref], want.labels)):
            found.setdefault(manifest["metadata"]["labels"][labels.TOOL], []).append(_problem(ref, owner))
    return found


def refusal(environment: str, found: Mapping[str, Sequence[Problem]]) -> Refused:
    """That tools are not applied, because objects of other owners have their names."""
    tools = ", ".join(found)
    is_one = len(found) == 1
    return Refused(
        "foreign-owner",
        f"{tools} {'is' if is_one else 'are'} not applied: objects of other owners have the names that "
        f"{'it needs' if is_one else 'they need'}",
        f"kubectl rapt remove {shell.word(next(iter(found)))} --in {shell.word(environment)}",
        [problem for problems in found.values() for problem in problems],
    )


def check_free(world: World, environment: Environment, built: Iterable[Built]) -> None:
    """Make sure, before anything is committed, that no object of somebody else has a name that a tool needs.

    A cluster that does not answer, or is another one, is told elsewhere; what may not be read is told by ``sync``.

    Raises:
        Refused: ``foreign-owner``.
    """
    wanted = {ref_of(manifest): manifest for one in built for manifest in one.objects}
    if not wanted or not environment.cluster:
        return
    try:
        desired.check_cluster(world, environment)
        existing = list(desired.existing(world, list(wanted)))
    except RaptError:
        return
    problems = []
    for found in existing:
        ref = ref_of(found)
        marks = wanted[ref]["metadata"]["labels"]
        owner = _owner(found, {key: marks[key] for key in (labels.REPOSITORY, labels.ENVIRONMENT)})
        if owner:
            problems.append((ref, owner))
    if problems:
        first = problems[0][0]
        raise Refused(
            "foreign-owner",
            "the change is not committed: objects of other owners have the names that it needs",
            f"kubectl get {first.kind.resource} {first.name} -n {first.namespace} --show-labels",
            [
                *(_problem(*one) for one in problems),
                Problem("to continue", "give the tool another name (add --name), or delete that object"),
            ],
        )


def _problem(ref: Ref, owner: str) -> Problem:
    return Problem(str(ref), f"exists in namespace {ref.namespace} and belongs to {owner}")


def _owner(found: Manifest, ours: Mapping[str, str]) -> str:
    """Whose an object is, in words; empty where it is this environment's own."""
    marks = found["metadata"].get("labels") or {}
    if ours.items() <= marks.items():
        return ""
    if marks.get(labels.REPOSITORY) == ours[labels.REPOSITORY]:
        return f"environment {marks.get(labels.ENVIRONMENT)}"
    return "another config repository" if labels.REPOSITORY in marks else "someone else"
