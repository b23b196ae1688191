"""Secrets, ConfigMaps and volume claims that tools need and a namespace does not have."""

import shlex
from collections.abc import Iterable, Iterator

from kubectl_rapt import documents
from kubectl_rapt.errors import Invalid, NotFound, Problem, Refused
from kubectl_rapt.model.kinds import PERSISTENT_VOLUME_CLAIM, SECRET, TOOL, Manifest, Ref
from kubectl_rapt.objects import references, tools
from kubectl_rapt.objects.references import Reference
from kubectl_rapt.ports.world import World

_NO_KEY = "has no key "


def check(world: World, job: Manifest, namespace: str) -> None:
    """Make sure that the pods of a Job could start.

    Args:
        world: Where to read. What the user may not read is not judged.
        job: ``{metadata, spec}`` of the Job.
        namespace: Where it is to run.

    Raises:
        Invalid: ``missing-reference``: everything that is missing, at once.
    """
    found = {one: what for one in _references(job) if (what := _missing(world, one, namespace))}
    if found:
        problems = [Problem(str(one), what) for one, what in found.items()]
        raise Invalid(
            "missing-reference",
            f"what the tool needs is not in namespace {namespace}",
            _command(*next(iter(found.items())), namespace),
            problems,
        )


def of_tools(world: World, objects: Iterable[Manifest]) -> Iterator[str]:
    """One line for each thing that a tool needs and its namespace does not have yet.

    Args:
        world: Where to read.
        objects: Objects, of which the Tools are looked at.
    """
    seen: dict[tuple[Reference, str], str] = {}
    for manifest in objects:
        if manifest["kind"] == TOOL.name:
            tool = tools.from_manifest(manifest)
            for one in _references(tool.job):
                what = seen.setdefault((one, tool.namespace), _missing(world, one, tool.namespace))
                if what:
                    yield f"{tool.name} needs {one}, which {what} in namespace {tool.namespace} yet"


def _references(job: Manifest) -> tuple[Reference, ...]:
    return references.of_pod(job["spec"]["template"]["spec"])


def _missing(world: World, one: Reference, namespace: str) -> str:
    """What is wrong with an object that is needed; nothing where it is there, or the user may not know."""
    try:
        found = world.cluster.get(Ref(one.kind, one.name, namespace))
    except NotFound:
        return "does not exist"
    except Refused:
        return ""
    held = {*(found.get("data") or ()), *(found.get("binaryData") or ())}
    lacking = [key for key in one.keys if key not in held]
    return f"{_NO_KEY}{', '.join(lacking)}" if lacking else ""


def _command(one: Reference, what: str, namespace: str) -> str:
    """The command that makes what is missing: the object, or the keys that an existing one lacks."""
    if one.kind == PERSISTENT_VOLUME_CLAIM:
        return f"kubectl get persistentvolumeclaims -n {namespace}"
    if what.startswith(_NO_KEY):
        values = documents.dump_json(dict.fromkeys(what.removeprefix(_NO_KEY).split(", "), "…"), indent=None)
        field = "stringData" if one.kind == SECRET else "data"
        patch = shlex.quote(f'{{"{field}":{values.strip()}}}')
        return f"kubectl patch {one.kind.name.lower()} {one.name} -n {namespace} --type merge -p {patch}"
    kind = "secret generic" if one.kind == SECRET else "configmap"
    return f"kubectl create {kind} {one.name} -n {namespace} --from-literal {(one.keys or ('KEY',))[0]}=…"
