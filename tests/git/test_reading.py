"""Reading through the mirror: what the remote says, at any commit, whatever happens to the cache."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kubectl_rapt.errors import Invalid, NotFound
from tests.git.remotes import Place, commit, git, hostile, own


def test_fetch_returns_what_the_remote_has_now(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    bare = Path(remote.url)
    git("tag", "-a", "v1", "-m", "one", first, cwd=bare)
    git("tag", "light", first, cwd=bare)
    git("update-ref", "refs/heads/x", first, cwd=bare)
    git("update-ref", "refs/pull/1/head", first, cwd=bare)
    everything = dict.fromkeys(("refs/heads/main", "refs/heads/x", "refs/tags/v1", "refs/tags/light"), first)
    assert adapter.fetch(remote) == everything
    git("update-ref", "-d", "refs/heads/x", cwd=bare)
    git("tag", "-d", "v1", cwd=bare)
    git("update-ref", "refs/heads/x/y", first, cwd=bare)
    assert adapter.fetch(remote) == dict.fromkeys(
        ("refs/heads/main", "refs/heads/x/y", "refs/tags/light"), first
    )


def test_a_rewritten_branch_and_a_moved_tag_are_followed(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    bare = Path(remote.url)
    git("tag", "v1", first, cwd=bare)
    adapter.fetch(remote)
    other = git("commit-tree", "-m", "other", f"{first}^{{tree}}", cwd=bare)
    git("update-ref", "refs/heads/main", other, cwd=bare)
    git("tag", "-f", "v1", other, cwd=bare)
    assert adapter.fetch(remote) == {"refs/heads/main": other, "refs/tags/v1": other}
    assert adapter.files(remote, other) == {"a": b"1"}


def test_a_folder_is_read_alone_and_a_missing_one_is_empty(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    at = commit(adapter, remote, {"a/x": b"1", "a/b/y": b"2", "ab/z": b"3", "a.txt": b"4"})
    assert adapter.files(remote, at, "a") == {"a/x": b"1", "a/b/y": b"2"}
    assert adapter.files(remote, at, "a/") == {"a/x": b"1", "a/b/y": b"2"}
    assert adapter.files(remote, at, "a/x") == {"a/x": b"1"}
    assert adapter.files(remote, at, "nowhere") == {}
    assert len(adapter.files(remote, at)) == 4


@pytest.mark.parametrize("under", ["../x", "/etc", "a/../..", "a\0"])
def test_a_folder_outside_of_the_repository_is_refused(place: Place, under: str) -> None:
    adapter, remote = place.git(), own(place.bare())
    at = commit(adapter, remote, {"a": b"1"})
    with pytest.raises(Invalid):
        adapter.files(remote, at, under)


def test_executable_files_are_read_and_links_and_submodules_are_left_out(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"/etc/passwd"})
    bare = Path(remote.url)
    blob = git("rev-parse", f"{first}:a", cwd=bare)
    tree = git(
        "mktree", "--missing", cwd=bare,
        stdin=f"100755 blob {blob}\trun\n120000 blob {blob}\tlink\n160000 commit {first}\tmodule\n",
    )  # fmt: skip
    odd = git("commit-tree", tree, "-m", "odd", cwd=bare)
    git("update-ref", "refs/heads/main", odd, cwd=bare)
    for remote in (own(bare), hostile(bare)):
        assert adapter.files(remote, odd) == {"run": b"/etc/passwd"}


def test_a_path_that_is_not_utf8_is_named(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    bare = Path(remote.url)
    blob = git("rev-parse", f"{first}:a", cwd=bare)
    listing = place.root / "listing"
    listing.write_bytes(b"100644 blob %s\tcaf\xe9\n" % blob.encode())
    tree = git("-c", "alias.list=!git mktree < " + str(listing), "list", cwd=bare)
    odd = git("commit-tree", tree, "-m", "odd", cwd=bare)
    git("update-ref", "refs/heads/main", odd, cwd=bare)
    with pytest.raises(Invalid) as caught:
        adapter.files(remote, odd)
    assert caught.value.code == "bad-path"
    assert r"caf\xe9" in caught.value.message


def test_more_than_can_be_read_at_once_is_refused_and_a_part_is_read(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    at = commit(adapter, remote, {f"big/{n}": bytes(13 * 1024 * 1024) for n in range(5)} | {"small/a": b"1"})
    with pytest.raises(Invalid) as caught:
        adapter.files(remote, at)
    assert caught.value.code == "folder-too-large"
    assert adapter.files(remote, at, "small") == {"small/a": b"1"}


def test_the_log_tells_commits_newest_first_with_their_whole_message(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    message = "Add ünïcode\n\nBody with\x01control.\n\nRapt-Change: x\nRapt-Tool: y\n"
    second = adapter.commit(
        remote, branch="main", parent=first, expected=first, files={"b": b"1"}, message=message
    )
    newest, oldest = adapter.log(remote, second)
    assert (newest.id, newest.parents, newest.message) == (second, (first,), message)
    assert newest.author == "Robin <robin@example.com>"
    assert (oldest.id, oldest.parents, oldest.message) == (first, (), "a change\n")
    assert newest.time.tzinfo is UTC


def test_the_log_is_cut_by_paths_and_by_number(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    ids = [commit(adapter, remote, {f"d{n % 2}/f": str(n).encode()}) for n in range(6)]
    assert [entry.id for entry in adapter.log(remote, ids[-1], paths=["d0"])] == [ids[4], ids[2], ids[0]]
    assert list(adapter.log(remote, ids[-1], paths=["d*"])) == []
    assert [entry.id for entry in adapter.log(remote, ids[-1], limit=2)] == [ids[5], ids[4]]
    assert [entry.id for entry in adapter.log(remote, ids[2])] == [ids[2], ids[1], ids[0]]


def test_a_log_that_is_left_early_ends_git(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    stream = "".join(
        f"commit refs/heads/main\ncommitter A <a@example.com> {n} +0000\ndata 500\n{'x' * 500}\n"
        for n in range(5000)
    )
    git("fast-import", "--quiet", cwd=Path(remote.url), stdin=stream)
    at = adapter.fetch(remote)["refs/heads/main"]
    entries = adapter.log(remote, at)
    assert next(entries).id == at
    entries.close()  # type: ignore[attr-defined]
    assert len(list(adapter.log(remote, at))) == 5000


def test_a_date_that_no_calendar_has_does_not_stop_the_log(place: Place) -> None:
    remote = own(place.bare())
    stream = "commit refs/heads/main\ncommitter A <a@example.com> 9999999999999 +0000\ndata 1\nx\n"
    git("fast-import", "--quiet", "--date-format=raw-permissive", cwd=Path(remote.url), stdin=stream)
    adapter = place.git()
    [entry] = adapter.log(remote, adapter.fetch(remote)["refs/heads/main"])
    assert entry.time == datetime(1970, 1, 1, tzinfo=UTC)


def test_user_configuration_does_not_change_what_is_read(place: Place) -> None:
    for key, value in {
        "log.showSignature": "true", "core.quotePath": "true", "color.ui": "always", "log.mailmap": "true",
        "i18n.logOutputEncoding": "ISO-8859-1", "i18n.commitEncoding": "ISO-8859-1", "fetch.prune": "false",
        "core.logAllRefUpdates": "always",
        "push.followTags": "true", "core.pager": "false", "init.defaultBranch": "trunk", "push.default": "nothing",
        "fetch.fsckObjects": "true", "core.autocrlf": "true", "safe.bareRepository": "explicit",
        "remote.rapt.mirror": "false",
    }.items():  # fmt: skip
        place.configure(key, value)
    adapter, remote = place.git(), own(place.bare())
    first = adapter.commit(
        remote, branch="main", parent="", expected="", files={"ünï": b"1\r\n2\n"}, message="cödé ✓\n"
    )
    assert adapter.fetch(remote) == {"refs/heads/main": first}
    assert adapter.files(remote, first) == {"ünï": b"1\r\n2\n"}
    [entry] = adapter.log(remote, first)
    assert (entry.author, entry.message) == ("Robin <robin@example.com>", "cödé ✓\n")
    assert "encoding" not in git("cat-file", "commit", first, cwd=Path(remote.url))


def test_a_commit_that_no_branch_leads_to_is_read_with_and_without_the_cache(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    other = git("commit-tree", "-m", "other", f"{first}^{{tree}}", cwd=Path(remote.url))
    assert adapter.files(remote, other) == {"a": b"1"}
    shutil.rmtree(place.cache)
    assert adapter.files(remote, other) == {"a": b"1"}
    assert [entry.id for entry in adapter.log(remote, other)] == [other]


def test_a_commit_that_the_remote_does_not_have_is_not_found(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    commit(adapter, remote, {"a": b"1"})
    with pytest.raises(NotFound) as caught:
        adapter.files(remote, "1" * 40)
    assert caught.value.code == "no-commit"
    with pytest.raises(NotFound):
        list(adapter.log(remote, "1" * 40))


def test_deleting_the_cache_at_any_time_changes_no_answer(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    shutil.rmtree(place.cache)
    assert adapter.files(remote, first) == {"a": b"1"}
    shutil.rmtree(place.cache)
    assert [entry.id for entry in adapter.log(remote, first)] == [first]
    shutil.rmtree(place.cache)
    second = adapter.commit(
        remote, branch="main", parent=first, expected=first, files={"b": b"2"}, message="m"
    )
    shutil.rmtree(place.cache)
    assert adapter.fetch(remote) == {"refs/heads/main": second}


def _truncate_objects(mirror: Path) -> None:
    for path in mirror.glob("objects/??/*"):
        path.chmod(0o644)
        path.write_bytes(b"")


def _truncate_packs(mirror: Path) -> None:
    for path in mirror.glob("objects/pack/*"):
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:40])


def _flip_bytes(mirror: Path) -> None:
    for path in (*mirror.glob("objects/pack/*.pack"), *mirror.glob("objects/??/*")):
        path.chmod(0o644)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2] + b"\xff" * 30 + content[len(content) // 2 + 30 :])


def _empty_refs(mirror: Path) -> None:
    for path in (mirror / "refs").rglob("*"):
        if path.is_file():
            path.write_text("")


def _lose_objects(mirror: Path) -> None:
    shutil.rmtree(mirror / "objects")


def _break_config(mirror: Path) -> None:
    (mirror / "config").write_text("[core")


def _lose_head(mirror: Path) -> None:
    (mirror / "HEAD").unlink()


def _become_a_file(mirror: Path) -> None:
    shutil.rmtree(mirror)
    mirror.write_text("not a folder")


def _lose_a_blob(mirror: Path) -> None:
    for path in mirror.glob("objects/pack/*.pack"):
        aside = mirror / path.name
        path.rename(aside)
        git("-c", f"alias.unpack=!git unpack-objects -q < {aside}", "unpack", cwd=mirror)
    blob = git("rev-parse", "main:d/b", cwd=mirror)
    (mirror / "objects" / blob[:2] / blob[2:]).unlink()


@pytest.mark.parametrize(
    "damage",
    [
        _truncate_objects, _truncate_packs, _flip_bytes, _empty_refs, _lose_objects, _lose_a_blob, _break_config,
        _lose_head, _become_a_file,
    ],
    ids=lambda damage: damage.__name__,
)  # fmt: skip
@pytest.mark.parametrize("verb", ["fetch", "files", "log", "commit"])
def test_a_damaged_mirror_is_made_anew(place: Place, damage: object, verb: str) -> None:
    writer, remote = place.git(), own(place.bare())
    first = commit(writer, remote, {"d/a": b"1", "d/b": b"2" * 1000})
    at = commit(writer, remote, {"d/a": b"3"})
    shutil.rmtree(place.cache)
    writer.fetch(remote)
    [mirror] = place.mirrors()
    damage(mirror)  # type: ignore[operator]
    if verb == "fetch":
        assert writer.fetch(remote) == {"refs/heads/main": at}
    elif verb == "log":
        assert [entry.id for entry in writer.log(remote, at)] == [at, first]
    elif verb == "commit":
        at = writer.commit(remote, branch="main", parent=at, expected=at, files={"d/a": b"4"}, message="m")
    expected = b"4" if verb == "commit" else b"3"
    assert writer.files(remote, at) == {"d/a": expected, "d/b": b"2" * 1000}


def test_a_log_that_breaks_in_the_middle_is_healed_and_goes_on(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    ids = [commit(adapter, remote, {"a": str(number).encode()}) for number in range(6)]
    [mirror] = place.mirrors()
    (mirror / "objects" / ids[2][:2] / ids[2][2:]).unlink()
    assert [entry.id for entry in adapter.log(remote, ids[-1])] == ids[::-1]


def test_the_mirror_is_packed_when_it_has_grown(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    at = commit(adapter, remote, {"a": b"1"})
    [mirror] = place.mirrors()
    packs = mirror / "objects" / "pack"
    packs.mkdir(exist_ok=True)
    blob = place.root / "blob"
    for number in range(60):
        blob.write_text(str(number))
        id_ = git("hash-object", "-w", blob, cwd=mirror)
        git("pack-objects", "--quiet", packs / "pack", cwd=mirror, stdin=id_)
    at = commit(adapter, remote, {"a": b"2"})
    assert len(list(packs.glob("*.pack"))) <= 2
    assert adapter.files(remote, at) == {"a": b"2"}


def test_a_registry_and_a_config_repository_at_one_address_have_mirrors_of_their_own(place: Place) -> None:
    adapter, bare = place.git(), place.bare()
    at = commit(adapter, own(bare), {"a": b"1"})
    assert adapter.fetch(hostile(bare)) == adapter.fetch(own(bare)) == {"refs/heads/main": at}
    assert len(place.mirrors()) == 2
