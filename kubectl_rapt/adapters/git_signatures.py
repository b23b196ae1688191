"""Signatures of tags: the keys that are believed, and no others, put where git looks for them."""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from kubectl_rapt.adapters.git_answers import plain
from kubectl_rapt.errors import Problem, Refused

_PGP = "-----BEGIN PGP"
_HEAD = re.compile(rb"object ([0-9a-f]{40})\ntype commit\ntag ([^\n]+)\n")
_HINT = "ask those who look after the registry for a signed tag, or choose another version"


def about(content: bytes) -> tuple[str, str]:
    """The name and the commit in a tag object. Raises Refused where it points at no commit."""
    found = _HEAD.match(content)
    if not found:
        raise Refused("bad-signature", "the tag points at no commit", _HINT)
    return found[2].decode(errors="replace"), found[1].decode()


@contextmanager
def keyring(
    keys: Sequence[str], environment: Mapping[str, str]
) -> Iterator[tuple[Mapping[str, str], Mapping[str, str]]]:
    """A private place with those keys; git's settings and environment that lead there."""
    with tempfile.TemporaryDirectory(prefix="rapt-keys-") as name:
        folder = Path(name)
        allowed = folder / "allowed-signers"
        lines = [f'* namespaces="git" {key.strip()}\n' for key in keys if not key.startswith(_PGP)]
        allowed.write_text("".join(lines))
        home = folder / "gnupg"
        home.mkdir(mode=0o700)
        for key in keys:
            if key.startswith(_PGP):
                _import(key, home, environment)
        yield (
            {
                "gpg.ssh.allowedSignersFile": str(allowed),
                "gpg.program": "gpg",
                "gpg.ssh.program": "ssh-keygen",
            },
            {"GNUPGHOME": str(home)},
        )


def _import(key: str, home: Path, environment: Mapping[str, str]) -> None:
    command = (
        "gpg",
        "--batch",
        "--quiet",
        "--no-autostart",
        "--no-options",
        "--homedir",
        str(home),
        "--import",
    )
    kept = {name: value for name, value in environment.items() if name in ("PATH", "HOME", "TMPDIR")}
    try:
        done = subprocess.run(
            command,
            input=key.encode(),
            env={**kept, "LC_ALL": "C"},
            capture_output=True,
            timeout=30,
            check=False,
        )
        said = "" if done.returncode == 0 else done.stderr.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    if said:
        raise Refused(
            "bad-signature",
            f"a PGP key of the registry's signers cannot be read: {plain(said)}",
            "mend signers in rapt.yaml; gpg must be installed",
        )


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
