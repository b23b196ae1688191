"""The folder that a person works in, read strictly, and written whole or not at all."""

import hashlib
import io
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from kubectl_rapt.adapters import git_input, leftovers, platform
from kubectl_rapt.adapters.trace import SILENT, Trace
from kubectl_rapt.errors import Invalid, NotFound, Refused
from kubectl_rapt.model import shell
from kubectl_rapt.ports.git import Trust

_FOLDERS = ("templates", "registry", "policies")
_MOST_BYTES = 64 * 1024 * 1024
_MOST_FILES = 20_000
_GIT_SECONDS = 20
_SAFE = (
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "safe.bareRepository=explicit"),
)
"""A folder in somebody's tree may look like a bare repository, whose configuration names programs."""


class Checkout:
    """Implements CheckoutReads and CheckoutWrites.

    Args:
        environment: The environment for ``git``.
        trace: Is told of every command.
    """

    def __init__(self, environment: Mapping[str, str], trace: Trace = SILENT) -> None:
        self._environment, self._trace = dict(environment), trace

    def find(self, start: str = "") -> tuple[str, str]:
        """See CheckoutReads."""
        here = Path(os.path.abspath(start or "."))  # noqa: PTH100 - without the dots, and links as they are
        for folder in (here, *here.parents):
            if (folder / "registry" / "index.yaml").is_file() or (folder / "templates").is_dir():
                inside = here.relative_to(folder).as_posix()
                return str(folder), "" if inside == "." else inside
        raise NotFound(
            "no-checkout",
            f"{here} is not inside a registry: no folder above it has registry/index.yaml or templates/",
            ("mkdir templates", "go to the registry's checkout"),
        )

    def above(self, mark: str, start: str = "") -> str:
        """See CheckoutReads."""
        here = Path(os.path.abspath(start or "."))  # noqa: PTH100 - without the dots, and links as they are
        return next((str(folder) for folder in (here, *here.parents) if (folder / mark).is_file()), "")

    def contents(self, root: str, names: Sequence[str]) -> Mapping[str, bytes]:
        """See CheckoutReads."""
        found: list[str] = []
        for name in names:
            place = _inside(root, name)
            paths = _walk(place, root) if place.is_dir() else [place] if place.exists() else []
            found += (path.relative_to(root).as_posix() for path in paths)
        return _Contents(root, found)

    def committed(self, root: str, names: Sequence[str]) -> tuple[str, frozenset[str]]:
        """See CheckoutReads."""
        try:
            head = self._git(root, "rev-parse", "--verify", "--quiet", "HEAD")
            if head.returncode:
                return "", frozenset()
            prefix = self._git(root, "rev-parse", "--show-prefix").stdout.rstrip(b"\n")
            asked = (
                "status",
                "--porcelain",
                "-z",
                "--ignored",
                "--untracked-files=all",
                "--no-renames",
                "--ignore-submodules=all",
                "--",
            )
            answer = self._git(root, *asked, *names)
            if answer.returncode:  # nobody knows what is committed
                return "", frozenset()
            entries = [
                (entry[:2], entry[3:].removeprefix(prefix)) for entry in answer.stdout.split(b"\0") if entry
            ]
            edited = [path for state, path in entries if state == b" M"]
            same = self._as_in_lfs(root, prefix, edited) if edited else set()
        except (OSError, subprocess.TimeoutExpired):
            return "", frozenset()
        paths = {path for _, path in entries} - same
        return head.stdout.decode().strip(), frozenset(os.fsdecode(path) for path in paths)

    def _as_in_lfs(self, root: str, prefix: bytes, edited: Sequence[bytes]) -> set[bytes]:
        """Of edited files, those in Git LFS that are what their pointers in git say.

        For git they are edited, because the filter that would make pointers of them is not run.
        """
        asked = b"".join(path + b"\0" for path in edited)
        told = self._git(root, "check-attr", "-z", "--stdin", "filter", stdin=asked).stdout.split(b"\0")
        filters = dict(zip(told[::3], told[2::3], strict=False))
        paths = [path for path in edited if filters.get(path) == b"lfs" and b"\n" not in path]
        names = b"".join(b"HEAD:%s%s\n" % (prefix, path) for path in paths)
        answer = io.BytesIO(self._git(root, "cat-file", "--batch", stdin=names).stdout if names else b"")
        same = set()
        for path in paths:
            size = answer.readline().split(b" ")[-1].strip()
            committed = answer.read(int(size) + 1)[:-1] if size.isdigit() else b""
            with suppress(Invalid):
                content = _read(Path(root, os.fsdecode(path)), root)
                if committed == _pointer(content):
                    same.add(path)
        return same

    def _git(self, root: str, *words: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """Ask git about a folder that may be anybody's: nothing that its configuration names is run."""
        return self._run(root, self._quiet(root), *words, stdin=stdin)

    def _quiet(self, root: str) -> dict[str, str]:
        """The settings that switch off every content filter that is configured, by name.

        Raises:
            OSError: git cannot say which there are.
        """
        asked = (
            "config",
            "-z",
            "--name-only",
            "--get-regexp",
            r"^filter\..*\.(clean|smudge|process|required)$",
        )
        found = self._run(root, {}, *asked)
        if found.returncode > 1:
            raise OSError("git cannot read its configuration")
        names = {os.fsdecode(key).rpartition(".")[0] for key in found.stdout.split(b"\0") if key}
        off = {f"{name}.{key}": "" for name in names for key in ("clean", "smudge", "process")}
        return off | {f"{name}.required": "false" for name in names}

    def _run(
        self, root: str, settings: Mapping[str, str], *words: str, stdin: bytes = b""
    ) -> "subprocess.CompletedProcess[bytes]":
        environment = {
            **git_input.environment(self._environment, Trust.OWN, ()),
            "GIT_OPTIONAL_LOCKS": "0",  # the index is not written, which would run a hook
            "GIT_ALLOW_PROTOCOL": "none",  # what a partial clone lacks is not fetched, by a program that it names
        }
        start = int(environment.get("GIT_CONFIG_COUNT") or 0)
        for number, (key, value) in enumerate(settings.items(), start):
            environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        environment["GIT_CONFIG_COUNT"] = str(start + len(settings))
        began_at, code = time.monotonic(), None
        try:
            done = subprocess.run(
                ["git", "-C", root, *_SAFE, *words],
                env=environment,
                capture_output=True,
                input=stdin,
                timeout=_GIT_SECONDS,
                check=False,
            )
            code = done.returncode
        finally:
            self._trace.command(("git", *words), began_at, code, root)
        return done

    def files(self, root: str) -> Mapping[str, bytes]:
        """See CheckoutReads."""
        found: dict[str, bytes] = {}
        size = 0
        for name in _FOLDERS:
            for path in _walk(Path(root, name), root):
                content = _read(path, root)
                size += len(content)
                found[path.relative_to(root).as_posix()] = content
                if size > _MOST_BYTES or len(found) > _MOST_FILES:
                    raise _bad(
                        path, root, "is one file too many: a registry holds texts, at most 64 MiB of them"
                    )
        return found

    def origin(self, root: str) -> str:
        """See CheckoutReads."""
        try:
            top = self._git(root, "rev-parse", "--show-toplevel")
            done = self._git(root, "remote", "get-url", "origin")
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotFound(
                "no-origin", f"git cannot be asked for origin: {error}", "git --version"
            ) from error
        if top.returncode or Path(os.fsdecode(top.stdout.strip())).resolve() != Path(root).resolve():
            raise NotFound(
                "no-origin",
                f"{root} is not the top of a git repository",
                "git init && git remote add origin URL",
            )
        address = done.stdout.decode(errors="replace").strip()
        if done.returncode or not address:
            raise NotFound("no-origin", f"{root} has no remote called origin", "git remote add origin URL")
        is_path = "://" not in address and ":" not in address.partition("/")[0]
        place = Path(root, address if is_path else unquote(address.removeprefix("file://")))
        if (is_path or address.startswith("file://")) and place.resolve().is_relative_to(
            Path(root).resolve()
        ):
            raise Refused(
                "origin-inside",
                f"origin of {root} is a folder inside it: its hooks would run",
                "git remote set-url origin URL",
            )
        return os.path.normpath(place) if is_path and not address.startswith("~") else address

    def document(self, path: str) -> bytes:
        """See CheckoutReads."""
        if path == "-":
            return sys.stdin.buffer.read(_MOST_BYTES)
        try:
            with Path(path).open("rb") as file:
                return file.read(_MOST_BYTES)
        except OSError as error:
            raise NotFound(
                "no-file",
                f"{path} cannot be read: {error.strerror}; - is standard input",
                f"ls -l {shell.word(str(Path(path).parent))}",
            ) from error

    def write(
        self,
        root: str,
        files: Mapping[str, bytes | None],
        *,
        is_program: bool = False,
        is_private: bool = False,
    ) -> None:
        """See CheckoutWrites."""
        drafts: dict[Path, Path] = {}
        before: dict[Path, bytes | None] = {}
        written: list[Path] = []
        place = Path(root)
        try:
            platform.make(place)  # evidence, which has logs in it, makes its folder so
            places = {_inside(root, path): content for path, content in files.items()}
            if is_private:
                for place in places:
                    _close(Path(root), place.parent)
            for place, content in places.items():
                before[place] = place.read_bytes() if place.is_file() else None
                if content is not None:
                    drafts[place] = _draft(place, content, is_program=is_program, is_private=is_private)
            for place in places:
                written.append(place)
                if place in drafts:
                    drafts[place].replace(place)
                else:
                    place.unlink(missing_ok=True)
        except OSError as error:
            for one in written:
                with suppress(OSError):
                    _put_back(one, before[one])
            raise platform.cannot_write(place, error) from error
        finally:
            for draft in drafts.values():
                with suppress(OSError):
                    draft.unlink(missing_ok=True)


class _Contents(Mapping[str, bytes]):
    """Files of a folder, read when they are asked for, so that a large folder takes little memory."""

    def __init__(self, root: str, paths: Sequence[str]) -> None:
        self._root, self._paths = root, dict.fromkeys(paths)

    def __getitem__(self, path: str) -> bytes:
        if path not in self._paths:
            raise KeyError(path)
        return _read(Path(self._root, path), self._root)

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def _walk(folder: Path, root: str) -> Iterator[Path]:
    """Every file below a folder, in order. Links are refused: they would lead elsewhere, or not be in git as read."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _bad(folder, root, f"cannot be read: {error.strerror}") from error
    for entry in entries:
        path = Path(entry.path)
        try:
            entry.name.encode()
        except UnicodeEncodeError:
            raise _bad(folder, root, "holds a name that is not UTF-8") from None
        if entry.is_symlink():
            raise _bad(path, root, "is a link: only files are read")
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, root)
        elif entry.is_file(follow_symlinks=False):
            yield path
        else:
            raise _bad(path, root, "is not a file")


def _read(path: Path, root: str) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise _bad(path, root, "is not a file")
            return file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _bad(path, root, f"cannot be read: {error.strerror}") from error


def _pointer(content: bytes) -> bytes:
    """What Git LFS keeps in git for a file (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md)."""
    lines = (
        "version https://git-lfs.github.com/spec/v1",
        f"oid sha256:{hashlib.sha256(content).hexdigest()}",
        f"size {len(content)}",
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _inside(root: str, path: str) -> Path:
    """The place of a path below the root, no folder on the way being a link."""
    parts = path.split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" or "\0" in part for part in parts):
        raise Invalid("bad-checkout", f"{path!r} is not a path inside {root}", "give a name without / and ..")
    place = Path(root)
    for part in parts:
        place = place / part
        if place.is_symlink():
            raise _bad(place, root, "is a link: it may lead anywhere")
    return place


def _close(root: Path, folder: Path) -> None:
    """Make a folder below the root for this user alone; the root itself may be anybody's that the person named."""
    platform.make(folder)
    while folder != root:
        folder.chmod(0o700)
        folder = folder.parent


def _draft(place: Path, content: bytes, *, is_program: bool = False, is_private: bool = False) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    leftovers.sweep_beside(place)
    draft = platform.draft_of(place)
    handle = platform.create(draft)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        if not is_private:
            mask = os.umask(0)
            os.umask(mask)
            usual = (0o777 if is_program else 0o666) & ~mask
            draft.chmod(place.stat().st_mode & 0o777 if place.exists() and not is_program else usual)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
    return draft


def _put_back(place: Path, content: bytes | None) -> None:
    if content is None:
        place.unlink(missing_ok=True)
    else:
        _draft(place, content).replace(place)


def _bad(path: Path, root: str, what: str) -> Invalid:
    return Invalid(
        "bad-checkout", f"{os.path.relpath(path, root)!r} {what}", "put the file itself there, or remove it"
    )
