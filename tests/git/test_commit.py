"""Committing and pushing with compare-and-swap, on real repositories."""

import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kubectl_rapt.adapters.git import Git
from kubectl_rapt.errors import Conflict, Invalid, NotFound, Refused, Unavailable
from tests.git.remotes import Place, commit, git, own, script


def test_an_empty_repository_has_no_branches_and_takes_a_first_commit(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    assert adapter.fetch(remote) == {}
    first = commit(adapter, remote, {"rapt.yaml": b"a: 1\n"})
    assert adapter.fetch(remote) == {"refs/heads/main": first}
    assert adapter.files(remote, first) == {"rapt.yaml": b"a: 1\n"}


def test_a_commit_changes_its_files_and_no_others(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    commit(adapter, remote, {"a": b"1", "d/b": b"2", "d/c": b"3"})
    second = commit(adapter, remote, {"a": b"new", "d/b": None, "e/f/g": b""})
    assert adapter.files(remote, second) == {"a": b"new", "d/c": b"3", "e/f/g": b""}


@pytest.mark.parametrize(
    "path",
    [
        "a b",
        "tab\there",
        "line\nbreak",
        'quo"te',
        "back\\slash",
        "ünïcödé/✓",
        "-dash",
        "a\rb",
        ":(glob)*",
        "*",
    ],
)
def test_any_path_that_git_can_hold_comes_back_as_it_went_in(place: Place, path: str) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {path: b"x", "other": b"y"})
    assert adapter.files(remote, first) == {path: b"x", "other": b"y"}
    assert adapter.files(remote, first, path) == {path: b"x"}
    second = commit(adapter, remote, {path: None})
    assert adapter.files(remote, second) == {"other": b"y"}


def test_content_that_looks_like_commands_stays_content(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    content = b'done\n\nreset refs/heads/main\nfrom 0000\nls ""\n\0\xff'
    first = commit(adapter, remote, {"a": content, "b": b"x"})
    assert adapter.files(remote, first) == {"a": content, "b": b"x"}


def test_a_branch_that_moved_loses_cleanly(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    second = commit(adapter, remote, {"a": b"2"})
    with pytest.raises(Conflict) as caught:
        adapter.commit(remote, branch="main", parent=first, expected=first, files={"b": b"1"}, message="late")
    assert caught.value.code == "branch-moved"
    assert adapter.fetch(remote) == {"refs/heads/main": second}


def test_a_branch_that_is_expected_not_to_exist_is_not_overwritten(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    with pytest.raises(Conflict):
        adapter.commit(
            remote, branch="main", parent="", expected="", files={"b": b"1"}, message="another first"
        )
    assert adapter.fetch(remote) == {"refs/heads/main": first}


def test_a_branch_that_is_gone_is_not_made_again(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    change = adapter.commit(
        remote, branch="x/y", parent=first, expected="", files={"b": b"1"}, message="change"
    )
    git("update-ref", "-d", "refs/heads/x/y", cwd=Path(remote.url))
    with pytest.raises(Conflict):
        adapter.commit(
            remote, branch="x/y", parent=change, expected=change, files={"b": b"2"}, message="more"
        )


def test_a_change_is_rebuilt_on_a_new_main_in_place(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    change = adapter.commit(
        remote, branch="x", parent=first, expected="", files={"b": b"1"}, message="change"
    )
    second = commit(adapter, remote, {"a": b"2"})
    again = adapter.commit(
        remote, branch="x", parent=second, expected=change, files={"b": b"1"}, message="change"
    )
    assert [entry.id for entry in adapter.log(remote, again)] == [again, second, first]


def test_a_merge_and_the_deletion_of_its_branch_happen_together_or_not_at_all(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    change = adapter.commit(
        remote, branch="x", parent=first, expected="", files={"b": b"1"}, message="change"
    )
    second = commit(adapter, remote, {"a": b"2"})
    for expected, of_branch in ((first, change), (second, first)):
        with pytest.raises(Conflict):
            adapter.commit(
                remote, branch="main", parent=second, expected=expected, files={"b": b"1"}, message="merge",
                delete_branch="x", delete_expected=of_branch,
            )  # fmt: skip
        assert adapter.fetch(remote) == {"refs/heads/main": second, "refs/heads/x": change}
    merge = adapter.commit(
        remote, branch="main", parent=second, expected=second, files={"b": b"1"}, message="merge",
        delete_branch="x", delete_expected=change,
    )  # fmt: skip
    assert adapter.fetch(remote) == {"refs/heads/main": merge}


def test_a_branch_that_is_gone_already_matters_only_where_it_was_expected(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    with pytest.raises(Conflict):
        adapter.commit(
            remote, branch="main", parent=first, expected=first, files={"b": b"1"}, message="m",
            delete_branch="x", delete_expected=first,
        )  # fmt: skip
    assert adapter.fetch(remote) == {"refs/heads/main": first}
    merge = adapter.commit(
        remote, branch="main", parent=first, expected=first, files={"b": b"1"}, message="m", delete_branch="x"
    )
    assert adapter.fetch(remote) == {"refs/heads/main": merge}


def test_a_commit_that_changes_nothing_is_not_made(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1", "b": b"2"})
    for files in ({"a": b"1"}, {"missing": None}, {}):
        with pytest.raises(Invalid) as caught:
            commit(adapter, remote, files)
        assert caught.value.code == "nothing-to-commit"
    assert adapter.fetch(remote) == {"refs/heads/main": first}


def test_a_file_never_replaces_a_folder_a_link_or_a_submodule(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"folder/a": b"1", "file": b"2"})
    blob = git("rev-parse", f"{first}:file", cwd=Path(remote.url))
    tree = git(
        "mktree", "--missing", cwd=Path(remote.url),
        stdin=f"120000 blob {blob}\tlink\n160000 commit {first}\tmodule\n100644 blob {blob}\tfile\n"
        f"040000 tree {git('rev-parse', f'{first}:folder', cwd=Path(remote.url))}\tfolder\n",
    )  # fmt: skip
    made = git("commit-tree", tree, "-p", first, "-m", "odd", cwd=Path(remote.url))
    git("update-ref", "refs/heads/main", made, cwd=Path(remote.url))
    assert adapter.fetch(remote) == {"refs/heads/main": made}
    assert adapter.files(remote, made) == {"folder/a": b"1", "file": b"2"}
    for path in ("folder", "link", "link/x", "module", "module/x", "file/x"):
        with pytest.raises(Invalid) as caught:
            commit(adapter, remote, {path: b"new"})
        assert caught.value.code == "path-blocked", path
    assert adapter.fetch(remote) == {"refs/heads/main": made}


def test_the_same_input_at_the_same_time_is_the_same_commit(place: Place) -> None:
    remote = own(place.bare())
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    adapter = Git(place.cache, place.environment, now=lambda: when)
    first = commit(adapter, remote, {"a": b"1"})
    ids = [
        adapter.commit(remote, branch=branch, parent=first, expected="", files={"b": b"1"}, message="same")
        for branch in ("x", "y")
    ]
    assert ids[0] == ids[1]
    [entry] = adapter.log(remote, ids[0], limit=1)
    assert entry.time == when
    assert entry.author == "Robin <robin@example.com>"
    # Repeating a push that did arrive is no conflict.
    again = adapter.commit(remote, branch="x", parent=first, expected="", files={"b": b"1"}, message="same")
    assert again == ids[0]


def test_a_hook_that_refuses_is_quoted_without_its_control_characters(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    script(
        Path(remote.url) / "hooks" / "pre-receive", r"printf '\033[31mno deploys on friday\007\n' >&2; exit 1"
    )
    with pytest.raises(Refused) as caught:
        commit(adapter, remote, {"a": b"1"})
    assert caught.value.code == "push-refused"
    assert "no deploys on friday" in caught.value.message
    assert caught.value.message.isprintable()
    assert adapter.fetch(remote) == {}


def test_a_remote_that_forbids_rewriting_refuses(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    second = commit(adapter, remote, {"a": b"2"})
    git("config", "receive.denyNonFastForwards", "true", cwd=Path(remote.url))
    with pytest.raises(Refused) as caught:
        adapter.commit(
            remote, branch="main", parent=first, expected=second, files={"b": b"1"}, message="rewrite"
        )
    assert "non-fast-forward" in caught.value.message


def test_a_branch_below_a_branch_is_named_as_the_reason(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    commit(adapter, remote, {"a": b"1"}, branch="rapt")
    with pytest.raises(Invalid) as caught:
        commit(adapter, remote, {"a": b"1"}, branch="rapt/prod")
    assert caught.value.code == "branch-blocked"


def test_a_locked_branch_at_the_remote_is_busy(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    (Path(remote.url) / "refs" / "heads" / "main.lock").touch()
    with pytest.raises(Conflict) as caught:
        commit(adapter, remote, {"a": b"2"})
    assert caught.value.code == "branch-busy"
    assert adapter.fetch(remote) == {"refs/heads/main": first}


def test_a_push_that_hangs_is_ended_with_all_it_started(place: Place) -> None:
    adapter, remote = place.git(limit_seconds=5), own(place.bare())
    pid = place.root / "pid"
    script(Path(remote.url) / "hooks" / "pre-receive", f"echo $$ > {pid}; sleep 600")
    with pytest.raises(Unavailable) as caught:
        commit(adapter, remote, {"a": b"1"})
    assert caught.value.code == "git-timeout"
    assert caught.value.outcome_unknown
    command = ["ps", "-o", "stat=", "-p", pid.read_text().strip()]
    for _ in range(300):  # who was killed is gone a moment later
        listed = subprocess.run(command, capture_output=True, text=True)
        if listed.stdout.strip()[:1] in ("", "Z"):
            break
        time.sleep(0.1)
    else:
        pytest.fail("the hook goes on")


@pytest.mark.parametrize(
    "branch", ["", "-d", "a..b", "a b", "a~1", "x.lock", "a/.b", "a//b", "a@{1}", "/a", "a/", "@", "a\n"]
)
def test_a_name_that_is_no_branch_is_refused_before_anything_happens(place: Place, branch: str) -> None:
    with pytest.raises(Invalid) as caught:
        place.git().commit(
            own(place.bare()), branch=branch, parent="", expected="", files={"a": b""}, message="m"
        )
    assert caught.value.code == "bad-branch"


@pytest.mark.parametrize(
    "path", ["", "/a", "a//b", "../a", "a/../b", ".git/config", "a/.GIT/x", "a\0b", "a/", "\udcff", "."]
)
def test_a_path_that_leads_elsewhere_is_refused(place: Place, path: str) -> None:
    with pytest.raises(Invalid) as caught:
        place.git().commit(
            own(place.bare()), branch="m", parent="", expected="", files={path: b""}, message="m"
        )
    assert caught.value.code == "bad-path"


def test_a_parent_that_does_not_exist_is_not_found(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    commit(adapter, remote, {"a": b"1"})
    with pytest.raises(NotFound) as caught:
        adapter.commit(remote, branch="x", parent="1" * 40, expected="", files={"a": b"2"}, message="m")
    assert caught.value.code == "no-commit"


def test_a_hundred_commits_leave_both_sides_sound(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    at = ""
    for number in range(100):
        files = {f"tools/prod/t{number % 7}.yaml": str(number).encode(), "last": str(number).encode()}
        at = adapter.commit(remote, branch="main", parent=at, expected=at, files=files, message=f"{number}")
    for repository in (Path(remote.url), *place.mirrors()):
        assert git("fsck", "--strict", "--no-dangling", cwd=repository) == ""
    assert len(list(adapter.log(remote, at))) == 100
    assert adapter.fetch(remote) == {"refs/heads/main": at}


def test_only_the_branch_is_pushed_whatever_the_user_configured(place: Place) -> None:
    place.configure("push.followTags", "true")
    place.configure("push.recurseSubmodules", "check")
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1"})
    git("tag", "-a", "v1", "-m", "one", first, cwd=Path(remote.url))
    adapter.fetch(remote)
    git("tag", "-d", "v1", cwd=Path(remote.url))
    second = adapter.commit(
        remote, branch="main", parent=first, expected=first, files={"a": b"2"}, message="m"
    )
    assert adapter.fetch(remote) == {"refs/heads/main": second}


def test_a_mirror_whose_damage_shows_in_the_push_is_not_kept(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    first = commit(adapter, remote, {"a": b"1", "d/x": b"2"})
    [mirror] = place.mirrors()
    tree = git("rev-parse", f"{first}:d", cwd=mirror)
    (mirror / "objects" / tree[:2] / tree[2:]).unlink()
    git("update-ref", "-d", "refs/heads/main", cwd=Path(remote.url))
    with pytest.raises(Unavailable) as caught:
        adapter.commit(remote, branch="x", parent=first, expected="", files={"a": b"3"}, message="m")
    assert caught.value.code == "git-failed", caught.value.message
    assert place.mirrors() == []


def test_creating_a_repository_twice_keeps_it(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare("a b.git"))
    first = commit(adapter, remote, {"a": b"1"})
    adapter.create(remote.url)
    assert adapter.fetch(remote) == {"refs/heads/main": first}
    assert git("symbolic-ref", "HEAD", cwd=Path(remote.url)) == "refs/heads/main"
    assert [entry.name for entry in Path(remote.url).parent.iterdir()] == ["a b.git"]


def test_a_folder_with_other_things_is_not_made_a_repository(place: Place) -> None:
    (place.root / "docs").mkdir()
    (place.root / "docs" / "a").touch()
    with pytest.raises(Invalid) as caught:
        place.git().create(str(place.root / "docs"))
    assert caught.value.code == "not-a-repository"
    assert [entry.name for entry in (place.root / "docs").iterdir()] == ["a"]


@pytest.mark.parametrize("message", ["", " \n", "a\0b", "\udcff"])
def test_a_message_that_is_no_text_is_refused(place: Place, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        place.git().commit(
            own(place.bare()), branch="m", parent="", expected="", files={"a": b""}, message=message
        )
    assert caught.value.code == "bad-message"
