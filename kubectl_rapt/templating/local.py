"""A rendered Job as commands of podman or Docker: what of a pod can be had without a cluster, and what cannot."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubectl_rapt.errors import Problem
from kubectl_rapt.model.quantity import Quantity

LABEL = "rapt.dev/dev"
_REFERENCE = re.compile(r"\$(?:\$|\(([^()$]*)\))")
_NEVER = (
    "quota, limit ranges and priority",
    "network policy: it reaches whatever this machine reaches",
    "the service account: it has no token, and no rights in a cluster",
    "retries, deadlines and schedules",
)


@dataclass(frozen=True, slots=True)
class Given:
    """What a person gives in place of a cluster's objects.

    Args:
        env: Variable to value, for those that a Secret, a ConfigMap or the cluster would fill.
        files: Path in the container to a file or folder of this machine, for volumes.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """One container: the words after ``podman`` or ``docker``."""

    container: str
    words: tuple[str, ...]
    is_init: bool


@dataclass(frozen=True, slots=True)
class Local:
    """A pod, run locally: one container after the other.

    Args:
        commands: Init containers first, and then the container itself.
        volumes: What is made on the way, and to be removed afterwards.
        missing: What a person must give, or cannot have.
        notes: What is not reproduced.
    """

    commands: tuple[Command, ...]
    volumes: tuple[str, ...]
    missing: tuple[Problem, ...]
    notes: tuple[str, ...]


def plan(job: Mapping[str, Any], name: str, given: Given) -> Local:
    """The commands for a Job.

    Args:
        job: ``{metadata, spec}`` with its answers in it.
        name: A name for what is made on this machine; unlike all others.
        given: What a person gives.
    """
    pod: Mapping[str, Any] = job["spec"]["template"]["spec"]
    missing: list[Problem] = []
    volumes = {one["name"]: one for one in pod.get("volumes") or ()}
    made: dict[str, str] = {}
    init, (main, *beside) = pod.get("initContainers") or (), pod["containers"]
    commands = [
        Command(one["name"], _words(pod, one, name, given, volumes, made, missing), is_init)
        for one, is_init in (*((one, True) for one in init), (main, False))
    ]
    notes = [*_NEVER, *(f"container {one['name']}, which would run beside it" for one in beside)]
    claims = [one for one in volumes.values() if "persistentVolumeClaim" in one]
    notes += [f"volume {one['name']}: an empty one stands in for the claim" for one in claims]
    return Local(tuple(commands), tuple(made.values()), tuple(dict.fromkeys(missing)), tuple(notes))


def _words(
    pod: Mapping[str, Any],
    container: Mapping[str, Any],
    name: str,
    given: Given,
    volumes: Mapping[str, Mapping[str, Any]],
    made: dict[str, str],
    missing: list[Problem],
) -> tuple[str, ...]:
    env = _env(container, given, missing)
    flags = [
        "run",
        "--rm",
        "--stop-timeout=1",
        f"--name={name}-{container['name']}",
        f"--label={LABEL}={name}",
    ]
    flags += [f"--env={key}={value}" for key, value in env.items()]
    for mount in container.get("volumeMounts") or ():
        flags += _mount(mount, name, given, volumes, made, missing)
    flags += _limits(container)
    flags += _security({**(pod.get("securityContext") or {}), **(container.get("securityContext") or {})})
    if container.get("workingDir"):
        flags.append(f"--workdir={container['workingDir']}")
    command = [expand(word, env) for word in container.get("command") or ()]
    args = [expand(word, env) for word in container.get("args") or ()]
    if command:
        flags.append(f"--entrypoint={command[0]}")
    return (*flags, container["image"], *command[1:], *args)


def _env(container: Mapping[str, Any], given: Given, missing: list[Problem]) -> dict[str, str]:
    env: dict[str, str] = {}
    for one in container.get("envFrom") or ():
        source = one.get("secretRef") or one.get("configMapRef") or {}
        if not source.get("optional") and not given.env:
            missing.append(
                Problem(f"all of {source.get('name', '')}", "give its variables: --env NAME=VALUE")
            )
    for one in container.get("env") or ():
        name, source = one["name"], one.get("valueFrom") or {}
        if name in given.env:
            continue
        if not source:
            env[name] = expand(str(one.get("value", "")), env)
        elif "fieldRef" in source or "resourceFieldRef" in source:
            env[name] = ""
        else:
            ref = next(iter(source.values()))
            if not ref.get("optional"):
                what = f"is from {ref.get('name', '')}, key {ref.get('key', '')}: --env {name}=…"
                missing.append(Problem(name, what))
    return {**env, **given.env}


def _mount(
    mount: Mapping[str, Any],
    name: str,
    given: Given,
    volumes: Mapping[str, Mapping[str, Any]],
    made: dict[str, str],
    missing: list[Problem],
) -> Iterator[str]:
    path, volume = str(mount["mountPath"]), volumes.get(mount["name"], {})
    ending = ":ro" if mount.get("readOnly") else ""
    if path in given.files:
        yield f"--volume={given.files[path]}:{path}:ro"
    elif "emptyDir" in volume or "persistentVolumeClaim" in volume:
        made[mount["name"]] = f"{name}-{mount['name']}"
        yield f"--volume={made[mount['name']]}:{path}{ending}"
    else:
        kind = next((key for key in volume if key != "name"), "volume")
        missing.append(Problem(path, f"is a {kind}: --mount LOCAL:{path}"))


def _limits(container: Mapping[str, Any]) -> Iterator[str]:
    limits = (container.get("resources") or {}).get("limits") or {}
    if "memory" in limits:
        yield f"--memory={Quantity.parse(str(limits['memory'])).nano // 10**9}"
    if "cpu" in limits:
        yield f"--cpus={Quantity.parse(str(limits['cpu'])).nano / 10**9:g}"


def _security(context: Mapping[str, Any]) -> Iterator[str]:
    if context.get("runAsUser") is not None:
        group = f":{context['runAsGroup']}" if context.get("runAsGroup") is not None else ""
        yield f"--user={context['runAsUser']}{group}"
    if context.get("readOnlyRootFilesystem"):
        yield "--read-only"
    if context.get("allowPrivilegeEscalation") is False:
        yield "--security-opt=no-new-privileges"
    for verb in ("drop", "add"):
        for one in (context.get("capabilities") or {}).get(verb) or ():
            yield f"--cap-{verb}={one}"


def expand(text: str, env: Mapping[str, str]) -> str:
    """``$(NAME)`` as Kubernetes expands it: a name that is not there stays as it is, ``$$`` is one ``$``."""
    return _REFERENCE.sub(lambda found: "$" if found[1] is None else env.get(found[1], found[0]), text)


def removal(local: Local, name: str) -> tuple[tuple[str, ...], ...]:
    """What removes everything that was made under a name: the words after ``podman`` or ``docker``."""
    gone = tuple(("rm", "--force", f"{name}-{one.container}") for one in local.commands)
    return (*gone, *((("volume", "rm", "--force", *local.volumes),) if local.volumes else ()))
