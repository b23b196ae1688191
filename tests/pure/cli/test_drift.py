"""What ``drift`` says besides the objects: the command that brings the cluster back."""

from typing import Any

import pytest

from kubectl_rapt.actions.drift import Drift, Drifted
from kubectl_rapt.cli.commands import drift
from kubectl_rapt.model.kinds import JOB, TOOL, Ref
from kubectl_rapt.objects.owners import Owner

REF = Ref(TOOL, "hello", "team")
SYNC = "kubectl rapt sync --in prod"


@pytest.mark.parametrize(
    ("objects", "shown"),
    [
        ([], ""),
        ([Drifted(REF, "changed")], SYNC),
        ([Drifted(REF, "missing")], SYNC),
        ([Drifted(REF, "surplus")], SYNC),
        ([Drifted(REF, "foreign")], ""),
        ([Drifted(REF, "changed", owner=Owner(JOB, "flux", "flux-system"))], ""),
        ([Drifted(REF, "foreign"), Drifted(REF, "changed")], SYNC),
    ],
)
def test_the_way_out_of_a_drift_is_a_sync_unless_others_apply_it(objects: list[Any], shown: str) -> None:
    assert drift.way_out(Drift("prod", "a" * 40, "a" * 40, "applied", tuple(objects), ())) == shown
