"""What would grant rights that somebody lacks: the command that an administrator types."""

import re
import shlex
from collections.abc import Iterable

_READS = ("get", "list", "watch")
_SERVICE_ACCOUNT = re.compile(r"system:serviceaccount:([a-z0-9-]+):([a-z0-9.-]+)")
_UNFIT = re.compile(r"[^a-z0-9]+")
_OF_ADMINISTRATORS = ("roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io")
GRANTED_BY = "to grant it"
"""What stands before the command."""


def role(rights: Iterable[tuple[str, str]]) -> str:
    """The least of Kubernetes' own roles that holds all of these rights in a namespace; Rapt's rights are in them.

    Args:
        rights: Verb and resource each, such as ``("create", "jobs.batch")``.
    """
    needed = list(rights)
    if any(verb not in _READS and resource in _OF_ADMINISTRATORS for verb, resource in needed):
        return "admin"
    may_view = all(verb in _READS and resource.partition("/")[0] != "secrets" for verb, resource in needed)
    return "view" if may_view else "edit"


def command(user: str, rights: Iterable[tuple[str, str]], namespace: str) -> str:
    """The command that lets a user do some things in a namespace.

    Args:
        user: As the API server knows them.
        rights: See ``role``.
        namespace: Where; empty for every namespace.
    """
    granted = role(rights)
    found = _SERVICE_ACCOUNT.fullmatch(user)
    whom = f"--serviceaccount={found[1]}:{found[2]}" if found else f"--user={shlex.quote(user)}"
    name = _UNFIT.sub("-", f"{user}-{granted}".lower()).strip("-")[-63:].strip("-")
    where = f" -n {namespace}" if namespace else ""
    kind = "rolebinding" if namespace else "clusterrolebinding"
    return f"kubectl create {kind} {name} --clusterrole={granted} {whom}{where}"
