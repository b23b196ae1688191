"""Remotes as people have them: a real sshd, HTTPS with a private authority, proxies, required signatures."""

import getpass
import os
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubectl_rapt.errors import Invalid, RaptError, Refused, Unavailable
from tests.cluster import debian
from tests.cluster.certificates import Authority
from tests.git.proxies import proxying
from tests.git.remotes import HttpRemote, Place, commit, git, own, script, served
from tests.servers import free_port

NOBODY_KNOWS = "repository.invalid"


def run(*words: str | Path, env: dict[str, str] | None = None, stdin: str = "") -> str:
    return subprocess.run(
        [*map(str, words)],
        env={**os.environ, **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def make_key(path: Path, passphrase: str = "") -> Path:
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "robin@example.com", "-f", path)
    return path


def public(key: Path) -> str:
    return key.with_name(f"{key.name}.pub").read_text()


# SSH.


@dataclass
class Ssh:
    """An sshd that takes one key, and an ``ssh`` of the user's own configuration."""

    place: Place
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{self.place.root}/remotes/config.git"

    def configure(self, **options: str) -> None:
        """What stands in ``~/.ssh/config``; ssh itself finds that by the user's account, not by HOME."""
        common = {
            "IdentityFile": str(self.folder / "key"),
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": str(self.folder / "known_hosts"),
            "GlobalKnownHostsFile": "/dev/null",
        }
        lines = [f"{name} {value}" for name, value in {**common, **options}.items()]
        (self.folder / "config").write_text("\n".join(lines) + "\n")

    def trust(self, key: Path) -> None:
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {public(key)}")


@pytest.fixture
def sshd(place: Place) -> Iterator[Ssh]:
    debian.install({"sshd": "openssh-server", "ssh": "openssh-client"})
    folder = place.root / "ssh"
    folder.mkdir(mode=0o700)
    place.bare()
    port = free_port()
    ssh = Ssh(place, folder, port)
    (folder / "authorized_keys").write_text(public(make_key(folder / "key")))
    ssh.trust(make_key(folder / "host"))
    ssh.configure()
    client = script(place.root / "bin" / "ssh", f'exec {shutil.which("ssh")} -F {folder}/config "$@"')
    place.environment["PATH"] = f"{client.parent}:{place.environment['PATH']}"
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized_keys\n"
        "PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    said = (folder / "log").open("w")
    server = subprocess.Popen(
        [debian.program("sshd"), "-D", "-e", "-f", folder / "sshd_config"],
        stderr=said,
        stdin=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60
        while "Server listening" not in (folder / "log").read_text():
            assert server.poll() is None and time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.02)
        yield ssh
    finally:
        server.terminate()
        server.wait(60)
        said.close()


def refused(place: Place, url: str) -> RaptError:
    """How reading a remote fails; quickly, and without asking anything."""
    asked = place.root / "asked"
    ask = script(place.root / "ask", f"touch {asked}; echo something")
    place.environment |= {"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":9"}
    began_at = time.monotonic()
    with pytest.raises(RaptError) as caught:
        place.git().fetch(own(url))
    assert time.monotonic() - began_at < 15
    assert not asked.exists()
    return caught.value


def test_a_change_goes_over_a_real_sshd(place: Place, sshd: Ssh) -> None:
    adapter, remote = place.git(), own(sshd.url)
    commit(adapter, remote, {"a": b"1"})
    at = commit(adapter, remote, {"a": b"2", "b/c": b"3"})
    shutil.rmtree(place.cache)
    assert place.git().files(remote, at) == {"a": b"2", "b/c": b"3"}
    short = own(f"{getpass.getuser()}@there:{place.root}/remotes/config.git")
    sshd.configure(HostName="127.0.0.1", Port=str(sshd.port))
    assert place.git().fetch(short) == {"refs/heads/main": at}


def test_a_host_that_is_not_known_is_not_spoken_to(place: Place, sshd: Ssh) -> None:
    (sshd.folder / "known_hosts").write_text("")
    error = refused(place, sshd.url)
    assert isinstance(error, Refused)
    assert (error.code, "git ls-remote ssh://" in error.hint) == ("no-access", True)
    assert error.message.endswith("Host key verification failed.")
    assert not (sshd.folder / "known_hosts").read_text()


def test_a_host_whose_key_changed_is_not_spoken_to(place: Place, sshd: Ssh) -> None:
    sshd.trust(make_key(sshd.folder / "other"))
    assert refused(place, sshd.url).code == "no-access"


def test_a_key_that_is_not_authorized_is_refused(place: Place, sshd: Ssh) -> None:
    sshd.configure(IdentityFile=str(make_key(sshd.folder / "other")))
    error = refused(place, sshd.url)
    assert (error.code, "Permission denied" in error.message) == ("no-access", True)


def test_a_locked_agent_refuses_and_an_open_one_signs(place: Place, sshd: Ssh) -> None:
    key = make_key(sshd.folder / "locked", "passphrase")
    (sshd.folder / "authorized_keys").write_text(public(key))
    sshd.configure(IdentityFile=str(key))
    assert refused(place, sshd.url).code == "no-access"
    with tempfile.TemporaryDirectory(prefix="rapt-agent-") as folder:
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", f"{folder}/s"], stdout=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 60
            while not Path(folder, "s").exists():
                assert time.monotonic() < until
                time.sleep(0.02)
            tell = script(place.root / "tell", "echo passphrase")
            socket_of = {"SSH_AUTH_SOCK": f"{folder}/s"}
            place.environment |= socket_of
            run(
                "ssh-add",
                "-q",
                key,
                env=socket_of | {"SSH_ASKPASS": str(tell), "SSH_ASKPASS_REQUIRE": "force"},
            )
            key.unlink()
            commit(place.git(), own(sshd.url), {"a": b"1"})
            run("ssh-add", "-x", env=socket_of | {"SSH_ASKPASS": str(tell), "SSH_ASKPASS_REQUIRE": "force"})
            assert refused(place, sshd.url).code == "no-access"
        finally:
            agent.terminate()
            agent.wait(60)


# HTTPS.


@pytest.fixture
def authority(place: Place) -> Authority:
    made = Authority(place.root / "authority")
    made.found()
    return made


@pytest.fixture
def https(place: Place, authority: Authority) -> Iterator[HttpRemote]:
    place.bare()
    pair = authority.server("server", [NOBODY_KNOWS], ["127.0.0.1"])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair.certificate, pair.key)
    with served(place.root / "remotes", "robin:p4ss-word", tls) as remote:
        yield remote


def credentials(place: Place, password: str = "p4ss-word") -> None:
    answer = f"test $1 = get && printf 'username=robin\\npassword={password}\\n' || true"
    place.configure("credential.helper", str(script(place.root / "helper", answer)))


def test_https_with_a_private_authority_and_a_credential_helper(
    place: Place, https: HttpRemote, authority: Authority
) -> None:
    url = f"https://127.0.0.1:{https.port}/config.git"
    credentials(place)
    error = refused(place, url)
    assert isinstance(error, Unavailable)
    assert (error.code, "certificate" in error.message) == ("unreachable", True)
    place.configure("http.sslCAInfo", str(authority.pair.certificate))
    at = commit(place.git(), own(url), {"a": b"1"})
    assert place.git().fetch(own(url)) == {"refs/heads/main": at}
    credentials(place, "wr0ng-word")
    error = refused(place, url)
    assert (error.code, "wr0ng-word" in f"{error.message}{error.hint}") == ("no-access", False)
    (place.home / ".gitconfig").write_text(f"[http]\n\tsslCAInfo = {authority.pair.certificate}\n")
    assert refused(place, url).code == "no-access"


def test_tunnels_that_are_cut_are_opened_again(place: Place, https: HttpRemote, authority: Authority) -> None:
    credentials(place)
    place.configure("http.sslCAInfo", str(authority.pair.certificate))
    url = f"https://{NOBODY_KNOWS}/config.git"
    with proxying(https.port) as proxy:
        place.configure("http.proxy", f"http://127.0.0.1:{proxy.port}")
        at = commit(place.git(), own(url), {"a": b"1"})
        proxy.cuts = 2
        assert place.git().fetch(own(url)) == {"refs/heads/main": at}
        assert proxy.cuts == 0


@pytest.mark.parametrize("way", ["http.proxy", "https_proxy"])
def test_the_users_proxy_is_used(place: Place, https: HttpRemote, authority: Authority, way: str) -> None:
    credentials(place)
    place.configure("http.sslCAInfo", str(authority.pair.certificate))
    url = f"https://{NOBODY_KNOWS}/config.git"
    with proxying(https.port, "robin:pr0xy-word") as proxy:
        for user, is_let in (("robin:pr0xy-word@", True), ("robin:wr0ng-word@", False)):
            address = f"http://{user}127.0.0.1:{proxy.port}"
            if way == "http.proxy":
                place.configure(way, address)
            else:
                place.environment[way] = address
            if is_let:
                commit(place.git(), own(url), {"a": b"1"})
            else:
                error = refused(place, url)
                assert (error.code, "-word" in f"{error.message}{error.hint}") == ("unreachable", False)
        assert set(proxy.asked) == {f"{NOBODY_KNOWS}:443"}


def test_an_address_that_the_user_rewrites_leads_elsewhere(place: Place) -> None:
    bare = place.bare()
    place.configure(f"url.{bare.parent}/.insteadOf", "https://repository.invalid/team/")
    at = commit(place.git(), own("https://repository.invalid/team/config.git"), {"a": b"1"})
    assert place.git().fetch(own(bare)) == {"refs/heads/main": at}


# Signatures.


def demand_signatures(bare: Path, verify: str, env: str = "") -> None:
    """A repository that takes only commits which ``git verify-commit`` accepts."""
    body = f"while read old new ref; do\n  {env} git {verify} verify-commit $new || exit 1\ndone"
    script(bare / "hooks" / "pre-receive", body)


@pytest.fixture
def gnupg() -> Iterator[Path]:
    # The sockets of gpg-agent need a short path.
    with tempfile.TemporaryDirectory(prefix="rapt-gpg-") as folder:
        try:
            yield Path(folder)
        finally:
            subprocess.run(
                ["gpgconf", "--kill", "all"], env={**os.environ, "GNUPGHOME": folder}, check=False, timeout=60
            )


def test_a_repository_that_requires_gpg_signatures_accepts_ours(place: Place, gnupg: Path) -> None:
    debian.install({"gpg": "gnupg"})
    home = {"GNUPGHOME": str(gnupg)}
    for user in ("robin@example.com", "stranger@example.com"):
        run(
            *(
                "gpg",
                "--batch",
                "--quiet",
                "--passphrase",
                "",
                "--quick-generate-key",
                user,
                "ed25519",
                "sign",
            ),
            env=home,
        )
    keyring = place.root / "keyring"
    keyring.mkdir(mode=0o700)
    exported = run("gpg", "--batch", "--armor", "--export", "robin@example.com", env=home)
    run("gpg", "--batch", "--quiet", "--import", env={"GNUPGHOME": str(keyring)}, stdin=exported)
    bare = place.bare()
    demand_signatures(bare, "", f"GNUPGHOME={keyring}")
    adapter, remote = place.git(), own(bare)
    with pytest.raises(Refused) as caught:
        commit(adapter, remote, {"a": b"0"})
    assert caught.value.code == "push-refused"

    place.environment |= home
    place.configure("commit.gpgSign", "true")
    place.configure("user.signingKey", "robin@example.com")
    at = commit(place.git(), remote, {"a": b"1"})
    git("verify-commit", at, cwd=bare, env={"GNUPGHOME": str(keyring)})

    place.configure("user.signingKey", "stranger@example.com")
    with pytest.raises(Refused) as caught:
        commit(place.git(), remote, {"a": b"2"})
    assert caught.value.code == "push-refused"
    place.configure("user.signingKey", "nobody@example.com")
    with pytest.raises(Invalid) as failed:
        commit(place.git(), remote, {"a": b"2"})
    assert (failed.value.code, "user.signingkey" in failed.value.hint) == ("signing-failed", True)
    assert place.git().fetch(remote) == {"refs/heads/main": at}


def test_a_repository_that_requires_ssh_signatures_accepts_ours(place: Place) -> None:
    key, stranger = make_key(place.root / "key"), make_key(place.root / "stranger")
    allowed = place.root / "allowed"
    allowed.write_text(f"robin@example.com {public(key)}")
    bare = place.bare()
    demand_signatures(bare, f"-c gpg.ssh.allowedSignersFile={allowed}")
    for name, value in {"commit.gpgSign": "true", "gpg.format": "ssh", "user.signingKey": str(key)}.items():
        place.configure(name, value)
    remote = own(bare)
    at = commit(place.git(), remote, {"a": b"1"})
    place.configure("user.signingKey", str(stranger))
    with pytest.raises(Refused) as caught:
        commit(place.git(), remote, {"a": b"2"})
    assert caught.value.code == "push-refused"
    assert place.git().fetch(remote) == {"refs/heads/main": at}
