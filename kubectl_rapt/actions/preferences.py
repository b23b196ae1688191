"""The person's own settings: each is checked before it is written, so that no later command fails because of it."""

from collections.abc import Callable, Sequence

from kubectl_rapt.actions import repository
from kubectl_rapt.config import layout, settings
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import NotFound, Refused, UsageError
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.plan import WriteSettings
from kubectl_rapt.ports.git import Remote
from kubectl_rapt.ports.world import World

_SET = "kubectl rapt config set"


def put(
    world: World,
    text: str,
    source: str,
    key: str,
    value: str,
    contexts: Callable[[], Sequence[str]],
    cluster_of: Callable[[str], str],
) -> WriteSettings:
    """The step that changes one setting.

    Args:
        world: Where to read.
        text: The content of the settings file.
        source: Its path, for messages.
        key: The setting: ``repository``, ``environment``, ``contexts.ENV`` or ``forges.HOST``.
        value: Its new value.
        contexts: The kube contexts that there are.
        cluster_of: The UID of the cluster that a kube context points at; empty if it does not say.

    Raises:
        UsageError: ``no-setting``: there is no such setting; ``bad-usage``: the value is no variable's name.
        NotFound: There is no such environment, kube context or repository.
        Refused: ``reviewed-default``: a reviewed environment is never the default; ``other-cluster``: the kube context
            does not point at the environment's cluster.
        Invalid, Unavailable: The file is broken, or the repository cannot be read.
    """
    if key == "repository":
        repository.read_at(world, Remote(value)).project()
    elif key == "environment":
        project = repository.read(world).project()
        if value not in project.environments:
            raise _no_default(project, value)
        _check_default(project, project.environments[value])
    elif host := settings.host_of(key):
        _check_forge(host, value)
    else:
        name = settings.environment_of(key)
        if not name:
            raise _no_setting(key, value)
        project = repository.read(world).project()
        if name not in project.environments and (near := names.nearest(name, project.environments)):
            what = f'no environment "{name}" in {layout.PROJECT}'
            raise NotFound("no-environment", what, f"{_SET} contexts.{shell.word(near)} {shell.word(value)}")
        environment = project.environment(name, f"{_SET} environment")
        _check_context(environment, value, contexts(), cluster_of)
    return WriteSettings(settings.put(text, source, key, value))


def drop(text: str, source: str, key: str) -> WriteSettings:
    """The step that removes one setting.

    Raises:
        UsageError: ``no-setting``: there is no such setting.
        NotFound: ``not-set``.
        Invalid: The file is broken.
    """
    if key not in settings.TEXTS and not settings.environment_of(key) and not settings.host_of(key):
        raise _no_setting(key)
    return WriteSettings(settings.drop(text, source, key))


def _no_setting(key: str, value: str = "") -> UsageError:
    known = [*settings.TEXTS, "contexts.ENV", "forges.HOST"]
    near = names.nearest(key, known)
    what = f'no setting "{key}"; the settings are {", ".join(known)}'
    error = UsageError("no-setting", what, f"{_SET} {shell.word(near or known[1])} VALUE")
    is_complete = near in settings.TEXTS and value
    return error.meant(key, near) if is_complete else error


def _check_forge(host: str, variable: str) -> None:
    if not settings.is_host(host):
        what = f'"{host}" is not a host: give it in small letters, without https:// and without a path'
        raise UsageError("bad-usage", what, f"{_SET} forges.git.example.com RAPT_FORGE_TOKEN")
    if not settings.is_variable(variable):  # it may be the token itself, which is not shown
        what = f"forges.{host} expects the name of an environment variable that holds the token, in capital letters"
        raise UsageError("bad-usage", what, f"{_SET} {shell.word(f'forges.{host}')} RAPT_FORGE_TOKEN")


def _no_default(project: Project, value: str) -> NotFound:
    """Proposed is only what would be taken: a reviewed environment is never the default."""
    free = sorted(one.name for one in project.environments.values() if not one.is_reviewed)
    near = names.nearest(value, free)
    what = f'no environment "{value}" in {layout.PROJECT}'
    if not free:
        what = f"{what}, and all that it has are reviewed: they must be named each time"
        return NotFound("no-environment", what, "kubectl rapt list --repository")
    has = "" if near else f": those that can be the default are {', '.join(free)}"
    meant = near or shell.BLANK
    hint = f"{_SET} environment {shell.word(meant)}"
    return NotFound("no-environment", f"{what}{has}", hint).meant(value, meant)


def _check_default(project: Project, environment: Environment) -> None:
    if environment.is_reviewed:
        free = [one.name for one in project.environments.values() if not one.is_reviewed]
        named = f"kubectl rapt list --in {shell.word(environment.name)}"
        hint = f"{_SET} environment {shell.word(free[0])}" if free else named
        what = f'environment "{environment.name}" is reviewed, so it must be named each time and is never the default'
        raise Refused("reviewed-default", what, hint)


def _check_context(
    environment: Environment, context: str, known: Sequence[str], cluster_of: Callable[[str], str]
) -> None:
    if context not in known:
        near = names.nearest(context, known)
        what = f'no kube context "{context}" in your kubeconfig'
        hint = (
            f"{_SET} contexts.{shell.word(environment.name)} {shell.word(near)}"
            if near
            else "kubectl config get-contexts"
        )
        raise NotFound("no-context", what, hint)
    uid = cluster_of(context)
    if environment.cluster and uid and uid != environment.cluster:
        right = next((one for one in known if cluster_of(one) == environment.cluster), "")
        what = f'kube context "{context}" does not point at the cluster of environment "{environment.name}"'
        hint = (
            f"{_SET} contexts.{shell.word(environment.name)} {shell.word(right)}"
            if right
            else "kubectl config get-contexts"
        )
        raise Refused("other-cluster", what, hint)
