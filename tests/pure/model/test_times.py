"""Times as Kubernetes spells them, and spans as people read them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from kubectl_rapt.model import times

EVENING = datetime(2026, 11, 22, 20, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T20:05:09Z",
        "2026-11-22T20:05:09+00:00",
        "2026-11-22T21:05:09+01:00",
        "2026-11-22T20:05:09.000Z",
    ],
)
def test_every_spelling_of_one_moment_is_that_moment_in_utc(text: str) -> None:
    assert times.parse(text) == EVENING
    assert times.parse(text).tzinfo is UTC


def test_fractions_are_read_and_cut_when_spelled() -> None:
    assert times.parse("2026-11-22T20:05:09.999999Z") == EVENING + timedelta(microseconds=999_999)
    assert times.spell(EVENING + timedelta(microseconds=999_999)) == "2026-11-22T20:05:09Z"


def test_a_time_is_spelled_in_utc_wherever_it_is_from() -> None:
    assert times.spell(EVENING.astimezone(timezone(timedelta(hours=-5)))) == "2026-11-22T20:05:09Z"


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "22.11.2026", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59-23:59"),
        *("9999-12-31T23:59:59Z", "9000-01-01T00:00:00Z"),  # no span could be added to these
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        times.parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (0.999, "0s"),
        (59.999, "59s"),
        (119.9, "119s"),
        (120, "2m"),
        (121, "2m 1s"),
        (250, "4m 10s"),
        (3599, "59m 59s"),
        (3600, "1h"),
        (3660, "1h 1m"),
        (35_999, "9h 59m"),
        (36_060, "10h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (259_199, "2d"),
        (31_536_000, "365d"),
    ],
)
def test_a_span_is_short_and_never_rounded_up(seconds: float, text: str) -> None:
    assert times.spell_seconds(seconds) == text
