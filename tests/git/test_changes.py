"""Many people who change one repository over HTTP at the same time: every change lands, once."""

from pathlib import Path

import pytest

from tests import changing

PEOPLE, EACH = 4, 3


@pytest.mark.parametrize("is_reviewed", [True, False])
def test_every_change_of_many_people_at_once_is_on_main_once(tmp_path: Path, is_reviewed: bool) -> None:
    done = changing.together(tmp_path, PEOPLE, EACH, is_reviewed=is_reviewed)
    assert sorted(done.landed) == sorted(one.id for one in done.made)
    assert len(set(done.landed)) == PEOPLE * EACH
    assert done.branches == ["main"]
