"""Signed tags, with real ssh and GPG keys: good ones pass, everything else is refused with the reason."""

import subprocess
from pathlib import Path

import pytest

from kubectl_rapt.errors import Refused
from tests.git.remotes import Place, commit, git, hostile, own, script


def ssh_key(folder: Path, name: str) -> str:
    """Make a key pair; the public line."""
    folder.mkdir(exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return (folder / f"{name}.pub").read_text()


def gpg_key(home: Path, name: str, expires: str = "never") -> str:
    """Make a key pair in a home of its own; the public block."""
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--batch", "--quiet", "--homedir", str(home)]
    who = f"{name} <{name}@example.com>"
    made = ["--passphrase", "", "--quick-generate-key", who, "ed25519", "sign", expires]
    subprocess.run([*gpg, *made], check=True, capture_output=True)
    return subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(place: Place) -> tuple[Path, str]:
    """A bare repository and its first commit."""
    bare = place.bare()
    return bare, commit(place.git(), own(bare), {"a": b"1"})


def sign(bare: Path, tag: str, at: str, *settings: str, env: dict[str, str] | None = None) -> str:
    """Sign a tag; the tag object's id."""
    words = [word for setting in settings for word in ("-c", setting)]
    git(*words, "tag", "--force", "--sign", "-m", "a release", tag, at, cwd=bare, env=env)
    return git("rev-parse", f"refs/tags/{tag}", cwd=bare)


def by_ssh(place: Place, name: str) -> tuple[str, str]:
    return "gpg.format=ssh", f"user.signingKey={place.root / 'keys' / name}"


def test_a_tag_signed_by_a_key_of_the_list_is_good(place: Place, repository: tuple[Path, str]) -> None:
    bare, at = repository
    others, mine = ssh_key(place.root / "keys", "other"), ssh_key(place.root / "keys", "mine")
    pgp = gpg_key(place.root / "gnupg", "robin")
    adapter, remote = place.git(), hostile(bare)
    by_pgp = {"GNUPGHOME": str(place.root / "gnupg")}
    tags = {
        "say/v1.0.0": sign(bare, "say/v1.0.0", at, *by_ssh(place, "mine")),
        "say/v1.1.0": sign(bare, "say/v1.1.0", at, "user.signingKey=robin", env=by_pgp),
    }
    adapter.fetch(remote)
    for tag, id_ in tags.items():
        signed = adapter.signed(remote, id_, [others, pgp, mine])
        assert (signed.tag, signed.commit) == (tag, at)
        assert "ood" in signed.signer
        known = adapter.known(remote)
        assert known is not None
        assert known.tags[f"refs/tags/{tag}"] == id_


def test_every_other_signature_is_refused(place: Place, repository: tuple[Path, str]) -> None:
    bare, at = repository
    mine, other = ssh_key(place.root / "keys", "mine"), ssh_key(place.root / "keys", "other")
    mine_pgp, other_pgp = gpg_key(place.root / "one", "robin"), gpg_key(place.root / "two", "sam")
    annotated = ("-c", "user.name=Sam", "-c", "user.email=sam@example.com", "tag", "-a", "-m", "x")
    git(*annotated, "unsigned", at, cwd=bare)
    git(*annotated, "of-a-tree", f"{at}^{{tree}}", cwd=bare)
    good = sign(bare, "good", at, *by_ssh(place, "mine"))
    text = git("cat-file", "tag", good, cwd=bare).replace("a release", "another one") + "\n"
    pgp = {"GNUPGHOME": str(place.root / "one")}
    tags = {
        "unsigned": git("rev-parse", "unsigned", cwd=bare),
        "of-a-tree": git("rev-parse", "of-a-tree", cwd=bare),
        "changed": git("hash-object", "-t", "tag", "-w", "--stdin", cwd=bare, stdin=text),
        "pgp": sign(bare, "pgp", at, "user.signingKey=robin", env=pgp),
        "good": good,
    }
    git("update-ref", "refs/tags/changed", tags["changed"], cwd=bare)
    adapter, remote = place.git(), hostile(bare)
    adapter.fetch(remote)
    keys = {"mine": [mine], "other": [other], "both pgp": [other_pgp], "no such": [other, other_pgp]}
    passed = {
        (tag, name)
        for tag, id_ in tags.items()
        for name, chosen in {**keys, "pgp": [mine_pgp]}.items()
        if _is_good(lambda id_=id_, chosen=chosen: adapter.signed(remote, id_, chosen))
    }
    assert passed == {("good", "mine"), ("pgp", "pgp")}
    with pytest.raises(Refused) as caught:
        adapter.signed(remote, good, [other])
    assert caught.value.code == "bad-signature"
    expected, found = caught.value.problems
    assert (expected.where, expected.what) == ("expected", "ssh-ed25519 other")
    assert (found.where, "signature" in found.what) == ("found", True)


def _is_good(check: object) -> bool:
    try:
        check()  # type: ignore[operator]
    except Refused:
        return False
    return True


def test_the_users_own_keys_do_not_count(place: Place, repository: tuple[Path, str]) -> None:
    bare, at = repository
    mine, other = ssh_key(place.root / "keys", "mine"), ssh_key(place.root / "keys", "other")
    gpg_key(place.root / "gnupg", "robin")
    allowed = place.root / "allowed"
    allowed.write_text(f"* {mine}")
    place.configure("gpg.ssh.allowedSignersFile", str(allowed))
    place.environment["GNUPGHOME"] = str(place.root / "gnupg")
    tags = [
        sign(bare, "a", at, *by_ssh(place, "mine")),
        sign(bare, "b", at, "user.signingKey=robin", env={"GNUPGHOME": str(place.root / "gnupg")}),
    ]
    adapter, remote = place.git(), hostile(bare)
    adapter.fetch(remote)
    for tag in tags:
        with pytest.raises(Refused):
            adapter.signed(remote, tag, [other])


def test_a_pgp_key_that_cannot_be_read_is_refused(place: Place, repository: tuple[Path, str]) -> None:
    bare, at = repository
    tag = sign(bare, "a", at, *by_ssh(place, ssh_key(place.root / "keys", "mine") and "mine"))
    adapter, remote = place.git(), hostile(bare)
    adapter.fetch(remote)
    block = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nA*AA\n-----END PGP PUBLIC KEY BLOCK-----\n"
    with pytest.raises(Refused) as caught:
        adapter.signed(remote, tag, [block])
    assert "cannot be read" in caught.value.message


def test_nothing_is_left_of_the_keys(
    place: Place, repository: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, at = repository
    temporary = place.root / "tmp"
    temporary.mkdir()
    mine, pgp = ssh_key(place.root / "keys", "mine"), gpg_key(place.root / "gnupg", "robin")
    tag = sign(bare, "a", at, *by_ssh(place, "mine"))
    adapter, remote = place.git(), hostile(bare)
    adapter.fetch(remote)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    assert adapter.signed(remote, tag, [mine, pgp]).commit == at
    assert list(temporary.iterdir()) == []


def test_a_tag_signed_with_a_certificate_starts_no_program(
    place: Place, repository: tuple[Path, str]
) -> None:
    bare, at = repository
    mine, ran = ssh_key(place.root / "keys", "mine"), place.root / "ran"
    script(place.root / "bin" / "gpgsm", f"touch {ran}")
    place.environment["PATH"] = f"{place.root / 'bin'}:{place.environment['PATH']}"
    signature = "-----BEGIN SIGNED MESSAGE-----\nMIIB\n-----END SIGNED MESSAGE-----\n"
    tag = f"object {at}\ntype commit\ntag say/v1.0.0\ntagger R <r@example.com> 1700000000 +0000\n\nx\n{signature}"
    id_ = git("hash-object", "-w", "-t", "tag", "--stdin", cwd=bare, stdin=tag)
    git("update-ref", "refs/tags/say/v1.0.0", id_, cwd=bare)
    adapter, remote = place.git(), hostile(bare)
    adapter.fetch(remote)
    with pytest.raises(Refused) as caught:
        adapter.signed(remote, id_, [mine])
    assert (caught.value.code, "X.509" in caught.value.message) == ("bad-signature", True)
    assert not ran.exists()
