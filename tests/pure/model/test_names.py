"""Names: validity, shortening, suggestions and random endings."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_rapt.model import names


@pytest.mark.parametrize("name", ["a", "0", "a-b", "a--b", "0a9", "a" * 63])
def test_a_dns_label_is_valid(name: str) -> None:
    assert names.is_dns_label(name)
    assert names.is_dns_subdomain(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a b", "é", "a\n", "٣"])
def test_no_dns_label_is_refused(name: str) -> None:
    assert not names.is_dns_label(name)
    assert not names.is_dns_subdomain(name)


def test_a_subdomain_is_longer_than_a_label_and_has_dots() -> None:
    assert names.is_dns_subdomain("a.b-c.0")
    assert not names.is_dns_label("a.b")
    assert names.is_dns_subdomain("a" * 253)
    assert not names.is_dns_subdomain("a" * 254)
    assert not names.is_dns_label("a" * 64)
    for name in ("a..b", ".a", "a.", "a.-b", "a.B"):
        assert not names.is_dns_subdomain(name)


@settings(deadline=None)
@given(
    st.text(max_size=90) | st.text(alphabet="ab-", min_size=1, max_size=90),
    st.integers(9, 63),
    st.integers(0, 12),
)
def test_a_shortened_name_is_a_label_that_leaves_the_room(name: str, limit: int, room: int) -> None:
    if limit - room < 9:
        with pytest.raises(
            ValueError, match=r"^a label of -?[0-9]+ characters has no place for a name and its hash$"
        ):
            names.shorten(name, limit, room)
        return
    short = names.shorten(name, limit, room)
    assert names.is_dns_label(short)
    assert len(short) + room <= limit
    assert short == names.shorten(name, limit, room)
    assert short == name if names.is_dns_label(name) and len(name) <= limit - room else short != name


def test_a_name_is_cut_only_where_it_must_be() -> None:
    def end(name: str) -> str:
        return hashlib.sha256(name.encode()).hexdigest()[:8]

    assert names.shorten("a" * 63, 63) == "a" * 63
    assert names.shorten("a" * 64, 63) == "a" * 54 + "-" + end("a" * 64)
    assert names.shorten("a" * 52, 52) == "a" * 52
    assert names.shorten("a" * 52, 52, 1) == "a" * 42 + "-" + end("a" * 52)
    assert names.shorten("a-b-cdefghijkl", 11) == "a-" + end("a-b-cdefghijkl")
    assert names.shorten("Back__Up", 63) == "back-up-" + end("Back__Up")
    assert names.shorten("é", 63) == end("é")
    assert names.is_dns_label(names.shorten("\ud800", 63))


def test_names_that_begin_alike_are_told_apart() -> None:
    assert names.shorten("a" * 64 + "b", 63) != names.shorten("a" * 64 + "c", 63)
    assert names.shorten("a.b", 63) != names.shorten("a_b", 63) != names.shorten("a-b", 63)


def test_a_label_longer_than_kubernetes_allows_is_a_bug() -> None:
    with pytest.raises(ValueError, match="a label of 64 characters has no place"):
        names.shorten("a", 64)


NEAR = [
    ("trie", ["url", "tries"], "tries"),
    ("backpu", ["restore", "backup"], "backup"),
    ("max-size", ["maxSize"], "maxSize"),
    ("MAX_SIZE", ["maxSize"], "maxSize"),
    ("secretref", ["secretRef"], "secretRef"),
    ("zzz", ["backup"], None),
    ("x", [], None),
    ("AB", ["Ab", "ab"], "Ab"),
    ("Europe/Berln", ["Europe/Dublin", "Europe/Berlin"], "Europe/Berlin"),
    ("outofmemory", ["out-of-memory"], "out-of-memory"),
    ("rn", ["run"], "run"),
    ("lst", ["set", "list"], "list"),
    ("faild", ["Failed"], "Failed"),
    ("fail", ["Failed"], "Failed"),
    ("http", ["http-check"], None),
    ("get", ["set"], None),
    ("hc2", ["hc1"], None),
    ("hello2", ["hello"], None),
    ("hello-2", ["hello", "hello-10"], None),
    ("db-backup-2", ["db-backup-1"], None),
    ("http-check", ["tcp-check"], None),
    ("never", ["server"], None),
    ("hello-bcdfg", ["hello-wxyz2"], None),
]


@pytest.mark.parametrize(("word", "candidates", "nearest"), NEAR)
def test_the_nearest_word_is_suggested(word: str, candidates: list[str], nearest: str | None) -> None:
    assert names.nearest(word, candidates) == nearest
    assert names.did_you_mean(word, candidates) == (f"; did you mean: {nearest}?" if nearest else "")


def test_a_random_ending_has_five_characters_of_the_safe_alphabet() -> None:
    assert names.random_suffix(bytes(5)) == "bbbbb"
    assert names.random_suffix((1 + 27 * 2 + 27**2 * 26).to_bytes(8, "big")) == "cd9bb"
    assert names.random_suffix((27**5).to_bytes(8, "big")) == "bbbbb"
    with pytest.raises(ValueError, match="5 random bytes are needed, not 4"):
        names.random_suffix(bytes(4))


@settings(deadline=None)
@given(st.binary(min_size=5, max_size=16))
def test_any_random_bytes_give_an_ending(random_bytes: bytes) -> None:
    suffix = names.random_suffix(random_bytes)
    assert len(suffix) == 5
    assert set(suffix) <= set("bcdfghjklmnpqrstvwxz2456789")
