"""What schedules will do: across zones, over clocks that are set, and what they missed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kubectl_rapt.runs import agenda
from kubectl_rapt.runs.agenda import Entry

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)
NIGHTLY = Entry("backup", "prod", "team", "backup", "30 2 * * *", "Europe/Prague")
HOURLY = Entry("report", "dev", "team", "report-2", "0 * * * *", created=NOW - timedelta(hours=5))


def told(entries: list[Entry], now: datetime, count: int) -> list[tuple[str, str, str]]:
    found = agenda.coming(entries, now, count)
    return [(f"{one.wall:%m-%d %H:%M}", one.entry.tool, one.note) for one in found]


def test_firings_of_several_zones_come_in_the_order_of_time() -> None:
    tokyo = replace(HOURLY, tool="tokyo", cron="0 9 * * *", time_zone="Asia/Tokyo")  # 00:00 UTC
    prague = replace(HOURLY, tool="prague", cron="0 9 * * *", time_zone="Europe/Prague")  # 08:00 UTC
    utc = replace(HOURLY, tool="utc", cron="0 4 * * *")
    assert told([prague, tokyo, utc], datetime(2026, 1, 1, tzinfo=UTC), 4) == [
        ("01-01 04:00", "utc", ""),
        ("01-01 09:00", "prague", ""),
        ("01-02 09:00", "tokyo", ""),
        ("01-02 04:00", "utc", ""),
    ]


def test_a_time_that_the_clock_skips_is_told_and_not_counted() -> None:
    skipped = "skipped: the clock is set forward, and there is no 02:30"
    assert told([NIGHTLY], NOW, 2) == [
        ("03-29 02:30", "backup", skipped),
        ("03-30 02:30", "backup", ""),
        ("03-31 02:30", "backup", ""),
    ]
    (gap, *_) = agenda.coming([NIGHTLY], NOW, 2)
    assert gap.is_skipped


def test_a_time_that_comes_twice_is_told_both_times() -> None:
    assert told([NIGHTLY], datetime(2026, 10, 24, 12, tzinfo=UTC), 3) == [
        ("10-25 02:30", "backup", "the clock is set back: 02:30 comes twice, this is the first"),
        ("10-25 02:30", "backup", "the clock is set back: 02:30 comes twice, this is the second"),
        ("10-26 02:30", "backup", ""),
    ]


@pytest.mark.parametrize(
    "entry",
    [
        replace(NIGHTLY, is_suspended=True),
        agenda.checked(replace(NIGHTLY, cron="0 0 * * 7")),
        agenda.checked(replace(NIGHTLY, time_zone="Europe/Praha")),
        replace(NIGHTLY, cron="0 0 30 2 *"),
    ],
)
def test_what_will_not_fire_is_not_on_the_agenda(entry: Entry) -> None:
    assert agenda.coming([entry], NOW, 5) == []
    assert agenda.missed(replace(entry, created=NOW - timedelta(days=1)), NOW) == (0, None)


def test_delays_have_no_clock_on_the_wall() -> None:
    every = replace(NIGHTLY, cron="@every 6h")
    assert [note for _, _, note in told([every], NOW, 8)] == [""] * 8


@pytest.mark.parametrize(
    ("last", "now", "count"),
    [
        (None, NOW + timedelta(seconds=31), 5),
        (NOW - timedelta(hours=2), NOW + timedelta(seconds=31), 2),
        (NOW - timedelta(hours=2), NOW + timedelta(seconds=29), 1),
        (NOW, NOW + timedelta(minutes=59), 0),
        (NOW - timedelta(days=365), NOW, agenda.MOST_MISSED),
    ],
)
def test_slots_that_passed_since_the_last_one_are_missed(
    last: datetime | None, now: datetime, count: int
) -> None:
    found, first = agenda.missed(replace(HOURLY, last=last), now)
    assert found == count
    assert (first is None) is (count == 0)


def test_slots_are_later_than_the_first_time_and_not_later_than_the_last() -> None:
    def hours(after: float, until: float, most: int = 10) -> list[int]:
        found = agenda.slots(HOURLY, NOW + timedelta(hours=after), NOW + timedelta(hours=until), most)
        return [round((one - NOW) / timedelta(hours=1)) for one in found]

    assert hours(0, 2) == [1, 2]
    assert hours(-0.01, 1.99) == [0, 1]
    assert hours(0, 0) == []
    assert hours(0, 9, most=3) == [1, 2, 3]


def a_cron_job(**more: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "backup-2",
            "namespace": "team",
            "labels": {"rapt.dev/tool": "backup", "rapt.dev/environment": "prod"},
            "creationTimestamp": "2026-03-01T00:00:00Z",
        },
        "spec": {"schedule": "0 3 * * *", "timeZone": "Europe/Prague", "suspend": True},
        "status": {"lastScheduleTime": "2026-03-28T02:00:00Z"},
        **more,
    }


def test_a_cron_job_is_an_entry() -> None:
    last, made = datetime(2026, 3, 28, 2, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    wanted = Entry("backup", "prod", "team", "backup-2", "0 3 * * *", "Europe/Prague", True, last, made)
    assert agenda.from_cron_job(a_cron_job()) == wanted
    bare = agenda.from_cron_job(a_cron_job(spec={"schedule": "nonsense"}, status={}))
    assert (bare.last, bare.is_suspended, bare.time_zone) == (None, False, "")
    assert bare.problem.startswith("expects 5 fields")


def test_a_slots_run_is_called_like_the_job_that_kubernetes_makes_for_it() -> None:
    slot = datetime(2026, 11, 29, 23, 15, tzinfo=UTC)
    assert agenda.run_name(NIGHTLY, slot, 55) == "backup-29933235"
    long = agenda.run_name(replace(NIGHTLY, name="n" * 52), slot, 55)
    assert (len(long), long.endswith("-29933235")) == (55, True)
