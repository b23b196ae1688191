"""The programs of Kubernetes, built from their Go modules into a cache.

A program is built once per version and machine, under a lock, and appears in the cache all at once. The cache
is ``${XDG_CACHE_HOME:-~/.cache}/rapt-testbed/<module>-<version>/``; deleting it costs time only.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.locks import locked
from tests.cluster.telling import ClusterError, tell

BUILD_TIMEOUT_SECONDS = 45 * 60


# Taken once: tests give themselves another HOME, and must not build everything again there.
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rapt-testbed"


@dataclass(frozen=True)
class Source:
    """A published Go module and the commands in it that we build.

    Attributes:
        name: Names the folder in the cache.
        module: The module's path.
        version: The module's version, such as ``v1.35.4``.
        commands: Program name to Go package.
        staged_version: The published version that stands for each of its local ``replace`` lines, where its
            ``require`` lines do not give one already.
        stamp: Variables that the linker sets (``package.variable`` to value).
        tags: Build tags.
        has_c: Whether some of it is written in C.
    """

    name: str
    module: str
    version: str
    commands: Mapping[str, str]
    staged_version: str = ""
    stamp: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] = ()
    has_c: bool = False


def _kubernetes(version: str) -> Source:
    _, minor, _ = version.split(".")
    facts = {"gitVersion": version, "gitMajor": "1", "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return Source(
        name="kubernetes",
        module="k8s.io/kubernetes",
        version=version,
        # In this order: the API server compiles most of what the others share.
        commands={
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet")
        },
        staged_version=version.replace("v1.", "v0.", 1),
        stamp={f"{package}.{fact}": value for package in packages for fact, value in facts.items()},
    )


KUBERNETES = _kubernetes("v1.35.4")
ETCD = Source(
    name="etcd",
    module="go.etcd.io/etcd/server/v3",
    version="v3.6.6",
    commands={"etcd": "go.etcd.io/etcd/server/v3"},
)


def cache() -> Path:
    """The folder that outlives clusters: built programs and images."""
    return _CACHE


def built(source: Source, *names: str) -> dict[str, Path]:
    """The paths of these programs, after building those that the cache lacks.

    Args:
        source: The module they come from.
        names: Keys of ``source.commands``.

    Raises:
        ClusterError: Go is missing, or a build failed.
    """
    home = cache() / f"{source.name}-{source.version}"
    paths = {name: home / name for name in names}
    if all(path.exists() for path in paths.values()):
        return paths
    with locked(home / "lock"):
        missing = [name for name in source.commands if name in paths and not paths[name].exists()]
        if missing:
            _prepare(source, home / "module")
        for name in missing:
            _build(source, home, name)
    return paths


def _prepare(source: Source, folder: Path) -> None:
    """Writes a small module of ours that requires the source, with all its checksums."""
    if (folder / "go.sum").exists():
        return
    tell(f"fetching {source.module} {source.version}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    module = json.loads(_go(folder, "mod", "download", "-json", f"{source.module}@{source.version}"))
    theirs = json.loads(_go(folder, "mod", "edit", "-json", module["GoMod"]))
    (folder / "go.mod").write_text(_go_mod(source, theirs))
    # Writes go.sum last, which so tells that the folder is whole.
    _go(folder, "mod", "tidy")


def _go_mod(source: Source, theirs: Mapping[str, object]) -> str:
    """Our go.mod; ``replace`` lines count only in the module that is built, so ours restates theirs."""
    lines = ["module rapt.dev/testcluster", f"go {theirs['Go']}"]
    if source.staged_version:
        lines.append(f"godebug default=go{'.'.join(str(theirs['Go']).split('.')[:2])}")
    lines += [f"tool {package}" for package in source.commands.values()]
    lines.append(f"require {source.module} {source.version}")
    replacements = theirs.get("Replace") or []
    assert isinstance(replacements, list)
    for replacement in replacements:
        old, new = replacement["Old"]["Path"], replacement["New"]
        if not new["Path"].startswith("."):
            lines.append(f"replace {old} => {new['Path']} {new['Version']}")
        elif source.staged_version:
            lines.append(f"replace {old} => {old} {source.staged_version}")
    return "\n".join(lines) + "\n"


def _build(source: Source, home: Path, name: str) -> None:
    tell(f"building {name} {source.version}")
    started = time.monotonic()
    stamp = " ".join(f"-X {variable}={value}" for variable, value in source.stamp.items())
    fresh = home / f".{name}.new"
    flags = ["-trimpath", f"-ldflags=-s -w {stamp}", f"-tags={','.join(source.tags)}", f"-o={fresh}"]
    _go(home / "module", "build", *flags, source.commands[name], has_c=source.has_c)
    fresh.rename(home / name)
    tell(f"built {name} in {time.monotonic() - started:.0f} s")


def _go(folder: Path, *arguments: str, has_c: bool = False) -> str:
    # CGO off, wherever it may be: no C compiler needed, and the programs run on any Linux.
    env = {"CGO_ENABLED": str(int(has_c)), "GOWORK": "off", "GOFLAGS": "-buildvcs=false -mod=mod"}
    try:
        done = subprocess.run(
            ["go", *arguments],
            cwd=folder,
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BUILD_TIMEOUT_SECONDS,
        )
    except FileNotFoundError:
        raise ClusterError("no go program on PATH; programs are built with Go 1.25 or newer") from None
    except subprocess.TimeoutExpired:
        raise ClusterError(f"go {arguments[0]} took over {BUILD_TIMEOUT_SECONDS} s in {folder}") from None
    if done.returncode:
        raise ClusterError(f"go {' '.join(arguments[:2])} failed in {folder}", done.stderr[-4000:])
    return done.stdout
