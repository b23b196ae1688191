"""Container images made by hand: one layer, in the form that ``docker save`` writes."""

import hashlib
import io
import json
import platform
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

PAUSE = "localhost/pause:1"
BUSYBOX = ("docker.io/library/busybox:1.35", "docker.io/library/busybox:latest")

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
# A fixed time, for a fixed digest.
_CREATED = "1970-01-01T00:00:00Z"
_FOLDERS = dict.fromkeys(("bin", "dev", "etc", "home", "proc", "sys", "usr", "usr/bin", "var"), 0o755)
_FOLDERS |= {"root": 0o700, "tmp": 0o1777, "var/tmp": 0o1777}
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
}


def write_busybox_layer(path: Path, busybox: Path) -> None:
    """Writes a root file system as a tar: a static busybox with its links, users and a writable /tmp.

    The same busybox gives the same bytes, and so the same digest.
    """
    done = subprocess.run([str(busybox), "--list"], capture_output=True, text=True, check=True, timeout=60)
    with tarfile.open(path, mode="w") as tar:
        for name, mode in _FOLDERS.items():
            tar.addfile(_entry(name, tarfile.DIRTYPE, mode))
        for name, text in _FILES.items():
            _add(tar, name, text.encode())
        _add(tar, "bin/busybox", busybox.read_bytes(), mode=0o755)
        # A link from busybox to itself would hide the program.
        for applet in sorted(set(done.stdout.split()) - {"busybox"}):
            _link(tar, f"bin/{applet}", "busybox")
        _link(tar, "usr/bin/env", "../../bin/busybox")


def write_archive(
    path: Path,
    names: Sequence[str],
    layer: Path,
    command: Sequence[str] = ("sh",),
    env: Mapping[str, str] | None = None,
) -> None:
    """Writes an image of one layer, as ``ctr images import`` and ``docker load`` read it.

    Args:
        path: The file to write.
        names: The full names it gets, such as ``docker.io/library/busybox:1.35``.
        layer: The root file system, an uncompressed tar.
        command: What a container runs if its pod does not say.
        env: Environment variables, besides PATH.
    """
    with layer.open("rb") as file:
        layer_digest = hashlib.file_digest(file, "sha256").hexdigest()
    variables = [_PATH, *(f"{key}={value}" for key, value in (env or {}).items())]
    config = json.dumps(
        {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "created": _CREATED,
            "config": {"Cmd": list(command), "Env": variables, "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]},
            "history": [{"created": _CREATED}],
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": list(names), "Layers": ["layer.tar"]}]
    with tarfile.open(path, mode="w") as tar:
        tar.add(layer, "layer.tar")
        _add(tar, config_name, config)
        _add(tar, "manifest.json", json.dumps(manifest).encode())


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.mtime = kind, mode, 0
    return entry


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = _entry(name, tarfile.REGTYPE, mode)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def _link(tar: tarfile.TarFile, name: str, target: str) -> None:
    entry = _entry(name, tarfile.SYMTYPE, 0o777)
    entry.linkname = target
    tar.addfile(entry)
