"""Where the cluster and the config repository differ, both ways, and who made it so. Nothing is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kubectl_rapt.actions import desired, repository, schedule
from kubectl_rapt.actions.desired import Desired, Live
from kubectl_rapt.errors import Invalid, Refused
from kubectl_rapt.model.kinds import Manifest, Ref, ref_of
from kubectl_rapt.objects import applied as written
from kubectl_rapt.objects import fields, labels
from kubectl_rapt.objects.fields import Difference, Manager, Path
from kubectl_rapt.objects.owners import Owner
from kubectl_rapt.ports.world import World

_ASIDE = ("apiVersion", "kind", "metadata", "status")
_SECRETS_OF_ACCOUNTS = "secrets"


@dataclass(frozen=True, slots=True)
class Changed:
    """A field that the cluster has otherwise than the repository.

    Args:
        difference: From the repository's value to the cluster's.
        by: Who wrote the cluster's value; None where nobody but Rapt did, or nobody owns it any more.
    """

    difference: Difference
    by: Manager | None


@dataclass(frozen=True, slots=True)
class Drifted:
    """One object that is not as the repository says.

    Args:
        ref: The object.
        how: ``missing`` in the cluster; ``surplus``: not in the repository any more; ``changed``; ``foreign``: the
            name belongs to someone else.
        changes: The fields that differ, of a changed one.
        owner: What of Flux or Argo CD applies it.
        why: What there is to know besides.
    """

    ref: Ref
    how: Literal["missing", "surplus", "changed", "foreign"]
    changes: tuple[Changed, ...] = ()
    owner: Owner | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Switched:
    """A schedule that somebody has suspended through Rapt.

    Args:
        ref: Its CronJob.
        how: By whom and when: ``suspended by ann at 2026-11-30T01:00:00Z``.
    """

    ref: Ref
    how: str


@dataclass(frozen=True, slots=True)
class Drift:
    """The cluster against the repository.

    Args:
        environment: The environment.
        main: The commit that main is at, which is compared.
        applied: The commit that was applied last; empty where none was.
        state: ``applied``, or ``applying`` where a sync has not finished; empty where there was none.
        objects: What differs, in the order in which it is applied.
        switched: What ``schedule suspend`` stopped, which is a decision and no drift.
    """

    environment: str
    main: str
    applied: str
    state: str
    objects: tuple[Drifted, ...]
    switched: tuple[Switched, ...] = ()


def drift(world: World, name: str) -> Drift:
    """Compare one environment.

    An object that may not be as ``sync`` wrote it is applied as a dry run, as ``sync`` would: what the server then
    would store is what the repository means, with the server's own defaults. Fields that others have added are none of
    ``sync``'s, so where somebody else owns any, the object is compared with a fresh one too. Whoever has no right to
    apply gets a comparison of the fields that the repository says, as they are spelled there.

    Args:
        world: Where to read.
        name: The environment.

    Raises:
        Refused: Another cluster, or no right to look.
        NotFound: No such environment, or Rapt is not installed in the cluster.
        Unavailable: The cluster or the repository does not answer.
    """
    want = desired.desired(repository.read(world), name)
    if want.refused:
        raise want.refusal()
    desired.check_cluster(world, want.environment)
    live = desired.look(world, want)
    found = [*_missing_or_changed(world, want, live), *_surplus(want, live)]
    data = desired.said(live.record)
    switched = [
        Switched(ref, how)
        for ref, manifest in live.objects.items()
        if (how := schedule.suspension(manifest)) and ref in set(map(ref_of, want.objects))
    ]
    return Drift(name, want.commit, live.commit, data.get("state", ""), tuple(found), tuple(switched))


def _missing_or_changed(world: World, want: Desired, live: Live) -> Iterable[Drifted]:
    owners = live.owners
    for manifest in want.objects:
        ref = ref_of(manifest)
        found = live.objects.get(ref)
        if found is None:
            yield Drifted(ref, "missing")
        elif not want.labels.items() <= (found["metadata"].get("labels") or {}).items():
            yield Drifted(ref, "foreign", why="belongs to someone else")
        elif changes := _changes(world, manifest, found):
            yield Drifted(ref, "changed", changes, owners.get(ref))


def _surplus(want: Desired, live: Live) -> Iterable[Drifted]:
    wanted = set(map(ref_of, want.objects))
    owners = live.owners
    for ref, manifest in live.objects.items():
        if ref not in wanted:
            tool = manifest["metadata"].get("labels", {}).get(labels.TOOL)
            why = "one of its jobs is unfinished" if tool in live.unfinished else ""
            yield Drifted(ref, "surplus", owner=owners.get(ref), why=why)


def _changes(world: World, manifest: Manifest, found: Manifest) -> tuple[Changed, ...]:
    is_ours = not fields.managers_of_content(found) - {labels.MANAGER}
    if is_ours and written.is_current(manifest, found):
        return ()
    is_decided = bool(schedule.suspension(found)) and "suspend" not in manifest["spec"]
    return tuple(
        one
        for one in _differences(world, manifest, found, is_ours=is_ours)
        if not (is_decided and one.difference.path == schedule.SUSPEND)
    )


def _differences(world: World, manifest: Manifest, found: Manifest, *, is_ours: bool) -> tuple[Changed, ...]:
    try:
        applied = world.cluster.dry_run_apply(manifest, manager=labels.MANAGER)
    except Invalid:
        # It cannot become what the repository says, such as a RoleBinding to another Role: it is a different one.
        applied = _fresh(world, manifest, manifest)
    except Refused as error:
        if error.code != "no-right":
            raise
        return tuple(Changed(one, _author(found, one.path)) for one in written.says(manifest, found))
    differences = {
        one.label: one
        for one in (
            *fields.differences(_marks(applied, manifest), _marks(found, manifest)),
            *fields.differences(_content(applied), _content(found)),
        )
    }
    if not is_ours:
        for one in fields.differences(_content(_fresh(world, manifest, applied)), _content(found)):
            differences.setdefault(one.label, one)
    return tuple(Changed(one, _author(found, one.path)) for one in differences.values())


def _fresh(world: World, manifest: Manifest, applied: Manifest) -> Manifest:
    """What the server would make of the object if it did not exist; where it may not say, what apply would leave."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "name"}
    # A name that nobody has, and short enough for a CronJob: what exists cannot be created, not even as a dry run.
    name = f"{manifest['metadata']['name'][:40].rstrip('-.')}-{world.random(4).hex()}"
    try:
        return world.cluster.dry_run({**manifest, "metadata": {**metadata, "name": name}})
    except Refused:
        return applied


def _content(manifest: Manifest) -> Mapping[str, Any]:
    """What an object says, without what the server or a controller says of it."""
    return {
        key: value for key, value in manifest.items() if key not in _ASIDE and key != _SECRETS_OF_ACCOUNTS
    }


def _marks(manifest: Manifest, wanted: Manifest) -> Mapping[str, Any]:
    """Those labels and annotations that the repository gives: others may add their own."""
    return {
        "metadata": {
            key: {
                name: text
                for name, text in (manifest["metadata"].get(key) or {}).items()
                if name in (wanted["metadata"].get(key) or {})
            }
            for key in ("labels", "annotations")
        }
    }


def _author(found: Manifest, path: Path) -> Manager | None:
    return next((one for one in fields.managers(found, path) if one.manager != labels.MANAGER), None)
