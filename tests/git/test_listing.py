"""Looking without reading: folders, trees, blobs, and what was known the last time."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kubectl_rapt.errors import Invalid, NotFound, Unavailable
from kubectl_rapt.ports.git import Item
from tests.git.remotes import HttpRemote, Place, commit, git, hostile, own


def test_a_folder_is_listed_with_everything_that_is_in_it(place: Place) -> None:
    adapter, bare = place.git(), place.bare()
    at = commit(adapter, own(bare), {"a/x": b"12345", "a/b/y": b"", "ab": b"1"})
    adapter.fetch(hostile(bare))
    remote = hostile(bare)
    ids = {path: git("rev-parse", f"{at}:{path}", cwd=bare) for path in ("a", "a/x", "a/b", "a/b/y", "ab")}
    inside = [
        Item("b", "040000", ids["a/b"], 0),
        Item("b/y", "100644", ids["a/b/y"], 0),
        Item("x", "100644", ids["a/x"], 5),
    ]
    assert adapter.listing(remote, at, "a", limit=10) == inside
    assert adapter.listing(remote, ids["a"], limit=10) == inside
    assert adapter.listing(remote, at, "a", limit=10, deep=False) == [inside[0], inside[2]]
    assert [one.path for one in adapter.listing(remote, at, limit=10, deep=False)] == ["a", "ab"]
    assert adapter.listing(remote, at, "nowhere", limit=10) == []
    assert adapter.files(remote, ids["a"]) == {"x": b"12345", "b/y": b""}
    assert adapter.blobs(remote, at, [ids["a/x"], ids["a/b/y"]]) == {ids["a/x"]: b"12345", ids["a/b/y"]: b""}
    assert adapter.blobs(remote, at, []) == {}


def test_links_submodules_executables_and_undecodable_names_are_listed_as_they_are(place: Place) -> None:
    adapter, bare = place.git(), place.bare()
    blob = git("hash-object", "-w", "--stdin", cwd=bare, stdin="x")
    first = commit(adapter, own(bare), {"a": b"1"})
    raw = place.root / "raw"
    entries = [
        ("100755", blob, b"exe"),
        ("120000", blob, b"link"),
        ("160000", first, b"sub"),
        ("100644", blob, b"\xff"),
    ]
    raw.write_bytes(b"".join(b"%s %s\0%s" % (m.encode(), n, bytes.fromhex(i)) for m, i, n in entries))
    tree = git("hash-object", "-t", "tree", "-w", "--literally", raw, cwd=bare)
    at = git("commit-tree", "-m", "x", tree, cwd=bare)
    git("update-ref", "refs/heads/main", at, cwd=bare)
    remote = hostile(bare)
    adapter.fetch(remote)
    found = [(one.path, one.mode, one.size) for one in adapter.listing(remote, at, limit=10)]
    assert found == [
        ("exe", "100755", 1),
        ("link", "120000", 1),
        ("sub", "160000", 0),
        ("\udcff", "100644", 1),
    ]


def test_more_than_the_limit_is_not_listed(place: Place) -> None:
    adapter, bare = place.git(), place.bare()
    at = commit(adapter, own(bare), {f"a/{number}": b"1" for number in range(20)})
    assert len(adapter.listing(own(bare), at, "a", limit=21)) == 20
    with pytest.raises(Invalid) as caught:
        adapter.listing(own(bare), at, "a", limit=15)
    assert caught.value.code == "folder-too-large"


def test_an_object_that_is_no_folder_does_not_cost_the_mirror(place: Place) -> None:
    adapter, bare = place.git(), place.bare()
    at = commit(adapter, own(bare), {"a": b"1"})
    remote = hostile(bare)
    adapter.fetch(remote)
    blob = git("rev-parse", f"{at}:a", cwd=bare)
    before = {path: path.stat().st_ino for path in place.mirrors()}
    for wrong in (blob, "1" * 40):
        with pytest.raises(NotFound) as caught:
            adapter.listing(remote, wrong, limit=10)
        assert caught.value.code == "no-commit"
    assert {path: path.stat().st_ino for path in place.mirrors()} == before


@pytest.mark.parametrize("wrong", ["main", "--all", "HEAD", "1" * 39, "1" * 40 + "\n"])
def test_only_ids_reach_git(place: Place, wrong: str) -> None:
    adapter, remote = place.git(), hostile(place.bare())
    for read in (
        lambda: adapter.listing(remote, wrong, limit=10),
        lambda: adapter.blobs(remote, "1" * 40, [wrong]),
        lambda: adapter.signed(remote, wrong, []),
    ):
        with pytest.raises(Invalid) as caught:
            read()
        assert caught.value.code == "bad-commit"


def test_a_lost_mirror_is_fetched_again_for_a_listing(place: Place) -> None:
    adapter, bare = place.git(), place.bare()
    at = commit(adapter, own(bare), {"a": b"1"})
    remote = hostile(bare)
    (item,) = adapter.listing(remote, at, limit=10)
    shutil.rmtree(place.cache)
    assert adapter.listing(remote, at, limit=10) == [item]
    shutil.rmtree(place.cache)
    assert adapter.blobs(remote, at, [item.id]) == {item.id: b"1"}


def test_what_was_fetched_is_known_without_the_remote_and_without_git(place: Place, http: HttpRemote) -> None:
    adapter, bare = place.git(), Path(place.root / "remotes" / "config.git")
    at = commit(adapter, own(bare), {"a": b"1"})
    git("tag", "-a", "-m", "x", "v1", at, cwd=bare)
    http.credentials = ""
    remote = hostile(http.url())
    assert adapter.known(remote) is None
    adapter.fetch(remote)
    place.environment["PATH"] = "/nowhere"
    later = place.git()
    http.is_open = False
    known = later.known(remote)
    assert known is not None
    assert known.refs == {"refs/heads/main": at, "refs/tags/v1": at}
    assert known.tags == {"refs/tags/v1": git("rev-parse", "v1", cwd=bare)}
    assert later.known(own(http.url())) is None


def test_a_push_of_ones_own_is_known(place: Place) -> None:
    adapter, bare = place.git(), place.bare()
    first = commit(adapter, own(bare), {"a": b"1"})
    commit(adapter, own(bare), {"b": b"1"}, "other")
    known = adapter.known(own(bare))
    assert known is not None
    assert known.refs["refs/heads/main"] == first
    assert adapter.fetch(own(bare)) == known.refs


def test_of_a_repository_on_this_machine_that_changed_nothing_is_known(place: Place) -> None:
    adapter, bare = place.git(), place.bare()
    at = commit(adapter, own(bare), {"a": b"1"})
    adapter.fetch(own(bare))
    assert adapter.known(own(bare)) is not None
    for change in (
        ("update-ref", "refs/heads/new/branch", at),
        ("tag", "v1", at),
        ("pack-refs", "--all"),
        ("update-ref", "-d", "refs/heads/new/branch"),
    ):
        git(*change, cwd=bare)
        assert adapter.known(own(bare)) is None
        adapter.fetch(own(bare))
        assert adapter.known(own(bare)) is not None
    shutil.move(bare, bare.with_suffix(".away"))
    assert adapter.known(own(bare)) is not None


def no_json(text: str) -> str:
    return text[:-5]


def no_ids(text: str) -> str:
    return text.replace('"refs/heads/main": "', '"refs/heads/main": "--upload-pack=')


def no_time(text: str) -> str:
    return json.dumps({**json.loads(text), "at": "noon"})


def no_refs(text: str) -> str:
    return json.dumps({**json.loads(text), "refs": [1]})


def deep(text: str) -> str:
    return "[" * 100_000


@pytest.mark.parametrize("damage", [no_json, no_ids, no_time, no_refs, deep])
def test_a_damaged_memory_is_none(place: Place, damage: Callable[[str], str]) -> None:
    adapter, bare = place.git(), place.bare()
    commit(adapter, own(bare), {"a": b"1"})
    adapter.fetch(own(bare))
    (memory,) = place.cache.glob("*.refs")
    memory.write_text(damage(memory.read_text()))
    assert adapter.known(own(bare)) is None
    assert adapter.fetch(own(bare))
    assert adapter.known(own(bare)) is not None


def test_a_machine_in_netrc_opens_a_registry_and_no_other_host(place: Place, http: HttpRemote) -> None:
    commit(place.git(), own(http.url(user="robin:p4ss-word")), {"a": b"1"})
    netrc = place.home / ".netrc"
    netrc.write_text("machine elsewhere.example.com login robin password p4ss-word\n")
    netrc.chmod(0o600)
    with pytest.raises(Exception, match="no access"):
        place.git().fetch(hostile(http.url()))
    netrc.write_text("machine 127.0.0.1 login robin password p4ss-word\n")
    assert place.git().fetch(hostile(http.url()))


def test_what_the_mirror_lacks_is_unavailable_while_nobody_answers(place: Place) -> None:
    adapter, bare = place.git(), place.bare()
    at = commit(adapter, own(bare), {"a": b"1"})
    adapter.fetch(hostile(bare))
    assert adapter.listing(hostile(bare), at, limit=10)
    shutil.move(bare, bare.with_suffix(".away"))
    assert adapter.listing(hostile(bare), at, limit=10)
    with pytest.raises((NotFound, Unavailable)):
        adapter.listing(hostile(bare), "1" * 40, limit=10)
