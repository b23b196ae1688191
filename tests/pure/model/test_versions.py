"""Versions: semantic versions, their order and label, and ranges of Kubernetes minor versions."""

import random

import pytest

from kubectl_rapt.model.versions import MinorRange, Version, VersionRange

VALID_TEXT = (
    "0.0.0 1.2.3 10.20.30 1.0.0-alpha 1.0.0-alpha.1 1.0.0-0.3.7 1.0.0-x.7.z.92 1.0.0-x-y-z.-- 1.0.0-0a 1.0.0-a0 1.0.0--"
    " 1.0.0+001 1.0.0-beta+exp.sha.5114f85 1.0.0+21AF26D3---117B344092BD 999999.0.1-rc.1+build.1.0"
)
VALID = VALID_TEXT.split()


@pytest.mark.parametrize("text", VALID)
def test_a_semantic_version_is_read_and_spelled(text: str) -> None:
    assert str(Version.parse(text)) == text


NONE_TEXT = (
    "|1|1.2|v1.2.3|1.2.3.4|01.2.3|1.02.3|1.2.03|1.2.3-|1.2.3-01|1.2.3-a..b|1.2.3+|1.2.3+a..b|1.2.3-é|1.2.3 | 1.2.3"
    "|1.2.3\n|1.2.3+a+b|٣.0.0|-1.2.3|1.2.x|latest"
)
NONE = NONE_TEXT.split("|")


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_semantic_version_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"^a version is written like 1\.2\.3 or 1\.2\.3-rc\.1 \(semantic versions"
    ):
        Version.parse(text)


def test_a_version_fits_into_a_label() -> None:
    longest = f"1.0.0-{'a' * 57}"
    assert Version.parse(longest).label == longest
    with pytest.raises(ValueError, match=r"^a version has at most 63 characters: it becomes a label$"):
        Version.parse(f"{longest}a")


ORDERED_TEXT = (
    "0.9.9 1.0.0-0 1.0.0-2 1.0.0-11 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11"
    " 1.0.0-rc.1 1.0.0 1.0.0+a 1.0.0+b 1.0.1 1.2.0 1.10.0 2.0.0-a 2.0.0"
)
ORDERED = ORDERED_TEXT.split()


def test_versions_are_ordered_by_their_precedence() -> None:
    versions = [Version.parse(text) for text in ORDERED]
    shuffled = random.Random(1).sample(versions, len(versions))
    assert sorted(shuffled) == versions
    for index, version in enumerate(versions):
        assert all(
            version < later and later > version and version != later for later in versions[index + 1 :]
        )
        assert version <= version


@pytest.mark.parametrize(
    ("text", "label"), [("1.2.3+b.5", "1.2.3_b.5"), ("1.2.3-rc.1", "1.2.3-rc.1"), ("1.2.3-a--", "1.2.3-a")]
)
def test_the_label_of_a_version_is_a_valid_label(text: str, label: str) -> None:
    assert Version.parse(text).label == label


RANGES = [
    ("", [0, 28, 99], []),
    (">=1.28", [28, 29, 99], [0, 27]),
    (">1.28", [29], [27, 28]),
    ("<1.28", [27], [28, 29]),
    ("<=1.28", [27, 28], [29]),
    ("=1.28", [28], [27, 29]),
    (">=1.28 <1.36", [28, 35], [27, 36]),
    (">=1.28,<1.36", [28, 35], [27, 36]),
    (">=1.28, <1.36", [28, 35], [27, 36]),
]


@pytest.mark.parametrize(("text", "inside", "outside"), RANGES)
def test_a_range_includes_the_versions_within_all_its_bounds(
    text: str, inside: list[int], outside: list[int]
) -> None:
    minors = MinorRange.parse(text)
    assert str(minors) == text
    assert all(minors.includes(minor) for minor in inside)
    assert not any(minors.includes(minor) for minor in outside)


@pytest.mark.parametrize(
    "text", ["1.28", ">=1", ">=1.28.0", ">=2.0", "~1.28", ">= 1.28", ">=v1.28", ">=1.1000", "x"]
)
def test_what_is_no_range_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"^a range of Kubernetes versions is written like >=1\.28 or >=1\.28 <1\.36$"
    ):
        MinorRange.parse(text)


VERSION_RANGES = [
    ("^1.2", "1.2.0 1.2.9 1.9.0", "1.1.9 2.0.0 1.2.0-rc.1 2.0.0-rc.1 0.9.0"),
    ("^1.2.3", "1.2.3 1.3.0", "1.2.2 2.0.0"),
    ("^1", "1.0.0 1.9.9", "0.9.9 2.0.0"),
    ("^0.2", "0.2.0 0.2.9", "0.3.0 0.1.0 1.0.0"),
    ("^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0"),
    ("^0.0.3", "0.0.3", "0.0.2 0.0.4 0.1.0"),
    ("^0.0", "0.0.0 0.0.9", "0.1.0"),
    ("^0", "0.0.0 0.9.0", "1.0.0"),
    ("~1.2", "1.2.0 1.2.9", "1.3.0 1.1.9 2.0.0"),
    ("~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0"),
    ("~1", "1.0.0 1.9.0", "2.0.0 0.9.0"),
    ("~0.2", "0.2.0 0.2.9", "0.3.0"),
    ("^1.2.0-rc.1", "1.2.0-rc.1 1.2.0-rc.2 1.2.0 1.3.0", "1.2.0-beta 1.3.0-rc.1 2.0.0 2.0.0-rc.1"),
    ("~1.2.3-a", "1.2.3-a 1.2.3-b 1.2.3 1.2.4", "1.2.4-a 1.3.0"),
    ("1.2.0", "1.2.0", "1.2.1 1.2.0-rc.1 1.2.0+b"),
    ("1.2.0-rc.1+b", "1.2.0-rc.1+b", "1.2.0-rc.1 1.2.0"),
]


@pytest.mark.parametrize(("text", "inside", "outside"), VERSION_RANGES)
def test_a_range_of_versions_includes_what_npm_would(text: str, inside: str, outside: str) -> None:
    wanted = VersionRange.parse(text)
    assert (str(wanted), wanted.is_exact) == (text, text[0] not in "^~")
    assert [one for one in inside.split() if not wanted.includes(Version.parse(one))] == []
    assert [one for one in outside.split() if wanted.includes(Version.parse(one))] == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1.2", "v1.2.0", "^", "^v1", "^01.2", ">=1.2", "1.x", "*", "latest"),
        *("^1.2 ", "^1.2-rc", "^1.2.3+b", "^1.2\n", "^\u0661", "~" + "9" * 70),
    ],
)
def test_what_is_no_range_of_versions_says_how_one_is_written(text: str) -> None:
    with pytest.raises(ValueError, match=r"asked for like 1\.2\.0"):
        VersionRange.parse(text)
