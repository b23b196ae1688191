"""What is read from a mirror: files, listings, history; each raises LackingError where the mirror cannot serve it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice

from kubectl_rapt.adapters import git_answers
from kubectl_rapt.adapters.git_program import LackingError, Mirror, Program
from kubectl_rapt.errors import Invalid, NotFound
from kubectl_rapt.ports.git import Commit, Item

_MOST_BYTES = 64 * 1024 * 1024
_LIST = ("ls-tree", "-z", "--long")
_DEEP = ("-r", "-t")
_WALK = ("rev-list", "--no-commit-header", "--format=%H%x00%P%x00%an <%ae>%x00%ct%x00%B%x00")


def files(program: Program, mirror: Mirror, commit: str, under: str) -> dict[str, bytes]:
    """Path to content of all regular files at a commit below a folder."""
    folder = ("--", under) if under else ()
    ids: dict[str, str] = {}
    total = 0
    for entry in program.local(mirror, *_LIST, "-r", commit, *folder).split(b"\0")[:-1]:
        about, _, path = entry.partition(b"\t")
        mode, _, id_, size = about.decode().split()
        if mode in ("100644", "100755"):
            ids[_decoded(path, mirror)] = id_
            total += int(size) if size.isdecimal() else 0
    if total > _MOST_BYTES:
        raise Invalid(
            "folder-too-large",
            f"{under or 'the root'} of {git_answers.shown(mirror.url)} holds {total >> 20} MiB,"
            f" and no more than {_MOST_BYTES >> 20} MiB are read at once",
            "name a folder that holds only what is needed",
        )
    found = blobs(program, mirror, list(ids.values()))
    return {name: found[id_] for name, id_ in ids.items()}


def blobs(program: Program, mirror: Mirror, ids: Sequence[str]) -> dict[str, bytes]:
    """Files by their ids."""
    output = program.local(mirror, "cat-file", "--batch", stdin="\n".join((*ids, "")).encode())
    found: dict[str, bytes] = {}
    at = 0
    for id_ in ids:
        start = output.find(b"\n", at) + 1
        header = output[at:start].decode(errors="replace").split()
        if header[:2] != [id_, "blob"]:
            raise LackingError(" ".join(header))
        at = start + int(header[2]) + 1
        found[id_] = output[start : at - 1]
    return found


def listing(program: Program, mirror: Mirror, at: str, folder: str, limit: int, deep: bool) -> list[Item]:
    """What is below a folder, which ends with a slash."""
    items: list[Item] = []
    entries = _entries(program, mirror, at, folder, _DEEP if deep else ())
    for entry in islice(entries, limit + 1):
        about, _, path = entry.partition(b"\t")
        mode, _, id_, size = about.decode().split()
        # Git names the folders above it as well.
        if len(path) > len(folder) and path.startswith(folder.encode()):
            name = path[len(folder) :].decode(errors="surrogateescape")
            items.append(Item(name, mode, id_, int(size) if size.isdecimal() else 0))
    if next(entries, None) is not None:
        raise Invalid(
            "folder-too-large",
            f"{folder or 'the root'} of {git_answers.shown(mirror.url)} holds more than {limit:,} things",
            "name a folder that holds only what is needed",
        )
    return items


def _entries(program: Program, mirror: Mirror, at: str, folder: str, how: Sequence[str]) -> Iterator[bytes]:
    paths = ("--", folder) if folder else ()
    with program.started(mirror, *_LIST, *how, at, *paths) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        rest = b""
        while chunk := os.read(process.stdout.fileno(), 1 << 16):
            *entries, rest = (rest + chunk).split(b"\0")
            if len(rest) > _MOST_BYTES:
                break
            yield from entries
        said = process.stderr.read().decode(errors="replace")
        if process.wait():
            if "not a tree object" in said and program.run(mirror, "cat-file", "-e", at).code == 0:
                where = git_answers.shown(mirror.url)
                raise NotFound("no-commit", f"{at} in {where} is not a folder", "name a commit or a tree")
            raise LackingError(said)


def walk(program: Program, mirror: Mirror, options: Sequence[str]) -> Iterator[Commit]:
    """The commits that ``rev-list`` finds, as it finds them."""
    with program.started(mirror, *_WALK, *options) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        rest = b""
        while chunk := os.read(process.stdout.fileno(), 1 << 16):
            *fields, rest = (rest + chunk).split(b"\0")
            whole = len(fields) - len(fields) % 5
            for at in range(0, whole, 5):
                yield _commit(fields[at : at + 5])
            rest = b"\0".join((*fields[whole:], rest))
        said = process.stderr.read().decode(errors="replace")
        if process.wait():
            raise LackingError(said)


def _commit(fields: Sequence[bytes]) -> Commit:
    id_, parents, author, seconds, message = (field.decode(errors="replace") for field in fields)
    when = datetime.fromtimestamp(0, UTC)
    # A commit may claim any year, also one that Python cannot say.
    with suppress(ValueError, OverflowError):
        when += timedelta(seconds=int(seconds))
    return Commit(id_.strip(), tuple(parents.split()), author, when, message)


def _decoded(path: bytes, mirror: Mirror) -> str:
    try:
        return path.decode()
    except UnicodeDecodeError:
        where = git_answers.shown(mirror.url)
        raise Invalid("bad-path", f"the path {path!r} in {where} is not UTF-8", "rename the file") from None
