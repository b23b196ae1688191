"""What krew is told of Rapt: one manifest, with a platform for each archive that exists.

The rules are krew's own: https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

PLATFORMS = tuple((system, machine) for system in ("linux", "darwin") for machine in ("amd64", "arm64"))
"""Go's names, which are krew's: of the system and of the machine."""
HOMEPAGE = "https://rapt.dev"
ADDRESS = f"{HOMEPAGE}/releases"
"""Below which a release's archives are, in a folder of its version, unless whoever releases says otherwise."""
INDEX = "plugins/rapt.yaml"
"""Where an index of krew's, which is a git repository, has the manifest."""
PROGRAM = "kubectl-rapt"
_TEXT = """\
# The plugin as krew knows it, written by `make package`: a platform for each archive that there is.
{note}apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: rapt
spec:
  version: v{version}
  homepage: {homepage}
  shortDescription: Run reviewed, versioned tools as Jobs
  description: |
    Renders typed, versioned templates of the tools that a team runs as Jobs into
    a git repository for review, applies them to a cluster, runs them with one
    command that streams the log and ends with the container's exit code, and
    keeps a record of who ran what, from which version, and why it failed.
  caveats: |
    Needs git. An administrator installs Rapt's kinds once a cluster:
      kubectl rapt install
    Completion at the tab key:
      kubectl rapt completion install
  platforms:{platforms}
"""
_NOTHING = "# Nothing is released: krew refuses it like this, as there is nothing that it could install.\n"
_PLATFORM = """
  - selector:
      matchLabels:
        os: {system}
        arch: {machine}
    uri: {address}/v{version}/{name}
    sha256: "{sha256}"
    bin: {program}"""


@dataclass(frozen=True)
class Archive:
    """An archive that exists.

    Args:
        system: Of ``PLATFORMS``.
        machine: Likewise.
        sha256: The digest of its bytes, in lower-case hexadecimal digits.
    """

    system: str
    machine: str
    sha256: str


def name(version: str, system: str, machine: str) -> str:
    """The file name of a platform's archive."""
    return f"{PROGRAM}_v{version}_{system}_{machine}.tar.gz"


def archives(version: str, folder: Path) -> list[Archive]:
    """The archives of that version in a folder, in the order of ``PLATFORMS``."""
    return [
        Archive(system, machine, sha256(path.read_bytes()).hexdigest())
        for system, machine in PLATFORMS
        if (path := folder / name(version, system, machine)).is_file()
    ]


def manifest(version: str, found: Sequence[Archive], address: str = ADDRESS) -> str:
    """The text of the manifest.

    Args:
        version: Of Rapt, without ``v``.
        found: The archives that there are.
        address: Below which they can be had, each release in the folder ``v<version>``.
    """
    platforms = "".join(
        _PLATFORM.format(
            system=one.system,
            machine=one.machine,
            address=address.rstrip("/"),
            version=version,
            name=name(version, one.system, one.machine),
            sha256=one.sha256,
            program=PROGRAM,
        )
        for one in found
    )
    return _TEXT.format(
        note="" if found else _NOTHING, version=version, homepage=HOMEPAGE, platforms=platforms or " []"
    )
