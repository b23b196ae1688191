"""Retry policies by their names: the namespace's own objects first, else those that came with Rapt."""

from kubectl_rapt.errors import NotFound, RaptError, Refused, Unavailable
from kubectl_rapt.model import names
from kubectl_rapt.model.kinds import RETRY_POLICY, Ref
from kubectl_rapt.objects import retry_policies
from kubectl_rapt.objects.retry_policies import RetryPolicy
from kubectl_rapt.objects.tools import Tool
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import policies

BUNDLED = "rapt"
"""Where a policy comes from that came with Rapt."""


def all_retry(world: World, namespace: str) -> tuple[list[tuple[RetryPolicy, str]], str]:
    """Every policy that a Tool of a namespace may name, and where it comes from: the namespace, or ``rapt``.

    Returns:
        The policies, and why those of the cluster are not among them; usually empty.

    Raises:
        Invalid: One of them is wrong.
    """
    found = {one.name: (one, BUNDLED) for one in _bundled(world)}
    try:
        manifests, note = list(world.cluster.list(RETRY_POLICY, namespace)), ""
    except RaptError as error:
        manifests, note = [], f"only those that came with Rapt: {error.message}"
    for manifest in manifests:
        own = retry_policies.from_manifest(manifest)
        found[own.name] = (own, f"retrypolicy/{own.name}")
    return [found[name] for name in sorted(found)], note


def known_retry(world: World, name: str, namespace: str) -> tuple[RetryPolicy, str, str]:
    """One policy to look at, and where it comes from; what came with Rapt is known without a cluster.

    Returns:
        The policy, its origin as ``retry`` says it, and what nobody could look up; usually empty.

    Raises:
        NotFound, Invalid: As ``retry``.
        Unavailable: Nothing of that name came with Rapt, and the cluster does not answer.
    """
    try:
        return *retry(world, name, namespace), ""
    except Unavailable as error:
        bundled = {one.name: one for one in _bundled(world)}
        if name not in bundled:
            raise
        return bundled[name], BUNDLED, f"the cluster may have another one of this name: {error.message}"


def retry(world: World, name: str, namespace: str) -> tuple[RetryPolicy, str]:
    """One policy, and where it comes from.

    Raises:
        NotFound: ``no-policy``: there is none of that name.
        Invalid: ``bad-policy``.
    """
    try:
        manifest = world.cluster.get(Ref(RETRY_POLICY, name, namespace))
        return retry_policies.from_manifest(manifest), f"retrypolicy/{name}"
    except (NotFound, Refused):
        # None of that name, or nobody may say: what came with Rapt is there for everybody.
        bundled = _bundled(world)
    for one in bundled:
        if one.name == name:
            return one, BUNDLED
    known = [one.name for one in bundled]
    what = f'no retry policy "{name}" in namespace {namespace}{names.did_you_mean(name, known)}'
    raise NotFound("no-policy", what, "kubectl rapt policy").meant(name, names.nearest(name, known))


def of_tool(world: World, tool: Tool) -> Tool:
    """A tool that only names its retry policy, as its author wrote it by hand, with all that the policy says.

    What Kubernetes does of it is in the Job then. A tool that was rendered holds its policy already.

    Raises:
        NotFound, Invalid: As ``retry``.
    """
    from dataclasses import replace

    if not tool.retry_policy or tool.retry is not None or tool.source is not None:
        return tool
    compiled = policies.compile_retry(retry(world, tool.retry_policy, tool.namespace)[0])
    job = {**tool.job, "spec": compiled.governed(tool.job["spec"])}
    return replace(tool, job=job, retry=compiled.retry)


def _bundled(world: World) -> list[RetryPolicy]:
    folder = policies.path("retry", "").removesuffix(".yaml")
    files = world.bundle.files()
    return [policies.read_retry(files[path], path) for path in files if path.startswith(folder)]
