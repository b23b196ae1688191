"""Scripts with the line ends of Windows: the first line of such a script names a program that does not exist."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects import labels
from kubectl_rapt.runs.mounts import Given

_SCRIPTS = (".sh", ".bash")
_CRLF = "\r\n"
COMMAND = "the command of container"
FIX = "sed -i 's/\\r$//'"
"""What removes the carriage returns of a file."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script in a Job that is broken so.

    Args:
        place: Where its container finds it, or ``the command of container "tool"``.
        config_map: The ConfigMap that holds it; empty for a command.
        local: The file that a person gave to the run, as that one named it; empty if nobody did, or it is not known.
    """

    place: str
    config_map: str = ""
    local: str = ""

    @property
    def fix(self) -> str:
        """The command that converts it; empty for a command, which is in the tool's file or its template."""
        if self.local:
            # What a hint is filled in with stands in braces.
            return f"{FIX} {shell.word(self.local)}".replace("{", "{{").replace("}", "}}")
        if not self.config_map:
            return ""
        read = f"kubectl get configmap {shell.word(self.config_map)} -n {{namespace}} -o json"
        return read + r" | sed 's/\\r\\n/\\n/g' | kubectl replace -f -"


def is_broken(name: str, content: str) -> bool:
    """Whether a file is a script for a shell, or names its program, and its lines end with carriage returns."""
    first = content.split("\n", 1)[0]
    return first.endswith("\r") and (first.startswith("#!") or name.endswith(_SCRIPTS))


def given(files: Sequence[Given]) -> Iterator[str]:
    """The local paths of those files that are broken so.

    Args:
        files: What a person gives to a run, already read.
    """
    for one in files:
        for file in one.files:
            if is_broken(file.path, file.content[:4096].decode("utf-8", "replace")):
                yield f"{one.local.rstrip('/')}/{file.path}" if one.is_folder else one.local


def of_job(job: Manifest, config_maps: Mapping[str, Manifest]) -> Iterator[Script]:
    """What in a Job is broken so: files of ConfigMaps, as containers see them, and scripts in the command itself.

    Args:
        job: ``{metadata, spec}`` of the Job.
        config_maps: The ConfigMaps that it mounts, by name, as far as they could be read.
    """
    data = {name: texts(one) for name, one in config_maps.items()}
    spec = job["spec"]["template"]["spec"]
    volumes = {one["name"]: one.get("configMap") or {} for one in spec.get("volumes") or ()}
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        for word in (*(container.get("command") or ()), *(container.get("args") or ())):
            if _CRLF in str(word):
                yield Script(f'{COMMAND} "{container["name"]}"')
                break
        for place in container.get("volumeMounts") or ():
            source = volumes.get(place["name"], {})
            name = source.get("name", "")
            for path, content in _files(source, data.get(name, {})):
                if is_broken(path, content) and place.get("subPath", path) == path:
                    is_file = "subPath" in place
                    local = _local(config_maps[name])
                    yield Script(
                        place["mountPath"] if is_file else f"{place['mountPath'].rstrip('/')}/{path}",
                        name,
                        local if is_file or not local else f"{local.rstrip('/')}/{path}",
                    )


def _local(config_map: Manifest) -> str:
    """What a person made it from."""
    return str((config_map["metadata"].get("annotations") or {}).get(labels.LOCAL, ""))


def _files(source: Mapping[str, Any], data: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    items = source.get("items")
    if items:
        yield from ((one["path"], data[one["key"]]) for one in items if one["key"] in data)
    else:
        yield from data.items()


def texts(config_map: Manifest) -> dict[str, str]:
    """What a ConfigMap holds, by key; what is kept as bytes is decoded as far as it is text."""
    found = {
        key: base64.b64decode(value).decode("utf-8", "replace")
        for key, value in (config_map.get("binaryData") or {}).items()
    }
    return {**found, **(config_map.get("data") or {})}


def config_maps(job: Manifest) -> tuple[str, ...]:
    """The names of the ConfigMaps that a Job mounts."""
    volumes = job["spec"]["template"]["spec"].get("volumes") or ()
    found = (one.get("configMap", {}).get("name", "") for one in volumes)
    return tuple(dict.fromkeys(one for one in found if one))
