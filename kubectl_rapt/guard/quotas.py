"""LimitRanges and ResourceQuotas: what they would refuse of a tool's pods, Jobs and CronJobs, told beforehand.

The rules are those of Kubernetes' admission plug-ins LimitRanger and ResourceQuota (v1.35: ``limitranger/admission.go``
and ``pkg/quota/v1/evaluator/core/pods.go``). What they refuse of a pod is not seen when the Job is created: the Job
is accepted, and its pods never come.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubectl_rapt.errors import Problem
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.model.quantity import Quantity

Amounts = dict[str, Quantity]
"""Resource to amount: ``cpu``, ``memory``, …"""

_REQUIRED = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_COMPUTE = ("cpu", "memory")
_NANO_OF_MILLI, _NANO = 10**6, 10**9
_MAX_MILLI = (2**63 - 1) // 1000


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a namespace would say to a tool.

    Args:
        problems: What would never be admitted.
        notes: What would not be admitted just now, or not all at once.
    """

    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Container:
    name: str
    requests: Amounts
    limits: Amounts


def predict(
    job: Manifest,
    limit_ranges: Sequence[Manifest],
    quotas: Sequence[Manifest],
    *,
    cron_jobs: int = 0,
    existing_cron_jobs: int = 0,
) -> Prediction:
    """What the namespace's limits would refuse.

    Args:
        job: ``{metadata, spec}`` of a tool's Job.
        limit_ranges: The namespace's LimitRanges.
        quotas: Its ResourceQuotas, with their status. One whose scopes cannot be judged from the Job is left out.
        cron_jobs: How many CronJobs the tool has.
        existing_cron_jobs: How many of them exist already, and are counted.
    """
    spec = job["spec"]["template"]["spec"]
    containers = _with_defaults(_containers(spec.get("containers")), limit_ranges)
    inits = _with_defaults(_containers(spec.get("initContainers")), limit_ranges)
    everything = [*containers, *inits]
    pod = _Container("pod", _total(containers, inits, "requests"), _total(containers, inits, "limits"))
    problems = list(_outside_of_ranges(everything, pod, limit_ranges))
    notes: list[str] = []
    usage = _usage(pod)
    for quota in quotas:
        if _governs(quota, spec, everything):
            problems += _unspecified(quota, everything)
            for problem, note in _over(quota, usage, "a pod of it", _pods_at_once(job)):
                problems += [problem] if problem else []
                notes += [note] if note else []
        if not _scopes(quota):
            for resource, count, existing, what in (
                ("count/jobs.batch", 1, 0, "a Job of it"),
                ("count/cronjobs.batch", cron_jobs, existing_cron_jobs, "its CronJobs"),
            ):
                wanted = {resource: Quantity.parse(str(count))} if count else {}
                for problem, note in _over(quota, wanted, what, 1, existing):
                    problems += [problem] if problem else []
                    notes += [note] if note else []
    return Prediction(tuple(dict.fromkeys(problems)), tuple(dict.fromkeys(notes)))


def _containers(specs: Iterable[Mapping[str, Any]] | None) -> list[_Container]:
    found = []
    for spec in specs or ():
        sizes = spec.get("resources") or {}
        limits = _amounts(sizes.get("limits"))
        found.append(_Container(spec["name"], {**limits, **_amounts(sizes.get("requests"))}, limits))
    return found


def _amounts(data: Mapping[str, Any] | None) -> Amounts:
    return {name: Quantity.parse(str(amount)) for name, amount in (data or {}).items()}


def _items(limit_range: Manifest, kind: str) -> Iterator[Mapping[str, Any]]:
    return (item for item in limit_range["spec"].get("limits") or () if item.get("type") == kind)


def _with_defaults(containers: list[_Container], limit_ranges: Sequence[Manifest]) -> list[_Container]:
    for limit_range in sorted(limit_ranges, key=lambda one: str(one["metadata"]["name"])):
        requests: Amounts = {}
        limits: Amounts = {}
        for item in _items(limit_range, "Container"):
            requests |= _amounts(item.get("defaultRequest"))
            limits |= _amounts(item.get("default"))
        containers = [
            _Container(one.name, {**requests, **one.requests}, {**limits, **one.limits}) for one in containers
        ]
    return containers


def _total(containers: list[_Container], inits: list[_Container], kind: str) -> Amounts:
    """What a pod counts as: the sum of its containers, and no less than any one that runs before them."""
    total: dict[str, int] = {}
    for one in containers:
        for name, amount in getattr(one, kind).items():
            total[name] = total.get(name, 0) + amount.nano
    for one in inits:
        for name, amount in getattr(one, kind).items():
            total[name] = max(total.get(name, 0), amount.nano)
    return {name: Quantity(nano, _spelled(name, nano)) for name, nano in total.items()}


def _spelled(resource: str, nano: int) -> str:
    """An amount as people write it."""
    if resource.rpartition(".")[2] in ("memory", "ephemeral-storage"):
        for unit, power in (("Gi", 30), ("Mi", 20), ("Ki", 10)):
            if nano and nano % (_NANO << power) == 0:
                return f"{nano // (_NANO << power)}{unit}"
    return str(nano // _NANO) if nano % _NANO == 0 else f"{-(-nano // _NANO_OF_MILLI)}m"


def _outside_of_ranges(
    containers: list[_Container], pod: _Container, limit_ranges: Sequence[Manifest]
) -> Iterator[Problem]:
    for limit_range in limit_ranges:
        said = f'limit range "{limit_range["metadata"]["name"]}"'
        for kind, held in (("Container", containers), ("Pod", [pod])):
            for item in _items(limit_range, kind):
                for one in held:
                    where = "pod" if one is pod else f"container {one.name}"
                    for what in _outside(item, one):
                        yield Problem(where, f"{what} ({said})")


def _outside(item: Mapping[str, Any], one: _Container) -> Iterator[str]:
    for name, least in _amounts(item.get("min")).items():
        request, limit = one.requests.get(name), one.limits.get(name)
        if request is None:
            yield f"requests no {name}, of which {least} is the least"
        elif _less(request, least):
            yield f"requests {request} {name}, of which {least} is the least"
        elif limit is not None and _less(limit, least):
            yield f"has a limit of {limit} {name}, of which {least} is the least"
    for name, most in _amounts(item.get("max")).items():
        request, limit = one.requests.get(name), one.limits.get(name)
        if limit is None:
            yield f"has no limit of {name}, of which {most} is the most"
        elif _less(most, limit):
            yield f"has a limit of {limit} {name}, of which {most} is the most"
        elif request is not None and _less(most, request):
            yield f"requests {request} {name}, of which {most} is the most"
    for name, most in _amounts(item.get("maxLimitRequestRatio")).items():
        request, limit = one.requests.get(name), one.limits.get(name)
        if request is None or limit is None or not request.nano or not limit.nano:
            yield f"needs a request and a limit of {name}: their ratio is at most {most}"
        elif limit.nano * _NANO > most.nano * request.nano:
            yield f"has a limit of {limit} {name} for a request of {request}: their ratio is at most {most}"


def _less(one: Quantity, other: Quantity) -> bool:
    """As Kubernetes compares them: by thousandths, rounded up, where these fit into 64 bits."""
    size = _NANO_OF_MILLI if max(one.nano, other.nano) <= _MAX_MILLI * _NANO_OF_MILLI else _NANO
    return -(-one.nano // size) < -(-other.nano // size)


def _usage(pod: _Container) -> Amounts:
    """What a quota counts for one pod."""
    usage = {"pods": Quantity.parse("1"), "count/pods": Quantity.parse("1")}
    for name, amount in pod.requests.items():
        usage[f"requests.{name}"] = amount
        if name in (*_COMPUTE, "ephemeral-storage") or name.startswith("hugepages-"):
            usage[name] = amount
    for name, amount in pod.limits.items():
        if name in (*_COMPUTE, "ephemeral-storage"):
            usage[f"limits.{name}"] = amount
    return usage


def _hard(quota: Manifest) -> Amounts:
    status = quota.get("status") or {}
    return _amounts(status.get("hard") or quota["spec"].get("hard"))


def _scopes(quota: Manifest) -> list[Mapping[str, Any]]:
    spec = quota["spec"]
    plain = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    return plain + list((spec.get("scopeSelector") or {}).get("matchExpressions") or ())


def _governs(quota: Manifest, pod: Mapping[str, Any], containers: list[_Container]) -> bool:
    """Whether a quota counts these pods; not where that cannot be judged from the Job."""
    return all(_is_in(scope, pod, containers) for scope in _scopes(quota))


def _is_in(scope: Mapping[str, Any], pod: Mapping[str, Any], containers: list[_Container]) -> bool:
    is_terminating = "activeDeadlineSeconds" in pod
    is_best_effort = not any(
        amounts.get(name, Quantity(0, "0")).nano
        for one in containers
        for amounts in (one.requests, one.limits)
        for name in _COMPUTE
    )
    match scope["scopeName"]:
        case "Terminating":
            return is_terminating
        case "NotTerminating":
            return not is_terminating
        case "BestEffort":
            return is_best_effort
        case "NotBestEffort":
            return not is_best_effort
        case "PriorityClass" if pod.get("priorityClassName"):
            is_named = pod["priorityClassName"] in (scope.get("values") or ())
            return {"Exists": True, "In": is_named, "NotIn": not is_named}.get(scope["operator"], False)
    return False  # without a class of its own a pod may get the cluster's default one


def _unspecified(quota: Manifest, containers: list[_Container]) -> Iterator[Problem]:
    """A quota on CPU or memory wants every container to say how much of it."""
    required = [name for name in _hard(quota) if name in _REQUIRED]
    for one in containers:
        said = _usage(one)
        lacks = sorted(name for name in required if name not in said)
        if lacks:
            what = f'does not say {", ".join(lacks)}, which quota "{quota["metadata"]["name"]}" wants'
            yield Problem(f"container {one.name}", what)


def _over(
    quota: Manifest, usage: Amounts, what: str, at_once: int, existing: int = 0
) -> Iterator[tuple[Problem | None, str]]:
    """What is over the quota for good, as a problem; or just now, or when many come at once, as a note."""
    name = quota["metadata"]["name"]
    used = _amounts((quota.get("status") or {}).get("used"))
    for resource, hard in _hard(quota).items():
        needs = usage.get(resource)
        if needs is None or not needs.nano:
            continue
        taken = used.get(resource, Quantity(0, "0")).nano - existing * _NANO
        if needs.nano > hard.nano:
            yield Problem(what, f'{needs} {resource} wanted, and quota "{name}" has {hard} in all'), ""
        elif needs.nano + taken > hard.nano:
            free = _spelled(resource, max(0, hard.nano - taken))
            yield (
                None,
                f'{what}: {needs} {resource} wanted, and quota "{name}" has {free} of {hard} left just now',
            )
        elif needs.nano * at_once > hard.nano:
            fit = hard.nano // needs.nano
            yield None, f'{at_once} pods at once need more {resource} than quota "{name}" has: {fit} fit'


def _pods_at_once(job: Manifest) -> int:
    spec = job["spec"]
    parallelism, completions = spec.get("parallelism", 1), spec.get("completions")
    return int(parallelism if completions is None else min(parallelism, completions))
