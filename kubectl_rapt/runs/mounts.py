"""Files that are given to a run: how they are named, and the objects, volumes and records that they become."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubectl_rapt.errors import Invalid, Problem, UsageError
from kubectl_rapt.model.kinds import CONFIG_MAP, SECRET, Manifest
from kubectl_rapt.model.local_files import File
from kubectl_rapt.objects import labels
from kubectl_rapt.objects.runs import Mount, Run

MOST_BYTES = 1024 * 1024
"""What a ConfigMap or a Secret holds at most; the API server refuses more."""
MOST_FILES = 200
MOST_MOUNTS = 20

_VOLUME = "rapt-mount-"
_EXECUTABLE = 0o755
_UNFIT_FOR_KEY = re.compile(r"[^-._a-zA-Z0-9]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Given:
    """What ``--mount LOCAL:PATH`` means.

    Args:
        local: The file or folder, as the person named it.
        path: Where the container finds it; with ``/`` at the end a folder, also for a file.
        is_secret: Whether it is kept as a Secret.
        files: What it holds; empty until that was read.
        is_folder: Whether it is a folder.
    """

    local: str
    path: str
    is_secret: bool
    files: tuple[File, ...] = ()
    is_folder: bool = False

    def place(self, file: File) -> str:
        """Where one of its files is, for messages."""
        return f"{self.local.rstrip('/')}/{file.path}" if self.is_folder else self.local


def parse(texts: Sequence[str], secret_texts: Sequence[str]) -> list[Given]:
    """What ``--mount`` and ``--secret-mount`` were given, in order.

    The last colon divides, because a path in a container has none.

    Raises:
        UsageError: One is not ``LOCAL:PATH``, two have the same place, or there are too many.
    """
    found: list[Given] = []
    problems: list[Problem] = []
    for flag, is_secret, those in (("--mount", False, texts), ("--secret-mount", True, secret_texts)):
        for text in those:
            local, _, path = text.rpartition(":")
            if wrong := _wrong(local, path, text, found):
                problems.append(Problem(flag, wrong))
            found.append(Given(local, path, is_secret))
    if len(found) > MOST_MOUNTS:
        problems.append(Problem("--mount", f"is given more than {MOST_MOUNTS} times"))
    if problems:
        flag = problems[0].where
        hint = f"{flag} ./settings.ini:/etc/tool/settings.ini"
        error = UsageError("bad-mount", f"{flag} expects LOCAL:PATH", hint, problems)
        bare = [text for text in (*texts, *secret_texts) if text and ":" not in text]
        if len(problems) == 1 and bare:
            local = bare[0] if bare[0].startswith(("/", ".")) else f"./{bare[0]}"
            name = local.rstrip("/").rpartition("/")[2]
            error = error.meant(bare[0], f"{local}:/data/{name}")
        raise error
    return found


def _wrong(local: str, path: str, text: str, others: Sequence[Given]) -> str:
    if not local or not path.startswith("/"):
        return f"expects a local file or folder, a colon and an absolute path in the container, got {text}"
    if not path.strip("/") or ".." in path.split("/"):
        return f"{path} is not a place for a mount"
    if any(other.path.rstrip("/") == path.rstrip("/") for other in others):
        return f"gives {path} twice"
    return ""


def check(given: Sequence[Given]) -> None:
    """Refuse what no volume can hold.

    Raises:
        Invalid: ``bad-file``: a name that no volume can have, or a folder without files.
    """
    problems = [
        Problem(one.place(file), "has a name that begins with .., which no volume can hold")
        for one in given
        for file in one.files
        if file.path.startswith("..")
    ]
    problems += [Problem(one.local, "holds no file") for one in given if not one.files]
    if problems:
        raise Invalid(
            "bad-file", "this cannot be given to a run", "copy what is meant into a folder", problems
        )


def add(job: Mapping[str, Any], run: str, given: Sequence[Given]) -> tuple[dict[str, Any], tuple[Mount, ...]]:
    """A copy of a Job whose first container has the mounts, and what the Run says of them.

    Args:
        job: ``{metadata, spec}`` of a Job; it is not changed.
        run: The Run's name.
        given: The mounts with their files.

    Raises:
        Invalid: ``mount-taken``: the tool has something at one of these places already.
    """
    pod = job["spec"]["template"]["spec"]
    target = next((one for one in pod["containers"] if one["name"] == "tool"), pod["containers"][0])
    volumes, places, mounts = list(pod.get("volumes") or ()), list(target.get("volumeMounts") or ()), []
    taken = {place["mountPath"].rstrip("/") for place in places}
    for number, one in enumerate(given, 1):
        path = _path(one)
        if path in taken:
            what = f"the tool has something at {path} already"
            raise Invalid("mount-taken", what, "another path in the container")
        name, mount = f"{_VOLUME}{number}", Mount(_kind(one), f"{run}-{number}", _digest(one, run), path)
        items = [
            {"key": key, "path": file.path, **({"mode": _EXECUTABLE} if file.is_executable else {})}
            for key, file in _keys(one).items()
        ]
        source = (
            {"secret": {"secretName": mount.name, "items": items}}
            if one.is_secret
            else {"configMap": {"name": mount.name, "items": items}}
        )
        volumes.append({"name": name, **source})
        place: dict[str, Any] = {"name": name, "mountPath": path, "readOnly": True}
        places.append(place if one.is_folder else {**place, "subPath": one.files[0].path})
        mounts.append(mount)
    containers = [{**one, "volumeMounts": places} if one is target else one for one in pod["containers"]]
    template = {
        **job["spec"]["template"],
        "spec": {**pod, "volumes": volumes, "containers": containers},
    }
    return {**job, "spec": {**job["spec"], "template": template}}, tuple(mounts)


def contents(run: Run, given: Sequence[Given]) -> dict[str, Manifest]:
    """The objects that hold the files, by name; the run's owner reference and namespace come later."""
    return {mount.name: _object(run, mount, one) for mount, one in zip(run.mounts, given, strict=True)}


def identity(given: Sequence[Given], run: str) -> list[list[str]]:
    """What makes two requests with files the same."""
    return [[_kind(one), _path(one), _digest(one, run)] for one in given]


def _path(one: Given) -> str:
    """A file goes where it was told, or into the folder that was told."""
    if one.path.endswith("/") and not one.is_folder:
        return one.path + one.files[0].path
    return one.path.rstrip("/")


def _kind(one: Given) -> str:
    return SECRET.name if one.is_secret else CONFIG_MAP.name


def _keys(one: Given) -> dict[str, File]:
    """A legal and telling key for each file; the number keeps them apart."""
    return {
        f"{number}-{_UNFIT_FOR_KEY.sub('_', file.path.rpartition('/')[2])}"[:253]: file
        for number, file in enumerate(one.files, 1)
    }


def _digest(one: Given, run: str) -> str:
    """What the Run says of the content: of a Secret's so that a short one cannot be found by trying."""
    sha = hashlib.sha256()
    for file in one.files:
        sha.update(f"{file.path}\0{int(file.is_executable)}\0{len(file.content)}\0".encode())
        sha.update(file.content)
    if not one.is_secret:
        return f"sha256:{sha.hexdigest()}"
    return "scrypt:" + hashlib.scrypt(sha.digest(), salt=run.encode(), n=2**14, r=8, p=1, dklen=32).hex()


def _object(run: Run, mount: Mount, one: Given) -> Manifest:
    data: dict[str, str] = {}
    binary: dict[str, str] = {}
    for key, file in _keys(one).items():
        text = None if one.is_secret else _text(file.content)
        if text is None:
            binary[key] = base64.b64encode(file.content).decode()
        else:
            data[key] = text
    held: dict[str, Any] = (
        {"data": binary}
        if one.is_secret
        else {**({"data": data} if data else {}), **({"binaryData": binary} if binary else {})}
    )
    return {
        "apiVersion": "v1",
        "kind": mount.kind,
        "metadata": {
            "name": mount.name,
            "labels": dict(run.labels),
            **({} if one.is_secret else {"annotations": {labels.LOCAL: one.local}}),
        },
        "immutable": True,
        **held,
    }


def _text(content: bytes) -> str | None:
    """What is plainly text; a control character becomes six in JSON, so that what has any is binary."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text
