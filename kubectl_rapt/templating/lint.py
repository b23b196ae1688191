"""What can be wrong with a template besides not rendering: found in its files alone, each with file and line."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.errors import Problem
from kubectl_rapt.model.versions import Version
from kubectl_rapt.templating import index, parameters
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.index import Index
from kubectl_rapt.templating.parameters import Parameter

DEFINITION = "template.yaml"
SOURCE = "job.yaml.j2"
README = "README.md"

_BLOCK = re.compile(r"\{[{%].*?[}%]\}", re.DOTALL)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_WORD = re.compile("[A-Za-z0-9_]+")


def missing(files: Mapping[str, bytes], folder: str) -> Iterator[Problem]:
    """Files that every template has.

    Args:
        files: Path inside its folder to content.
        folder: The folder, for messages.
    """
    for name, why in (
        (DEFINITION, "says what the template asks"),
        (SOURCE, "is its Job"),
        (README, "tells people what it does and needs"),
    ):
        if name not in files:
            yield Problem(f"{folder}/{name}", f"is missing: it {why}")


def declared(
    template: Template, lines: Mapping[str, int], files: Mapping[str, bytes], folder: str
) -> Iterator[Problem]:
    """What its declaration lacks, and what of it nobody reads.

    Args:
        template: What ``template.yaml`` says.
        lines: Where in it each value stands.
        files: Path inside its folder to content.
        folder: The folder, for messages.
    """

    def place(pointer: str) -> str:
        return documents.place(pointer, lines, f"{folder}/{DEFINITION}")

    name = folder.rpartition("/")[2]
    if template.name != name:
        yield Problem(place("/name"), f"expected the folder's name, {name}")
    used = _used(files.get(SOURCE, b"").decode("utf-8", "replace"))
    readme = files.get(README)
    for at, parameter in enumerate(template.parameters):
        here = f"/parameters/{at}"
        if parameter.name not in used:
            yield Problem(place(f"{here}/name"), f"{parameter.name} is asked and never used in {SOURCE}")
        if readme is not None and f"`{parameter.name}`".encode() not in readme:
            yield Problem(place(f"{here}/name"), f"{README} does not name `{parameter.name}`")
        if not parameter.description:
            yield Problem(place(f"{here}/name"), f"{parameter.name} has no description: one line for people")
        if parameters.example(parameter) is None and parameter.required:
            what = f"{parameter.name} has neither default nor example, and its type alone gives none"
            yield Problem(place(f"{here}/name"), what)
        for key, image in _images(parameter):
            if weakness := weak_image(image):
                yield Problem(place(f"{here}/{key}"), weakness)


def _used(source: str) -> set[str]:
    """Every word in the blocks of a template: a superset of the names that it uses."""
    blocks = _BLOCK.findall(_COMMENT.sub("", source))
    return {word for block in blocks for word in _WORD.findall(block)}


def _images(parameter: Parameter) -> Iterator[tuple[str, str]]:
    if parameter.type == "image":
        if parameter.default is not None:
            yield "default", parameter.default
        for at, choice in enumerate(parameter.choices):
            yield f"choices/{at}", choice


def weak_image(image: str) -> str:
    """Why an image's name is a poor default, in one line; empty where it is not."""
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    if "@" in image or (tag and tag != "latest"):
        return ""
    how = "is whatever latest means on the day" if tag else "has no tag, which means latest"
    return f"the image {image} {how}: name a version"


def rendered(
    job: Mapping[str, Any], template: Template, lines: Mapping[str, int], source: str, folder: str
) -> Iterator[Problem]:
    """What is poor about a Job that the template rendered.

    Args:
        job: ``{metadata, spec}``.
        template: What its author declares.
        lines: Where in ``template.yaml`` each value stands.
        source: The Jinja text.
        folder: The template's folder, for messages.
    """
    pod = job["spec"]["template"]["spec"]
    known = {image for parameter in template.parameters for _, image in _images(parameter)}
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        image = container["image"]
        weakness = weak_image(image)
        if weakness and image not in known:
            yield Problem(f"{folder}/{SOURCE}:{_line(source, image)}", weakness)
        resources = container.get("resources") or template.resources
        if lacking := [one for one in ("requests", "limits") if not resources.get(one)]:
            what = (
                f"the container {container['name']} has no {' and no '.join(lacking)}, and a Job without them is "
                "refused: add resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 256Mi}}"
            )
            yield Problem(f"{folder}/{DEFINITION}:{lines.get('/resources', 1)}: resources", what)
    for volume in pod.get("volumes", ()):
        if "projected" in volume and not template.access:
            what = f"the volume {volume['name']} holds a token, and no access is declared"
            yield Problem(f"{folder}/{DEFINITION}:{lines.get('/access', 1)}: access", what)


def _line(source: str, text: str) -> int:
    """Where a text stands first; 1 where it does not stand there as it is."""
    before, found, _ = source.partition(text)
    return before.count("\n") + 1 if found else 1


def released(
    template: Template, lines: Mapping[str, int], files: Mapping[str, bytes], known: Index, folder: str
) -> Iterator[Problem]:
    """Whether its version may have these files: a released one never changes.

    Args:
        template: What ``template.yaml`` says.
        lines: Where in it each value stands.
        files: Path inside its folder to content.
        known: The registry's index.
        folder: The folder, for messages.
    """
    versions = known.templates.get(template.name, {})
    where = documents.place("/version", lines, f"{folder}/{DEFINITION}")
    found = index.release_of(files)
    if (release := versions.get(template.version)) is not None:
        if (release.tree, release.digest) != (found.tree, found.digest):
            what = f"the files changed since {template.version} was released: raise the version"
            yield Problem(where, what)
        return
    newest = max(versions, default=Version(0, 0, 0))
    if template.version < newest:
        yield Problem(where, f"{newest} is released already: raise the version above it")
