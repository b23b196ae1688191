"""Signatures of tags: the keys that are believed, and no others, put where git looks for them."""

import base64
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kubectl_rapt.adapters import platform
from kubectl_rapt.adapters.git_answers import plain
from kubectl_rapt.errors import Problem, Refused

_PGP = "-----BEGIN PGP"
_X509 = b"-----BEGIN SIGNED MESSAGE-----"
_ALLOWED = "allowed-signers"
_HEAD = re.compile(rb"object ([0-9a-f]{40})\ntype commit\ntag ([^\n]+)\n")
_HINT = "ask those who look after the registry for a signed tag, or choose another version"


def about(content: bytes) -> tuple[str, str]:
    """The name and the commit in a tag object. Raises Refused if it points at no commit, or is signed with X.509."""
    found = _HEAD.match(content)
    if not found:
        raise Refused("bad-signature", "the tag points at no commit", _HINT)
    if _X509 in content:  # git would start gpgsm, which asks the person's own keyrings and a network
        raise Refused(
            "bad-signature", "the tag is signed with an X.509 certificate, which is not read", _HINT
        )
    return found[2].decode(errors="replace"), found[1].decode()


@contextmanager
def keyring(keys: Sequence[str]) -> Iterator[tuple[Mapping[str, str], Mapping[str, str]]]:
    """A private place with those keys; git's settings and environment that lead there."""
    with ExitStack() as opened:
        with platform.writing(Path(os.environ.get("TMPDIR") or "/tmp"), "TMPDIR"):
            folder = Path(tempfile.gettempdir(), f"rapt-keys-{os.urandom(8).hex()}")
            folder.mkdir(mode=0o700)
            opened.callback(shutil.rmtree, folder, ignore_errors=True)
            home = _filled(folder, keys)
        yield (
            {
                "gpg.ssh.allowedSignersFile": str(folder / _ALLOWED),
                "gpg.program": "gpg",
                "gpg.ssh.program": "ssh-keygen",
                "gpg.x509.program": os.devnull,
            },
            {"GNUPGHOME": str(home)},
        )


def _filled(folder: Path, keys: Sequence[str]) -> Path:
    """Write the keys where ssh's and gpg's programs look; gpg's home."""
    lines = [f'* namespaces="git" {key.strip()}\n' for key in keys if not key.startswith(_PGP)]
    (folder / _ALLOWED).write_text("".join(lines))
    home = folder / "gnupg"
    home.mkdir(mode=0o700)
    # A keyring is its keys one after another; gpg's own import would want an agent.
    ring = b"".join(_packets(key) for key in keys if key.startswith(_PGP))
    (home / "pubring.gpg").write_bytes(ring)
    return home


def _packets(key: str) -> bytes:
    """What an armored block holds (RFC 4880, section 6.2)."""
    _, _, body = key.replace("\r", "").partition("\n\n")
    lines = [line.strip() for line in body.splitlines()]
    try:
        return base64.b64decode("".join(line for line in lines if line[:1] not in ("=", "-")), validate=True)
    except ValueError:
        raise Refused(
            "bad-signature", "a PGP key of the registry's signers cannot be read", "mend signers in rapt.yaml"
        ) from None


def good(said: str) -> str:
    """Git's words on whose signature it is."""
    lines = [plain(line) for line in said.splitlines()]
    return next((line for line in lines if "good" in line.lower()), "")


def refusal(tag: str, said: str, keys: Sequence[str]) -> Refused:
    """What a signature that is not good comes to: what was expected and what was found."""
    words = [plain(line) for line in said.splitlines() if line.strip()]
    found = next((line for line in words if "signature" in line.lower()), (words or ["no signature"])[0])
    return Refused(
        "bad-signature",
        f"the tag {plain(tag)} is not signed by one of the registry's signers",
        _HINT,
        [Problem("expected", ", ".join(_called(key) for key in keys)), Problem("found", found)],
    )


def _called(key: str) -> str:
    """A key by its kind and comment, or by the beginning of it."""
    if key.startswith(_PGP):
        return "a PGP key"
    kind, material, *comment = key.strip().split(" ", 2)
    return f"{kind} {comment[0] if comment else material[-12:]}"
