"""Remotes that are missing, closed, slow or broken: a clear error in bounded time, and no question asked."""

import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_rapt.adapters.git import Git
from kubectl_rapt.errors import Invalid, NotFound, RaptError, Refused, Unavailable
from tests.git.remotes import HttpRemote, Place, commit, git, hostile, own, script


def test_a_folder_that_is_missing_or_no_repository_is_not_found(place: Place) -> None:
    (place.root / "empty").mkdir()
    for path in ("missing", "empty"):
        with pytest.raises(NotFound) as caught:
            place.git().fetch(own(place.root / path))
        assert caught.value.code == "no-repository"
        assert str(place.root / path) in caught.value.message


def test_a_repository_that_the_server_does_not_have_is_not_found(place: Place, http: HttpRemote) -> None:
    with pytest.raises(NotFound):
        place.git().fetch(own(http.url("other.git", "robin:p4ss-word")))


def test_a_closed_port_is_unreachable(place: Place) -> None:
    with pytest.raises(Unavailable) as caught:
        place.git().fetch(own("http://127.0.0.1:1/config.git"))
    assert caught.value.code == "unreachable"
    assert not caught.value.outcome_unknown


def test_a_host_that_no_one_knows_is_unreachable(place: Place) -> None:
    with pytest.raises(Unavailable) as caught:
        place.git().fetch(own("https://nobody.invalid/config.git"))
    assert caught.value.code == "unreachable"


@pytest.fixture
def silence() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("scheme", ["http", "ssh"])
def test_a_server_that_says_nothing_is_given_up_soon(place: Place, silence: int, scheme: str) -> None:
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        place.git(silent_seconds=1).fetch(own(f"{scheme}://127.0.0.1:{silence}/config.git"))
    assert caught.value.code == "unreachable"
    assert time.monotonic() - began < 8


def test_a_push_whose_answer_never_comes_has_an_unknown_outcome(place: Place, http: HttpRemote) -> None:
    adapter, remote = place.git(), own(http.url(user="robin:p4ss-word"))
    http.hangs_on = "git-receive-pack"
    adapter.fetch(remote)
    with pytest.raises(Unavailable) as caught:
        commit(place.git(silent_seconds=3), remote, {"a": b"1"})
    assert not caught.value.outcome_unknown  # It hangs before anything was sent.
    http.hangs_on, http.loses_reply_to = "", "/git-receive-pack"
    with pytest.raises(Unavailable) as caught:
        commit(adapter, remote, {"a": b"1"})
    assert caught.value.outcome_unknown
    http.loses_reply_to = ""
    [landed] = adapter.fetch(remote).values()
    assert adapter.files(remote, landed) == {"a": b"1"}


CUT = 0


@pytest.mark.parametrize("trouble", [CUT, 429, 500, 502, 503])
def test_a_server_in_trouble_is_asked_again_until_it_has_had_its_time(
    place: Place, http: HttpRemote, trouble: int
) -> None:
    remote = own(http.url(user="robin:p4ss-word"))
    at = commit(place.git(), remote, {"a": b"1"})
    shutil.rmtree(place.cache)
    http.troubles = [trouble] * 3  # of the question, and then of the fetch
    adapter = place.git()
    assert adapter.fetch(remote) == {"refs/heads/main": at}
    shutil.rmtree(place.cache)
    http.troubles = [trouble]
    assert adapter.files(remote, at) == {"a": b"1"}
    http.troubles = [trouble] * 1000
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        place.git(silent_seconds=2).fetch(remote)
    assert (caught.value.code, 1 < time.monotonic() - began < 6) == ("unreachable", True)


def test_what_will_not_pass_is_asked_once(place: Place, http: HttpRemote) -> None:
    for status in (404, 403, 501):
        http.status_for = {"/info/refs": status}
        http.seen.clear()
        with pytest.raises(RaptError):
            place.git().fetch(own(http.url()))
        assert len(http.seen) == 1


def test_a_push_is_sent_again_only_if_nothing_of_it_was_sent(place: Place, http: HttpRemote) -> None:
    adapter, remote = place.git(), own(http.url(user="robin:p4ss-word"))
    adapter.fetch(remote)
    http.troubles = [502, CUT]
    at = adapter.commit(remote, branch="main", parent="", expected="", files={"a": b"1"}, message="One")
    http.loses_reply_to = "/git-receive-pack"
    http.seen.clear()
    with pytest.raises(Unavailable) as caught:
        adapter.commit(remote, branch="main", parent=at, expected=at, files={"a": b"2"}, message="Two")
    assert caught.value.outcome_unknown
    assert sum("service=git-receive-pack" in path for path in http.seen) == 1, (
        "each push begins with that question"
    )


def test_a_server_that_refuses_a_push_with_its_status_is_no_access(place: Place, http: HttpRemote) -> None:
    http.status_for = {"git-receive-pack": 403}
    with pytest.raises(Refused) as caught:
        commit(place.git(), own(http.url(user="robin:p4ss-word")), {"a": b"1"})
    assert caught.value.code == "no-access"


@pytest.mark.parametrize("user", ["", "robin:wr0ng-word", "robin"])
def test_missing_and_wrong_credentials_are_said_without_a_question(
    place: Place, http: HttpRemote, user: str
) -> None:
    asked = place.root / "asked"
    for name in ("SSH_ASKPASS", "DISPLAY"):
        place.environment[name] = str(script(place.root / "ask", f"touch {asked}; echo word"))
    with pytest.raises(Refused) as caught:
        place.git().fetch(own(http.url(user=user)))
    assert caught.value.code == "no-access"
    assert "credential" in caught.value.hint
    assert "wr0ng-word" not in caught.value.message + caught.value.hint
    assert not asked.exists()


def test_credentials_in_an_address_work_and_are_never_shown(place: Place, http: HttpRemote) -> None:
    adapter, remote = place.git(), own(http.url(user="robin:p4ss-word"))
    commit(adapter, remote, {"a": b"1"})
    errors: list[RaptError] = []
    for url in (http.url("nowhere", "robin:p4ss-word"), "https://robin:p4ss-word@nobody.invalid/x.git"):
        with pytest.raises(RaptError) as caught:
            adapter.fetch(own(url))
        errors.append(caught.value)
    for change in ({"a": b"1"}, {"a/b": b"1"}):
        with pytest.raises(RaptError) as caught:
            commit(adapter, remote, change)
        errors.append(caught.value)
    script(
        place.root / "remotes/config.git/hooks/pre-receive", "echo https://robin:p4ss-word@x.y/z >&2; exit 1"
    )
    with pytest.raises(RaptError) as caught:
        commit(adapter, remote, {"a": b"2"})
    errors.append(caught.value)
    with pytest.raises(RaptError) as caught:
        adapter.fetch(own("gopher://robin:p4ss-word@x.y/z"))
    errors.append(caught.value)
    for error in errors:
        assert "p4ss-word" not in f"{error.message} {error.hint} {error!r}"
    for path in place.cache.rglob("*"):
        assert not path.is_file() or b"p4ss-word" not in path.read_bytes(), path


def test_a_credential_helper_and_an_askpass_program_of_the_user_are_asked(
    place: Place, http: HttpRemote
) -> None:
    answer = f"test $1 = get && printf 'username=robin\\npassword=p4ss-word\\n'; touch {place.root}/called"
    place.configure("credential.helper", str(script(place.root / "helper", answer)))
    commit(place.git(), own(http.url()), {"a": b"1"})
    assert (place.root / "called").exists()
    (place.home / ".gitconfig").unlink()
    ask = script(place.root / "ask", 'case "$1" in User*) echo robin;; *) echo p4ss-word;; esac')
    place.environment["GIT_ASKPASS"] = str(ask)
    assert place.git().fetch(own(http.url()))


def test_an_identity_that_is_not_configured_says_how_to_configure_it(place: Place) -> None:
    remote = own(place.bare())
    assert place.git().identity() == "Robin <robin@example.com>"
    (place.home / ".gitconfig").unlink()
    place.environment["EMAIL"] = "guessed@example.com"
    adapter = place.git()
    with pytest.raises(Invalid) as caught:
        adapter.identity()
    assert caught.value.code == "no-git-identity"
    assert "git config --global user.name" in caught.value.hint
    with pytest.raises(Invalid) as caught:
        commit(adapter, remote, {"a": b"1"})
    assert caught.value.code == "no-git-identity"
    place.environment |= {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "CI"), ("EMAIL", "ci@example.com"))
    }
    assert place.git().identity() == "CI <ci@example.com>"
    commit(place.git(), remote, {"a": b"1"})


def test_commits_are_signed_where_the_user_signs(place: Place) -> None:
    key = place.root / "key"
    os.system(f"ssh-keygen -q -t ed25519 -N '' -C robin@example.com -f {key}")
    allowed = place.root / "allowed"
    allowed.write_text(f"robin@example.com {key.with_suffix('.pub').read_text()}")
    for name, value in {"commit.gpgSign": "yes", "gpg.format": "ssh", "user.signingKey": str(key)}.items():
        place.configure(name, value)
    adapter, remote = place.git(), own(place.bare())
    at = commit(adapter, remote, {"a": b"1"})
    git("-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", at, cwd=Path(remote.url))
    place.configure("user.signingKey", str(place.root / "gone"))
    with pytest.raises(Invalid) as caught:
        commit(adapter, remote, {"a": b"2"})
    assert caught.value.code == "signing-failed"
    assert adapter.fetch(remote) == {"refs/heads/main": at}


def test_a_signing_key_with_a_passphrase_fails_instead_of_asking(place: Place) -> None:
    key = place.root / "key"
    os.system(f"ssh-keygen -q -t ed25519 -N passphrase -f {key}")
    for name, value in {"commit.gpgSign": "true", "gpg.format": "ssh", "user.signingKey": str(key)}.items():
        place.configure(name, value)
    asked = place.root / "asked"
    place.environment |= {"SSH_ASKPASS": str(script(place.root / "ask", f"touch {asked}")), "DISPLAY": ":9"}
    with pytest.raises(Invalid) as caught:
        commit(place.git(), own(place.bare()), {"a": b"1"})
    assert caught.value.code == "signing-failed"
    assert not asked.exists()


def _pretend_ssh(place: Place) -> Path:
    """An ``ssh`` that notes how it was called and runs the remote's command here."""
    calls = place.root / "calls"
    run = script(
        place.root / "bin" / "ssh",
        f'echo "$@" >> {calls}\ntest "$1" = -G && exit 0\nfor last; do :; done\neval "$last"',
    )
    place.environment["PATH"] = f"{run.parent}:{place.environment['PATH']}"
    return calls


def test_ssh_asks_nothing_and_does_not_wait_for_ever(place: Place) -> None:
    calls, bare = _pretend_ssh(place), place.bare()
    commit(place.git(), own(f"ssh://git@host{bare}"), {"a": b"1"})
    commit(place.git(), own(f"git@host:{bare}"), {"a": b"2"})
    assert all("-oBatchMode=yes -oConnectTimeout=20" in call for call in calls.read_text().splitlines())
    assert place.git().fetch(hostile(f"git@host:{bare}"))
    assert "-oForwardAgent=no" in calls.read_text().splitlines()[-1]


@pytest.mark.parametrize("way", ["GIT_SSH_COMMAND", "core.sshCommand"])
def test_ssh_is_called_as_the_user_says(place: Place, way: str) -> None:
    calls, bare = _pretend_ssh(place), place.bare()
    if way == "core.sshCommand":
        place.configure(way, "ssh -oMine=1")
    else:
        place.environment[way] = "ssh -oMine=1"
    place.git().fetch(own(f"git@host:{bare}"))
    assert "-oMine=1" in calls.read_text()
    assert "BatchMode" not in calls.read_text()


def test_being_called_from_a_hook_of_another_repository_changes_nothing(place: Place) -> None:
    other, remote = place.bare("other.git"), own(place.bare())
    place.environment |= {
        "GIT_DIR": str(other), "GIT_INDEX_FILE": "/nonexistent/index", "GIT_OBJECT_DIRECTORY": "/nonexistent",
        "GIT_QUARANTINE_PATH": "/nonexistent", "GIT_PREFIX": "x/", "GIT_WORK_TREE": "/nonexistent",
        "GIT_TRACE": "1", "GIT_NAMESPACE": "x", "GIT_DEFAULT_HASH": "sha256", "LC_ALL": "de_DE.UTF-8",
    }  # fmt: skip
    adapter = place.git()
    at = commit(adapter, remote, {"a": b"1"})
    assert adapter.files(remote, at) == {"a": b"1"}
    adapter.create(str(place.root / "new.git"))
    assert adapter.fetch(own(place.root / "new.git")) == {}
    assert adapter.fetch(own(other)) == {}


def test_settings_given_by_environment_still_apply(place: Place, http: HttpRemote) -> None:
    place.environment |= {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{http.url('', 'robin:p4ss-word')}.insteadOf",
        "GIT_CONFIG_VALUE_0": "short:",
    }
    commit(place.git(), own("short:config.git"), {"a": b"1"})


def test_a_repository_with_longer_names_for_its_objects_is_refused(place: Place) -> None:
    path = place.root / "new.git"
    git("init", "--bare", "--object-format=sha256", path)
    tree = git("mktree", cwd=path)
    git("update-ref", "refs/heads/main", git("commit-tree", "-m", "x", tree, cwd=path), cwd=path)
    with pytest.raises(Invalid) as caught:
        place.git().fetch(own(path))
    assert caught.value.code == "sha256-repository"


def test_git_that_is_missing_or_too_old_is_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.environment["PATH"] = str(place.root / "nowhere")
    with pytest.raises(Unavailable) as caught:
        Git(place.cache, place.environment).fetch(own(place.root))
    assert caught.value.code == "git-missing"
    monkeypatch.setattr("git.cmd.Git.version_info", (2, 30, 2))
    with pytest.raises(Unavailable) as caught:
        place.git().identity()
    assert caught.value.code == "git-too-old"
    assert "2.34" in caught.value.hint
