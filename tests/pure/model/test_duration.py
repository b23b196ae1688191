"""Durations: their spellings, both ways."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_rapt.model.duration import Duration

READ = [
    ("90s", 90, "1m30s"),
    ("10m", 600, "10m"),
    ("1h30m", 5_400, "1h30m"),
    ("30d", 2_592_000, "30d"),
    ("1d2h3m4s", 93_784, "1d2h3m4s"),
    ("24h", 86_400, "1d"),
    ("0s", 0, "0s"),
    ("0m", 0, "0s"),
    ("007s", 7, "7s"),
    ("0" * 38 + "7s", 7, "7s"),
    ("1d1s", 86_401, "1d1s"),
    ("2147483647s", 2**31 - 1, "24855d3h14m7s"),
]


@pytest.mark.parametrize(("text", "seconds", "spelled"), READ)
def test_a_duration_is_read_in_whole_seconds(text: str, seconds: int, spelled: str) -> None:
    assert Duration.parse(text) == Duration(seconds)
    assert str(Duration(seconds)) == spelled


@pytest.mark.parametrize(
    "text", ["", "5", "s", "1.5h", "-1s", "+1s", "1s1m", "1m1m", "1 m", "1M", "1ms", "1w", "1s\n", "٣s"]
)
def test_what_is_no_duration_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a duration is written like 90s, 10m, 1h30m or 30d$"):
        Duration.parse(text)


@pytest.mark.parametrize("text", ["2147483648s", "24856d", "9" * 39 + "s", "0" * 40 + "s", "9" * 5000 + "s"])
def test_more_than_kubernetes_keeps_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a duration is at most 68 years$"):
        Duration.parse(text)


@settings(deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_a_spelled_duration_reads_back(seconds: int) -> None:
    assert Duration.parse(str(Duration(seconds))).seconds == seconds


def test_durations_are_ordered_by_length() -> None:
    assert Duration.parse("90s") < Duration.parse("2m") < Duration.parse("1h")
