"""The difference of two clocks from headers that tell whole seconds, and requests that take their time."""

from datetime import UTC, datetime

import pytest

from kubectl_rapt.adapters.cluster.clock import Clock

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC).timestamp()
DAY = 86_400


def at(seconds: float) -> str:
    return f"{datetime.fromtimestamp(NOON + seconds, UTC):%a, %d %b %Y %H:%M:%S GMT}"


@pytest.mark.parametrize(
    ("told", "ahead"),
    [
        ([], 0),
        ([("", NOON, NOON)], 0),
        ([("half past twelve", NOON, NOON)], 0),
        # Within the second that a header means, and within the time that the answer took, they agree.
        ([(at(0), NOON, NOON + 0.1)], 0),
        ([(at(0), NOON + 0.9, NOON + 0.95)], 0),
        ([(at(5), NOON, NOON + 30)], 0),
        # This machine is ahead by 8 days, and behind by 2 hours: never more is said than is certain.
        ([(at(0), NOON + 8 * DAY, NOON + 8 * DAY + 0.1)], 1 - 8 * DAY),
        ([(at(0), NOON - 7200.1, NOON - 7200)], 7200),
        # More answers know it better; one that took long says little.
        ([(at(0), NOON - 60, NOON - 20), (at(30), NOON - 29.1, NOON - 29)], 59),
        # The clock was set meanwhile: the newest answer counts.
        ([(at(0), NOON, NOON + 0.1), (at(1), NOON + DAY, NOON + DAY + 0.1)], 2 - DAY),
    ],
)
def test_the_least_difference_that_fits_every_answer_is_taken(
    told: list[tuple[str, float, float]], ahead: float
) -> None:
    clock = Clock()
    for one in told:
        clock.note(*one)
    assert clock.ahead_seconds() == pytest.approx(ahead)
