"""The claim of a sync on its environment: recorded before the first write, checked on the way, and given up at the end.

The record is the ConfigMap ``rapt-sync-ENVIRONMENT``. It says which commit is or was applied (``commit``), whether that
has ended (``state``), how many commits were applied before it (``sequence``), and whether an unfinished sync of another
commit was overtaken (``overtakes``).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from kubectl_rapt.actions import find
from kubectl_rapt.actions.desired import Desired, Live, said
from kubectl_rapt.errors import AGAIN, Conflict
from kubectl_rapt.model import digits
from kubectl_rapt.model.kinds import Manifest, Ref, ref_of
from kubectl_rapt.model.plan import Create, Patch
from kubectl_rapt.objects import applied
from kubectl_rapt.objects.applied import Stamp
from kubectl_rapt.ports.world import World

APPLIED = "applied"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_HOLDS_SECONDS = 5.0
"""For how long nobody looks again whether the environment is still claimed, before something is created."""


@dataclass(slots=True)
class Claim:
    """That an environment is being brought to a commit, as its record says.

    A sync that finds the record of another commit's unfinished sync overtakes it: that one may still be alive, and
    about to write. So the new one writes every object once, also what is as it should be: then the versions that the
    overtaken sync has seen are outdated, and its writes are refused. Whoever finishes what such a sync left unfinished
    does the same.

    Args:
        ref: The address of the record.
        stamp: What this sync writes on each object.
        overtakes: Whether every object that does not have the stamp yet is to be written.
        checked: When the record was looked at last.
    """

    ref: Ref
    stamp: Stamp
    overtakes: bool
    checked: datetime = _LONG_AGO

    def must_write(self, manifest: Manifest, found: Manifest) -> bool:
        """Whether an object that exists has to be written."""
        is_behind = self.overtakes and applied.stamp_of(found) != str(self.stamp)
        return is_behind or not applied.is_current(manifest, found)

    def step(self, want: Desired, live: Live) -> Create | Patch:
        """Say which commit is being applied, provided that nobody else said so since we looked."""
        ref, stamp = self.ref, self.stamp
        data = {"commit": stamp.commit, "state": "applying", "sequence": str(stamp.sequence)}
        if live.record is None:
            metadata = {"name": ref.name, "namespace": ref.namespace, "labels": {**want.labels}}
            return Create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
        version = live.record["metadata"]["resourceVersion"]
        overtakes = {"overtakes": "true" if self.overtakes else None}
        return Patch(ref, {"metadata": {"resourceVersion": version}, "data": {**data, **overtakes}})

    def mark(self, record: Manifest) -> Patch:
        """Say that the commit is applied, provided that the claim still holds."""
        metadata = {"resourceVersion": record["metadata"]["resourceVersion"]}
        data = {"commit": self.stamp.commit, "state": APPLIED, "overtakes": None}
        return Patch(ref_of(record), {"metadata": metadata, "data": data})

    def check(self, world: World, *, now: bool = False) -> None:
        """Look whether the record still says so, unless that was done a moment ago.

        Raises:
            Conflict: Somebody else has claimed the environment meanwhile.
        """
        time = world.now()
        if not now and (time - self.checked).total_seconds() < _HOLDS_SECONDS:
            return
        record = find.perhaps(world, self.ref)
        if record is None or not self._is_in(record):
            raise Conflict("changed-meanwhile", "another sync has claimed the environment meanwhile", AGAIN)
        self.checked = time

    def _is_in(self, record: Manifest) -> bool:
        """Whether nobody has claimed the environment for something else: for the same commit, all do the same."""
        data = said(record)
        is_same = data.get("commit") == self.stamp.commit
        return bool(is_same and data.get("sequence", "0") == str(self.stamp.sequence))


def of(want: Desired, live: Live) -> Claim:
    """The claim that a sync makes, from what it sees."""
    data = said(live.record)
    sequence = digits.whole(data.get("sequence", "")) or 0
    is_other = data.get("commit", "") != want.commit
    is_unfinished = bool(data) and data.get("state") != APPLIED
    overtakes = is_unfinished and (is_other or data.get("overtakes") == "true")
    return Claim(want.record, Stamp(sequence + is_other, want.commit), overtakes)
