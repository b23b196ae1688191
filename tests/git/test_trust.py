"""Hostile repositories: nothing of theirs runs here, and nothing of the user's reaches them."""

import os
import subprocess
from pathlib import Path

import pytest

from kubectl_rapt.adapters import git_input
from kubectl_rapt.errors import Invalid, RaptError, Refused
from kubectl_rapt.ports.git import Remote, Trust
from tests.git.remotes import HttpRemote, Place, commit, git, hostile, own, script, served


def _trapped(place: Place, ran: Path) -> Path:
    """A repository with a work tree in which every setting that names a program names one that leaves a trace."""
    trap = script(place.root / "trap", f'echo "$0 $@" >> {ran}; cat')
    tree = place.root / "remotes" / "trapped"
    tree.mkdir(parents=True)
    git("init", "--quiet", "--initial-branch=main", tree)
    (tree / "template.yaml").write_text("a: 1\n")
    (tree / ".gitattributes").write_text("* filter=trap diff=trap merge=trap\n")
    (tree / ".gitmodules").write_text('[submodule "m"]\n\tpath = m\n\turl = ext::touch% x\n')
    (tree / "link").symlink_to("/etc/passwd")
    git("add", ".", cwd=tree)
    git("commit", "--quiet", "-m", "x", cwd=tree)
    for key, value in {
        "core.fsmonitor": trap, "core.hooksPath": place.root / "hooks", "core.sshCommand": trap, "core.pager": trap,
        "core.alternateRefsCommand": trap, "core.editor": trap, "core.askPass": trap, "gpg.program": trap,
        "uploadpack.packObjectsHook": trap, "filter.trap.clean": trap, "filter.trap.smudge": trap,
        "diff.trap.command": trap, "diff.external": trap, "credential.helper": f"!{trap}",
        "remote.origin.url": "ext::touch% x", "remote.origin.uploadpack": trap, "protocol.ext.allow": "always",
        "uploadpack.allowFilter": "true",
    }.items():  # fmt: skip
        git("config", key, str(value), cwd=tree)
    for hook in ("post-checkout", "pre-push", "reference-transaction", "post-index-change", "pre-auto-gc"):
        script(place.root / "hooks" / hook, f"{trap} {hook}")
    return tree


def test_nothing_of_a_hostile_repository_runs(place: Place) -> None:
    ran = place.root / "ran"
    tree = _trapped(place, ran)
    adapter = place.git()
    for address in (str(tree), f"file://{tree}"):
        remote = hostile(address)
        at = adapter.fetch(remote)["refs/heads/main"]
        assert adapter.files(remote, at)["template.yaml"] == b"a: 1\n"
        assert "link" not in adapter.files(remote, at)
        assert [entry.id for entry in adapter.log(remote, at)] == [at]
    assert not ran.exists()
    # The traps do work: an innocent command in that folder steps into them.
    subprocess.run(["git", "status"], cwd=tree, capture_output=True, check=False)
    assert ran.exists()


def test_objects_that_a_hostile_repository_lacks_are_not_fetched_by_its_own_command(place: Place) -> None:
    ran = place.root / "ran"
    tree = _trapped(place, ran)
    git("config", "core.repositoryFormatVersion", "1", cwd=tree)
    git("config", "extensions.partialClone", "origin", cwd=tree)
    git("config", "remote.origin.url", str(tree), cwd=tree)
    blob = git("rev-parse", "HEAD:template.yaml", cwd=tree)
    (tree / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(RaptError):
        adapter = place.git()
        remote = hostile(tree)
        adapter.files(remote, adapter.fetch(remote)["refs/heads/main"])
    assert not ran.exists()


def test_the_users_own_hooks_and_programs_do_not_run_on_mirrors(place: Place) -> None:
    ran = place.root / "ran"
    trap = script(place.root / "trap", f'echo "$@" >> {ran}')
    for hook in ("reference-transaction", "pre-push", "post-index-change", "pre-auto-gc"):
        script(place.root / "hooks" / hook, f"{trap} {hook}")
    for key, value in {"core.hooksPath": place.root / "hooks", "core.fsmonitor": trap}.items():
        place.configure(key, str(value))
    adapter, bare = place.git(), place.bare()
    # The bare repository is the remote's side, where the user's hooks are theirs to run.
    git("config", "core.hooksPath", "hooks", cwd=bare)
    at = commit(adapter, own(bare), {"a": b"1"})
    for remote in (own(bare), hostile(bare)):
        adapter.fetch(remote)
        adapter.files(remote, at)
    assert not ran.exists()


def test_the_users_credentials_and_settings_do_not_reach_a_registry(place: Place, http: HttpRemote) -> None:
    called = place.root / "called"
    helper = script(place.root / "helper", f"touch {called}; printf 'username=robin\\npassword=p4ss-word\\n'")
    place.configure("credential.helper", str(helper))
    place.configure("core.askPass", str(helper))
    place.configure("http.extraHeader", "X-Token: secret")
    place.environment |= {
        "GIT_ASKPASS": str(helper), "SSH_ASKPASS": str(helper), "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "credential.helper", "GIT_CONFIG_VALUE_0": str(helper),
        "GIT_CONFIG_PARAMETERS": f"'credential.helper={helper}'",
    }  # fmt: skip
    adapter = place.git()
    with pytest.raises(Refused) as caught:
        adapter.fetch(hostile(http.url()))
    assert caught.value.code == "no-access"
    assert not called.exists()
    assert http.tokens == [""]
    assert adapter.fetch(own(http.url())) == {}
    assert called.exists()
    assert set(http.tokens[1:]) == {"secret"}
    # What the user wrote into the address itself is used.
    assert adapter.fetch(hostile(http.url(user="robin:p4ss-word"))) == {}


def test_the_users_rewriting_of_addresses_is_for_their_own_repository(place: Place) -> None:
    adapter, bare = place.git(), place.bare()
    at = commit(adapter, own(bare), {"a": b"1"})
    place.configure(f"url.{bare.parent}/.insteadOf", "https://nobody.invalid/")
    assert adapter.fetch(own("https://nobody.invalid/config.git")) == {"refs/heads/main": at}
    with pytest.raises(RaptError):
        adapter.fetch(hostile("https://nobody.invalid/config.git"))


def test_a_registry_that_redirects_is_not_followed_and_learns_nothing(place: Place, http: HttpRemote) -> None:
    adapter = place.git()
    commit(adapter, own(http.url(user="robin:p4ss-word")), {"a": b"1"})
    with served(place.root / "remotes") as other:
        http.redirect_to = f"http://127.0.0.1:{other.port}"
        with pytest.raises(Invalid) as caught:
            adapter.fetch(hostile(http.url(user="robin:p4ss-word")))
        assert caught.value.code == "repository-moved"
        assert other.seen == []


@pytest.mark.parametrize("setting", ["http.followRedirects", "http.{origin}.followRedirects"])
def test_a_config_repository_that_redirects_sends_the_credentials_nowhere(
    place: Place, http: HttpRemote, setting: str
) -> None:
    adapter, remote = place.git(), own(http.url(user="robin:p4ss-word"))
    at = commit(adapter, remote, {"a": b"1"})
    place.configure(setting.format(origin=f"http://127.0.0.1:{http.port}"), "true")
    with served(place.root / "remotes") as other:
        http.redirect_to = f"http://127.0.0.1:{other.port}"
        for ask in (
            lambda: adapter.fetch(remote),
            lambda: commit(adapter, remote, {"a": b"2"}),
            lambda: adapter.delete_branch(remote, "main", expected=at),
        ):
            with pytest.raises(Invalid) as caught:
                ask()
            assert caught.value.code == "repository-moved"
            assert caught.value.hint == "kubectl rapt config set repository URL"
        assert other.seen == []


@pytest.mark.parametrize("name", [".git", "..", ".GIT", "a/b"])
def test_a_tree_that_would_leave_its_folder_is_refused(place: Place, name: str) -> None:
    bare = place.bare()
    blob = git("hash-object", "-w", "--stdin", cwd=bare, stdin="x")
    raw = place.root / "raw"
    raw.write_bytes(b"100644 %s\0%s" % (name.encode(), bytes.fromhex(blob)))
    tree = git("hash-object", "-w", "-t", "tree", "--literally", raw, cwd=bare)
    git("update-ref", "refs/heads/main", git("commit-tree", "-m", "x", tree, cwd=bare), cwd=bare)
    with pytest.raises(Invalid) as caught:
        place.git().fetch(hostile(bare))
    assert caught.value.code == "bad-objects"


REFUSED = [
    "", "-", "--upload-pack=touch x", "-oProxyCommand=touch x", "ext::sh -c touch% x", "fd::17", "a::b", "git::x",
    "ssh://-oProxyCommand=x/y", "ssh://-l@host/y", "ssh://host with space/y", "-oProxyCommand=x:y", "u@-host:y",
    "-u@host:y", "host:-y", "git://host/y", "ftp://host/y", "gopher://host/y", "file://host/y", "https://",
    "https:///y", "https://host\n.evil/y", "https://ho\x00st/y", "https://host;x/y", "https://$(x)/y", "ssh://`x`/y",
    "a\nb", "/a\x1b[31m", "javascript://x/%0a", "http+unix://x/y", "ssh://[::1/y", "`x`:y", "a b:c",
]  # fmt: skip


@pytest.mark.parametrize("trust", Trust)
@pytest.mark.parametrize("url", REFUSED)
def test_an_address_that_is_more_than_an_address_is_refused(place: Place, url: str, trust: Trust) -> None:
    with pytest.raises(Invalid) as caught:
        place.git().fetch(Remote(url, trust))
    assert caught.value.code == "bad-address"
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("url", ["http://host/y", "http://localhost.evil/y", "http://127.0.0.1.evil/y"])
def test_plain_http_carries_a_registry_on_this_machine_only(url: str) -> None:
    assert git_input.address(own(url), "") == (url, "http")
    with pytest.raises(Invalid):
        git_input.address(hostile(url), "")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://host/a/b.git", ("https://host/a/b.git", "https")),
        ("https://u:p@host:8443/a/b.git", ("https://u:p@host:8443/a/b.git", "https")),
        ("HTTPS://host/a", ("HTTPS://host/a", "https")),
        ("http://localhost:80/a", ("http://localhost:80/a", "http")),
        ("http://[::1]:80/a", ("http://[::1]:80/a", "http")),
        ("ssh://git@host:22/a", ("ssh://git@host:22/a", "ssh")),
        ("git@host.example:a/b.git", ("git@host.example:a/b.git", "ssh")),
        ("host:a", ("host:a", "ssh")),
        ("/a/b c", ("/a/b c", "file")),
        ("/a:b", ("/a:b", "file")),
        ("./a:b", (f"{Path.cwd()}/a:b", "file")),
        ("a/b", (f"{Path.cwd()}/a/b", "file")),
        ("~/a", ("/home/robin/a", "file")),
        ("file:///a/b", ("file:///a/b", "file")),
    ],
)
def test_addresses_that_people_use_are_taken(url: str, expected: tuple[str, str]) -> None:
    for trust in Trust:
        assert git_input.address(Remote(url, trust), "/home/robin") == expected


def test_a_registry_gets_only_the_protocol_of_its_address(place: Place) -> None:
    """Even where an older git would let a helper in, the list of protocols has one entry."""
    adapter, bare = place.git(), place.bare()
    mirror = adapter._mirrors.of(hostile(bare))
    with pytest.raises(RaptError) as caught:
        adapter._program.talk(mirror, "ls-remote", "ext::sh -c 'touch ran' --")
    assert caught.value.code == "bad-address"
    with pytest.raises(RaptError) as caught:
        adapter._program.talk(mirror, "ls-remote", "https://127.0.0.1/x")
    assert caught.value.code == "bad-address"


def test_the_environment_of_a_registry_holds_no_git_settings_of_the_user() -> None:
    given = {
        "PATH": "/bin", "HOME": "/h", "https_proxy": "p", "GIT_SSL_CAINFO": "/ca", "GIT_SSL_NO_VERIFY": "1",
        "GIT_PROXY_COMMAND": "x", "GIT_TEMPLATE_DIR": "x", "GIT_EXTERNAL_DIFF": "x",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": "x",
        "GIT_CONFIG_COUNT": "7", "GIT_TRACE_CURL": "1",
    }  # fmt: skip
    made = git_input.environment(given, Trust.HOSTILE, [("remote.rapt.url", "u")])
    assert {name: made[name] for name in ("PATH", "HOME", "https_proxy", "GIT_SSL_CAINFO")} == {
        "PATH": "/bin", "HOME": "/h", "https_proxy": "p", "GIT_SSL_CAINFO": "/ca",
    }  # fmt: skip
    assert not made.keys() & (
        given.keys() - {"PATH", "HOME", "https_proxy", "GIT_SSL_CAINFO", "GIT_CONFIG_COUNT"}
    )
    count = int(made["GIT_CONFIG_COUNT"])
    settings = {made[f"GIT_CONFIG_KEY_{n}"]: made[f"GIT_CONFIG_VALUE_{n}"] for n in range(count)}
    assert settings["credential.helper"] == ""
    assert made["GIT_TERMINAL_PROMPT"] == "0"
    assert made["LC_ALL"] == "C"
    assert settings["http.followRedirects"] == "false"
    assert f"GIT_CONFIG_KEY_{count}" not in made
    assert "GIT_TRACE_CURL" not in git_input.environment(given, Trust.OWN, [])


def test_what_is_not_in_the_given_environment_does_not_reach_git(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody Else")
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    assert place.git().identity() == "Robin <robin@example.com>"
    assert os.environ["GIT_AUTHOR_NAME"] == "Somebody Else"


def test_no_hook_runs_in_a_mirror_whatever_its_configuration_says(place: Place) -> None:
    bare = place.bare()
    adapter, remote = place.git(), own(bare)
    commit(adapter, remote, {"a": b"1\n"})
    adapter.fetch(remote)
    (mirror,) = place.mirrors()
    ran = place.root / "ran"
    script(place.root / "hooks" / "reference-transaction", f"touch {ran}")
    git("config", "core.hooksPath", str(place.root / "hooks"), cwd=mirror)
    parent = git("rev-parse", "main", cwd=bare)
    made = git("commit-tree", "-p", parent, "-m", "x", f"{parent}^{{tree}}", cwd=bare)
    git("update-ref", "refs/heads/main", made, cwd=bare)
    assert adapter.fetch(remote)["refs/heads/main"] == made
    assert not ran.exists()
    # The hook does work: git by itself runs it.
    git("update-ref", "refs/heads/x", made, cwd=mirror)
    assert ran.exists()
