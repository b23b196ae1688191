"""Who says what is in the rendered Job of a tool, besides its answers: sizes, labels and where its pods may run."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from kubectl_rapt.config import derive
from kubectl_rapt.config.project import Environment, Profile
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.templating.definition import Template


class Line(NamedTuple):
    """One value: its key, what it is, who says so."""

    key: str
    value: Any
    source: str


def job(
    job: Manifest, rendered: Manifest, template: Template, environment: Environment, profile: Profile
) -> Iterator[Line]:
    """The values in a tool's Job that a template or a profile gives.

    Args:
        job: The Job of the ``Tool``, as it is applied.
        rendered: What the template rendered to, before anything was added.
        template: The template.
        environment: The environment.
        profile: Its profile.
    """
    sources = {
        "job": f"job.yaml.j2 of {template.name}",
        "profile": f"profile {environment.profile}",
        "template": "template default",
    }
    pod, own = job["spec"]["template"], rendered["spec"]["template"]
    for label, value in (pod.get("metadata") or {}).get("labels", {}).items():
        if profile.labels.get(label) == value:
            yield Line(f"labels.{label}", value, sources["profile"])
        elif label in ((own.get("metadata") or {}).get("labels") or {}):
            yield Line(f"labels.{label}", value, sources["job"])
    selector = sources["profile"] if profile.node_selector else sources["job"]
    for label, value in (pod["spec"].get("nodeSelector") or {}).items():
        yield Line(f"nodeSelector.{label}", value, selector)
    containers = [*own["spec"].get("initContainers", ()), *own["spec"]["containers"]]
    for container in containers:
        start = "resources" if len(containers) == 1 else f"resources.{container['name']}"
        for (group, name), size in derive.sizes(container, template, profile).items():
            source = sources[size.place]
            if size.limited_by:
                source += f", limited by {sources[size.limited_by]}"
            yield Line(f"{start}.{group}.{name}", size.amount, source)
