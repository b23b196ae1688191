"""Cron: what is accepted, what is said about the rest, and when it fires."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_rapt.runs import schedules
from tests.pure.runs import crons

FIRINGS = (
    ("* * * * *", "UTC", "2026-01-01T00:00:00", 3, "2026-01-01T00:01 2026-01-01T00:02 2026-01-01T00:03"),
    ("*/15 * * * *", "UTC", "2026-01-01T00:00:30", 3, "2026-01-01T00:15 2026-01-01T00:30 2026-01-01T00:45"),
    ("0 0 * * *", "UTC", "2026-01-01T00:00:00", 2, "2026-01-02T00:00 2026-01-03T00:00"),
    ("0 0 1 1 *", "UTC", "2026-12-31T23:59:59", 2, "2027-01-01T00:00 2028-01-01T00:00"),
    (
        "0 0 13 * fri",
        "UTC",
        "2026-01-01T00:00:00",
        4,
        "2026-01-02T00:00 2026-01-09T00:00 2026-01-13T00:00 2026-01-16T00:00",
    ),
    ("0 0 13 * */1", "UTC", "2026-01-01T00:00:00", 2, "2026-01-13T00:00 2026-02-13T00:00"),
    (
        "0 0 */2 * mon",
        "UTC",
        "2026-01-01T00:00:00",
        4,
        "2026-01-03T00:00 2026-01-05T00:00 2026-01-07T00:00 2026-01-09T00:00",
    ),
    ("0 0 1-31 * mon", "UTC", "2026-01-01T00:00:00", 3, "2026-01-02T00:00 2026-01-03T00:00 2026-01-04T00:00"),
    ("0 0 13 * 0-6", "UTC", "2026-01-01T00:00:00", 2, "2026-01-02T00:00 2026-01-03T00:00"),
    ("0 0 *,3 * mon", "UTC", "2026-01-01T00:00:00", 2, "2026-01-05T00:00 2026-01-12T00:00"),
    ("0 0 ? * mon", "UTC", "2026-01-01T00:00:00", 2, "2026-01-05T00:00 2026-01-12T00:00"),
    ("0 0 , * mon", "UTC", "2026-01-01T00:00:00", 2, "2026-01-05T00:00 2026-01-12T00:00"),
    ("0 0 1 * ,", "UTC", "2026-01-01T00:00:00", 2, "2026-02-01T00:00 2026-03-01T00:00"),
    ("0 0 * * ,", "UTC", "2026-01-01T00:00:00", 2, ""),
    (", * * * *", "UTC", "2026-01-01T00:00:00", 2, ""),
    ("0 0 * , *", "UTC", "2026-01-01T00:00:00", 2, ""),
    ("0 0 31 * *", "UTC", "2026-01-01T00:00:00", 3, "2026-01-31T00:00 2026-03-31T00:00 2026-05-31T00:00"),
    ("0 0 29 2 *", "UTC", "2026-01-01T00:00:00", 2, "2028-02-29T00:00 2032-02-29T00:00"),
    ("0 0 30 2 *", "UTC", "2026-01-01T00:00:00", 2, ""),
    ("30 8/6 * * 6/2", "UTC", "2026-01-01T00:00:00", 3, "2026-01-03T08:30 2026-01-03T14:30 2026-01-03T20:30"),
    ("@monthly", "UTC", "2026-01-01T00:00:00", 2, "2026-02-01T00:00 2026-03-01T00:00"),
    ("@weekly", "UTC", "2026-01-01T00:00:00", 2, "2026-01-04T00:00 2026-01-11T00:00"),
    ("@hourly", "UTC", "2026-01-01T00:00:00", 2, "2026-01-01T01:00 2026-01-01T02:00"),
    ("@every 90m", "UTC", "2026-01-01T00:00:10.5", 2, "2026-01-01T01:30:10 2026-01-01T03:00:10"),
    ("@every -5m", "UTC", "2026-01-01T00:00:00", 2, "2026-01-01T00:00:01 2026-01-01T00:00:02"),
    ("@every 1500ms", "UTC", "2026-01-01T00:00:00", 2, "2026-01-01T00:00:01 2026-01-01T00:00:02"),
    ("30 2 * * *", "Europe/Prague", "2026-03-28T12:00:00", 2, "2026-03-30T00:30 2026-03-31T00:30"),
    (
        "30 2 * * *",
        "Europe/Prague",
        "2026-10-24T12:00:00",
        3,
        "2026-10-25T00:30 2026-10-25T01:30 2026-10-26T01:30",
    ),
    (
        "*/30 2 * * *",
        "Europe/Prague",
        "2026-10-25T00:30:00",
        3,
        "2026-10-25T01:00 2026-10-25T01:30 2026-10-26T01:00",
    ),
    (
        "0 * * * *",
        "Europe/Prague",
        "2026-10-25T00:00:00",
        3,
        "2026-10-25T01:00 2026-10-25T02:00 2026-10-25T03:00",
    ),
    (
        "0 2,3 * * *",
        "America/New_York",
        "2026-03-07T12:00:00",
        3,
        "2026-03-08T07:00 2026-03-09T06:00 2026-03-09T07:00",
    ),
    ("0 9 * * mon-fri", "Asia/Kolkata", "2026-01-01T00:00:00", 2, "2026-01-01T03:30 2026-01-02T03:30"),
    ("0 1 * * *", "Europe/Prague", "2026-12-31T23:30:00", 1, "2027-01-01T00:00"),
)
"""Expression, zone, after (UTC), how many, firings (UTC): as robfig/cron 3.0.1 answered."""

REASONS = (
    ("", 'expects 5 fields (minute, hour, day of month, month, day of week), got 0: ""'),
    ("0 0 0 * * *", "got 6"),
    ("0 0 * * 7", '"7" is not a day of week: expects 0 (Sunday) to 6 or sun to sat'),
    ("0 24 * * *", '"24" is not an hour: expects 0 to 23'),
    ("0 0 L * *", '"L" is not a day of month: expects 1 to 31'),
    ("0 0 1 1-13 *", '"1-13" is not a month: expects 1 to 12 or jan to dec'),
    ("*/0 * * * *", '"*/0" needs a whole number above 0 behind its /'),
    ("5-1 * * * *", '"5-1" ends before it begins'),
    ("1-2-3 * * * *", '"1-2-3" has more than one -'),
    ("*/2/3 * * * *", '"*/2/3" has more than one /'),
    ("TZ=UTC 0 0 * * *", "the time zone is set on its own"),
    ("@reboot", "is not a cron expression, @yearly, @annually, @monthly"),
    ("@every 1d", '"1d" is not a delay; write it like @every 1h30m'),
    ("@every 2562048h", "too long"),
    ("\x1b[31m * * * *", '"?[31m" is not a minute'),
    ("7" * 80 + " * * * *", f'"{"7" * 37}…" is not a minute'),
)


@pytest.mark.parametrize("cron", crons.ACCEPTED)
def test_what_kubernetes_accepts_has_nothing_wrong(cron: str) -> None:
    assert schedules.check(cron) == ""


@pytest.mark.parametrize("cron", crons.REFUSED)
def test_what_kubernetes_refuses_has_a_reason_in_one_line(cron: str) -> None:
    reason = schedules.check(cron)
    assert reason
    assert reason.isprintable()


@pytest.mark.parametrize(("cron", "reason"), REASONS)
def test_the_reason_says_what_was_expected(cron: str, reason: str) -> None:
    assert reason in schedules.check(cron)


@pytest.mark.parametrize(
    ("cron", "reason"),
    [
        ("0 0 31 2 *", "never fires: Feb has no day 31"),
        ("0 0 30,31 2 *", "never fires: Feb has no day 30 or 31"),
        ("0 0 31 4,jun ?", "never fires: Apr, Jun have no day 31"),
        ("0 0 * * ,", "never fires: it names no day"),
        (", * * * *", "never fires: it names no minute"),
        ("* , * * *", "never fires: it names no hour"),
        ("0 0 * , *", "never fires: it names no month"),
        ("0 0 31 2 mon", ""),
        ("0 0 29 2 *", ""),
        ("@every 1h", ""),
    ],
)
def test_what_never_fires_is_told_with_the_reason(cron: str, reason: str) -> None:
    assert schedules.check_fires(cron) == reason


@given(
    st.sampled_from(["*", "31", "30,31", "29", "28", "*/2", ","]),
    st.sampled_from(["*", "2", "feb", "4,6", "1", ","]),
    st.sampled_from(["*", "mon", "*/2", "0-6", ","]),
)
def test_what_never_fires_is_what_has_no_next_firing(days: str, months: str, weekdays: str) -> None:
    cron = f"0 0 {days} {months} {weekdays}"
    fires = bool(schedules.next_firings(cron, "UTC", datetime(2026, 1, 1, tzinfo=UTC), 1))
    assert (schedules.check_fires(cron) == "") is fires


@pytest.mark.parametrize("zone", crons.ZONES_ACCEPTED)
def test_time_zones_of_kubernetes_are_accepted(zone: str) -> None:
    assert schedules.check_time_zone(zone) == ""


@pytest.mark.parametrize("zone", crons.ZONES_REFUSED)
def test_other_time_zones_are_refused_in_one_line(zone: str) -> None:
    reason = schedules.check_time_zone(zone)
    assert reason
    assert reason.isprintable()


def test_a_mistyped_time_zone_is_told_the_nearest() -> None:
    expected = "no time zone europe/prague; did you mean: Europe/Prague?"
    assert schedules.check_time_zone("europe/prague") == expected


@pytest.mark.parametrize(("cron", "zone", "after", "count", "firings"), FIRINGS)
def test_it_fires_when_kubernetes_does(cron: str, zone: str, after: str, count: int, firings: str) -> None:
    found = schedules.next_firings(cron, zone, datetime.fromisoformat(after).replace(tzinfo=UTC), count)
    assert [one.astimezone(UTC) for one in found] == [
        datetime.fromisoformat(text).replace(tzinfo=UTC) for text in firings.split()
    ]


def test_firings_come_in_the_zone_that_was_asked_for() -> None:
    after = datetime(2026, 7, 1, 12, 20, tzinfo=UTC)
    found = schedules.next_firings("*/15 * * * *", "Europe/Prague", after, 3)
    assert [one.strftime("%H:%M") for one in found] == ["14:30", "14:45", "15:00"]
    assert found[0].tzinfo == ZoneInfo("Europe/Prague")


def test_without_a_zone_it_is_utc_wherever_the_clock_asked_is() -> None:
    after = datetime(2026, 7, 1, 23, 30, tzinfo=ZoneInfo("America/New_York"))
    assert schedules.next_firings("0 4 * * *", "", after, 1) == [datetime(2026, 7, 2, 4, tzinfo=UTC)]


def test_a_firing_at_this_very_moment_is_not_next() -> None:
    after = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    assert schedules.next_firings("0 12 * * *", "", after, 1) == [datetime(2026, 7, 2, 12, tzinfo=UTC)]


def test_what_kubernetes_refuses_has_no_firings() -> None:
    with pytest.raises(ValueError, match="7"):
        schedules.next_firings("0 0 * * 7", "", datetime(2026, 1, 1, tzinfo=UTC), 1)
