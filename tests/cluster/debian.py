"""The machine's own programs that the cluster needs, from Debian's packages where they are missing."""

import functools
import os
import shutil
import subprocess
from pathlib import Path

from tests.cluster.telling import ClusterError, tell

CONTROL_PLANE = {"openssl": "openssl", "setsid": "util-linux"}
SHELLS = {"bash": "bash", "bash_completion": "bash-completion", "fish": "fish", "zsh": "zsh"}
NODE = {
    "containerd": "containerd",
    "ctr": "containerd",
    "containerd-shim-runc-v2": "containerd",
    "runc": "runc",
    "bridge": "containernetworking-plugins",
    "busybox": "busybox-static",
    "iptables": "iptables",
    "ip": "iproute2",
    "mount": "mount",
}

_CNI_FOLDERS = ("/usr/lib/cni", "/opt/cni/bin")
_FILES = {"bash_completion": Path("/usr/share/bash-completion/bash_completion")}
"""What is read and not run, and is no program for that."""
# Some programs live in folders that an ordinary user's PATH lacks.
PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
_INSTALL_TIMEOUT_SECONDS = 10 * 60


@functools.cache
def program(name: str) -> Path:
    """The path of one of the programs above.

    Raises:
        ClusterError: It is not on this machine.
    """
    found = _find(name)
    if found is None:
        raise ClusterError(f"no program {name!r} on this machine")
    return found


def install(wanted: dict[str, str]) -> None:
    """Installs the packages of those programs that are missing.

    Args:
        wanted: Program name to package name.

    Raises:
        ClusterError: Something is missing and we are not root, or there is no apt-get, or it failed.
    """
    packages = sorted({package for name, package in wanted.items() if _find(name) is None})
    if not packages:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get", path=PATH):
        raise ClusterError(
            f"missing on this machine; install them as root: apt-get install {' '.join(packages)}"
        )
    tell(f"installing {' '.join(packages)}")
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        try:
            done = subprocess.run(
                ["apt-get", "--quiet", "--option=DPkg::Lock::Timeout=300", *arguments],
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive", "PATH": PATH},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=_INSTALL_TIMEOUT_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise ClusterError(f"apt-get {arguments[0]} took over {_INSTALL_TIMEOUT_SECONDS} s") from None
        # A stale mirror among several fails the update, not what we need: let the install decide.
        if done.returncode and arguments[0] == "install":
            raise ClusterError(f"apt-get install {' '.join(packages)} failed", done.stdout[-4000:])
    still_missing = [name for name in wanted if _find(name) is None]
    if still_missing:
        raise ClusterError(f"still missing after apt-get install: {' '.join(still_missing)}")


def run(*argv: str | Path, timeout_seconds: float = 60) -> str:
    """The standard output of one of the programs above.

    Raises:
        ClusterError: It answered with another code than 0, or not in time.
    """
    try:
        done = subprocess.run(
            [str(program(str(argv[0]))), *map(str, argv[1:])],
            env=os.environ | {"PATH": PATH, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(f"{argv[0]} {argv[1]} took over {timeout_seconds:.0f} s") from None
    if done.returncode:
        raise ClusterError(f"{' '.join(map(str, argv))}: exit code {done.returncode}", done.stderr[-2000:])
    return done.stdout


def _find(name: str) -> Path | None:
    if name in _FILES:
        return _FILES[name] if _FILES[name].exists() else None
    path = os.pathsep.join(_CNI_FOLDERS) if name == "bridge" else PATH
    found = shutil.which(name, path=path)
    if found is None or (name == "busybox" and not _is_static(Path(found))):
        return None
    return Path(found)


def _is_static(program: Path) -> bool:
    # A program that needs shared libraries names its loader in its first page.
    with program.open("rb") as file:
        return b"/ld-" not in file.read(4096)
