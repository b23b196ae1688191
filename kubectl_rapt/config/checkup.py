"""What ``doctor`` makes of what it saw: for each thing one verdict, and the cure where there is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kubectl_rapt.errors import RaptError
from kubectl_rapt.model import shell

FOR_FEW = ("grant", "install")
"""To sync a tool that needs access to Kubernetes takes the role admin, to install Rapt an administrator."""

State = Literal["ok", "skipped", "warning", "failed"]

_LARGEST_SKEW = 1
"""Minor versions between kubectl and the API server (Kubernetes' version skew policy)."""
_LATE_SECONDS, _FAR_OFF_SECONDS = 10, 300
"""From the first on, ages and due times are shown wrong; from the second on, tokens are refused."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one thing stands.

    Args:
        state: Whether it is as it should be; with a warning, most things work all the same.
        says: What was found.
        cure: What to do, where there is something.
        code: The error's, where one was met.
    """

    state: State
    says: str
    cure: str = ""
    code: str = ""


def of_error(error: RaptError) -> Verdict:
    """The verdict where something could not even be looked at."""
    return Verdict("failed", error.message, error.hint, error.code)


def late(seconds: float) -> Verdict:
    """The verdict where something did not answer in time."""
    return Verdict("failed", f"no answer within {seconds:g} s", "--request-timeout 60s, or ask again later")


def resting(verdict: Verdict, bases: Mapping[str, Verdict]) -> Verdict:
    """A verdict on something that rests on other things: where one of those failed, it has no failure of its own."""
    failed = [name for name, basis in bases.items() if basis.state == "failed"]
    if verdict.state == "failed" and failed:
        return Verdict("warning", f"skipped: the {failed[0]} check failed")
    return verdict


def kubectl(paths: Sequence[str], version: str) -> Verdict:
    """Of the kubectl that a shell would run.

    Args:
        paths: Every one on the PATH.
        version: Such as ``1.35.4``; empty if the first one tells none.
    """
    if not paths:
        cure = "https://kubernetes.io/docs/tasks/tools/"
        return Verdict("warning", "it is not on the PATH; Rapt works without it", cure, "no-kubectl")
    if not version:
        what = f"{paths[0]} does not tell a version, as kubectl does: it may be another program"
        return Verdict(
            "failed", what, "kubectl version --client, then remove it from the PATH, or install kubectl again"
        )
    return Verdict("ok", f"{version} at {paths[0]}")


def plugin(paths: Sequence[str], folder: str) -> Verdict:
    """Whether ``kubectl rapt`` finds Rapt.

    Args:
        paths: Every ``kubectl-rapt`` on the PATH that is another file, in its order.
        folder: Where the program that runs now is.
    """
    if not paths:
        what = "kubectl-rapt is not on the PATH, so `kubectl rapt` does not work"
        return Verdict("failed", what, f'export PATH="{folder}:$PATH"')
    if len(paths) > 1:
        what = f"{len(paths)} different kubectl-rapt are on the PATH, and {paths[0]} is run"
        return Verdict("warning", what, "kubectl plugin list, then remove the others")
    return Verdict("ok", paths[0])


def completion(paths: Sequence[str]) -> Verdict:
    """Whether ``kubectl rapt <TAB>`` completes."""
    if not paths:
        what = "`kubectl rapt <TAB>` completes nothing: kubectl_complete-rapt is not on the PATH"
        return Verdict("warning", what, "kubectl rapt completion install")
    return Verdict("ok", paths[0])


def git(version: str, identity: str) -> Verdict:
    """Of a git that can commit."""
    return Verdict("ok", f"{version}, as {identity}")


def repository(shown: str, head: str) -> Verdict:
    """Of the config repository that was just read."""
    if not head:
        return Verdict("failed", f"{shown} is empty: it has no main", "kubectl rapt init", "no-main")
    return Verdict("ok", f"{shown}, main at {head[:12]}")


def registries(usable: Mapping[str, int], notes: Mapping[str, str], broken: Mapping[str, str]) -> Verdict:
    """Of all registries.

    Args:
        usable: Name to the number of templates.
        notes: Name to why what is known of one may be old or not all there is.
        broken: Name to why one cannot be used.
    """
    said = [f"{name}: {count} template{'s' * (count != 1)}" for name, count in usable.items()]
    if broken or notes:
        said = [f"{name}: {why}" for name, why in {**notes, **broken}.items()] + said
    return Verdict(
        "failed" if broken else "warning" if notes else "ok",
        "; ".join(said),
        "kubectl rapt registry update" if broken or notes else "",
    )


def forge(kind: str, login: str) -> Verdict:
    """Of the forge where pull requests are opened."""
    if kind == "none":
        return Verdict("ok", "none: changes are branches, and people merge them with git")
    return Verdict("ok", f"{kind}, as {login}" if login else f"{kind}, under a name that it does not tell")


def cluster(server: str, server_minor: int, kubectl_minor: int | None) -> Verdict:
    """Of an API server that answers.

    Args:
        server: Its address.
        server_minor: 35 for v1.35.4.
        kubectl_minor: The same of kubectl; None where there is none.
    """
    what = f"Kubernetes 1.{server_minor} at {server or 'its own pod'}"
    skew = 0 if kubectl_minor is None else kubectl_minor - server_minor
    if abs(skew) > _LARGEST_SKEW:
        which = "newer" if skew > 0 else "older"
        what += f", and kubectl 1.{kubectl_minor} is {abs(skew)} minor versions {which}"
        return Verdict("warning", what, f"kubectl 1.{server_minor}: https://kubernetes.io/docs/tasks/tools/")
    return Verdict("ok", what)


def credentials(user: str, context: str) -> Verdict:
    """Of whom the API server takes one for."""
    where = f"context {context}" if context else "the pod's own account"
    if not user or user == "system:anonymous":
        what = f"{where} gives no credentials: the API server takes you for anybody"
        return Verdict("failed", what, "kubectl config view --minify", "not-authenticated")
    return Verdict("ok", f"{user} ({where})")


def clock(ahead_seconds: float) -> Verdict:
    """Of this machine's clock beside the API server's, which tells whole seconds only."""
    off = abs(ahead_seconds)
    if off < _LATE_SECONDS:
        return Verdict("ok", "the same as the API server's")
    what = f"{off:.0f} s {'ahead of' if ahead_seconds > 0 else 'behind'} the API server's"
    return Verdict("failed" if off >= _FAR_OFF_SECONDS else "warning", what, "timedatectl set-ntp true")


def identity(uid: str, recorded: Mapping[str, str], wanted: str) -> Verdict:
    """Whether the cluster is the one that is meant.

    Args:
        uid: The cluster's.
        recorded: Environment to the UID of its cluster, empty where none was recorded.
        wanted: The environment that a command would work on; empty where none is named.
    """
    here = [name for name, one in recorded.items() if one == uid]
    if wanted and recorded.get(wanted) and wanted not in here:
        what = f"this is another cluster than environment {wanted} has"
        if here:
            what += f": it is that of {', '.join(here)}"
        cure = f"kubectl rapt config set contexts.{shell.word(wanted)} NAME"
        return Verdict("failed", what, cure, "other-cluster")
    if wanted and not recorded.get(wanted):
        what = f"environment {wanted} does not say yet which cluster is its own"
        return Verdict("warning", what, "kubectl rapt init", "no-cluster-recorded")
    if not here:
        return Verdict("warning", "no environment has this cluster", "kubectl config get-contexts")
    return Verdict("ok", f"the cluster of {', '.join(here)}")


def kinds(standings: Mapping[str, str]) -> Verdict:
    """Of Rapt's own kinds in the cluster.

    Args:
        standings: Kind to ``ok``, ``missing``, ``older``, ``newer``, ``not-served`` or ``unknown``.
    """
    wrong = {name: one for name, one in standings.items() if one in ("missing", "older", "not-served")}
    if wrong:
        what = ", ".join(f"{name} is {one.replace('-', ' ')}" for name, one in wrong.items())
        return Verdict("failed", what, "an administrator types: kubectl rapt install", "not-installed")
    if newer := [name for name, one in standings.items() if one == "newer"]:
        return Verdict("warning", f"{', '.join(newer)} are of a newer Rapt", "take the newest Rapt")
    unseen = [name for name, one in standings.items() if one == "unknown"]
    return Verdict("ok", "all there" + (f"; {len(unseen)} may not be looked at closer" if unseen else ""))


def admission(standings: Mapping[str, str]) -> Verdict:
    """Of the policies by which the API server refuses forged Runs.

    Args:
        standings: Policy or binding to ``ok``, ``missing``, ``changed``, ``older``, ``newer`` or ``unknown``; none
            where the API server has no such kind.
    """
    if not standings:
        return Verdict("ok", "none: this API server has no admission policies (Kubernetes 1.30)")
    wrong = {name: one for name, one in standings.items() if one in ("missing", "changed", "older")}
    if wrong:
        what = ", ".join(f"{name} is {one}" for name, one in wrong.items())
        cure = "an administrator types: kubectl rapt install"
        return Verdict("failed", f"{what}: forged Runs may be admitted", cure, "not-installed")
    if newer := [name for name, one in standings.items() if one == "newer"]:
        verb = "is" if len(newer) == 1 else "are"
        return Verdict("warning", f"{', '.join(newer)} {verb} of a newer Rapt", "take the newest Rapt")
    if "unknown" in standings.values():
        return Verdict("skipped", "cannot be looked at by you")
    return Verdict("ok", "all there")


def rights(missing: Mapping[str, Sequence[str]], namespace: str) -> Verdict:
    """Of what the person may do.

    Args:
        missing: For each purpose, in the order of their importance, the rights that are lacking.
        namespace: Where.
    """
    able = [purpose for purpose, lacking in missing.items() if not lacking]
    unable = {purpose: lacking for purpose, lacking in missing.items() if lacking}
    what = f"may {', '.join(able)} in namespace {namespace}" if able else f"may do nothing in {namespace}"
    if unable:
        what += "; not " + ", ".join(f"{purpose} ({_first(lacking)})" for purpose, lacking in unable.items())
    if unable.keys() <= set(FOR_FEW):
        return Verdict("ok", what)
    role = "view" if unable.keys() - set(FOR_FEW) == {"see"} else "edit"
    cure = f"an administrator: kubectl create rolebinding NAME --clusterrole={role} --user=YOU -n {namespace}"
    return Verdict("failed" if "see" in unable else "warning", what, cure, "no-right")


def _first(lacking: Sequence[str]) -> str:
    return lacking[0] + (f" and {len(lacking) - 1} more" if len(lacking) > 1 else "")


def engines(found: Mapping[str, str], silent: Sequence[str]) -> Verdict:
    """Of what Rapt can make use of.

    Args:
        found: Engine to where it was seen; empty where it was not.
        silent: Those that are installed and do not answer.
    """
    there = [f"{name} ({where})" for name, where in found.items() if where]
    absent = [name for name, where in found.items() if not where and name not in silent]
    said = [", ".join(there) or "none"]
    if absent:
        said.append(f"not here: {', '.join(absent)}")
    if silent:
        what = f"{', '.join(silent)}: installed, and no answer; {'; '.join(said)}"
        return Verdict("warning", what, "kubectl get apiservices")
    return Verdict("ok", "; ".join(said))
