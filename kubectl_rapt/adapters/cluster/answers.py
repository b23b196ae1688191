"""What the API server's refusals mean: one pure function from an answer to an error."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kubectl_rapt.adapters.cluster.words import one_line
from kubectl_rapt.errors import AGAIN, Conflict, Invalid, NotFound, Problem, RaptError, Refused, Unavailable
from kubectl_rapt.guard import grants
from kubectl_rapt.model.kinds import Kind

RAPT_GROUP = "rapt.dev"


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request asks for, in the words of an access review.

    Args:
        verb: ``get``, ``list``, ``watch``, ``create``, ``patch``, ``delete``.
        kind: The kind; None where it is about no object, such as the server's version.
        namespace: Its namespace; empty for all, and for cluster-wide kinds.
        name: The object's name, where one is meant.
        subresource: Such as ``log`` or ``status``.
        may_change: Whether something may be different afterwards. A dry run changes nothing.
        is_conditional: Whether it is only to be done while some values are what they were.
    """

    verb: str
    kind: Kind | None = None
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    may_change: bool = False
    is_conditional: bool = False

    @property
    def resource(self) -> str:
        """The resource as access rules spell it: ``pods/log``, ``jobs.batch``."""
        resource = self.kind.resource if self.kind else "the API"
        return f"{resource}/{self.subresource}" if self.subresource else resource

    @property
    def thing(self) -> str:
        """The object or the resource, for a message."""
        return f"{self.kind.name.lower()}/{self.name}" if self.kind and self.name else self.resource

    @property
    def place(self) -> str:
        """The namespace, for the end of a message."""
        if self.is_everywhere:
            return " in all namespaces"
        return f' in namespace "{self.namespace}"' if self.namespace else ""

    @property
    def where(self) -> str:
        """The namespace, for the end of a command."""
        if self.is_everywhere:
            return " -A"
        return f" -n {self.namespace}" if self.namespace else ""

    @property
    def is_everywhere(self) -> bool:
        """Whether it asks for the objects of every namespace."""
        return bool(self.kind and self.kind.is_namespaced and not self.namespace)


def classify(status: int, headers: Mapping[str, str], body: bytes, ask: Ask) -> RaptError:
    """The error that an answer other than success stands for.

    Args:
        status: The HTTP status.
        headers: With lower-case names.
        body: Unpacked: a ``v1`` Status, or text where a proxy or an unknown path answered.
        ask: What was asked for.

    Returns:
        The error to raise. All text of the server in it is one line, without control characters.
    """
    said = _status(body)
    if said is None:
        return _without_status(status, headers, body, ask)
    reason, message = said.reason, said.message
    if status == 401:
        return _not_authenticated("the API server does not accept these credentials")
    if denied := _denied(said, ask):
        return denied
    if status == 403:
        return _forbidden(said, ask)
    if status == 404:
        return _not_found(said, ask)
    if reason == "AlreadyExists":
        return Conflict(
            "already-exists",
            f"{ask.kind.name.lower() if ask.kind else said.kind}/{said.name or ask.name} already exists{ask.place}",
            f"kubectl get {said.resource or ask.resource} {said.name or ask.name}{ask.where}",
        )
    if reason == "Expired" or status == 410:
        return Conflict("expired", f"the list of {ask.resource} has expired on the server", AGAIN)
    # A merge patch with another object's uid is answered as a change of a field that cannot change.
    is_other = ask.verb == "patch" and any(field == "metadata.uid" for _, field, _ in said.causes)
    # The server names no cause where the test of a JSON patch fails.
    is_other = is_other or (ask.is_conditional and status == 422 and not said.causes)
    if status == 409 or is_other:
        return Conflict(
            "changed-meanwhile",
            f"{ask.thing}{ask.place} was changed or replaced by someone else meanwhile",
            AGAIN,
        )
    if status == 413:
        return _too_large(message, ask)
    if status in (400, 422):
        return _invalid(said, ask)
    return _trouble(status, headers, said, ask)


def lost(ask: Ask, why: str, *, code: str = "cut-off") -> Unavailable:
    """The error for a request that was sent and whose answer never came."""
    if ask.may_change:
        message = f"it is not known whether {_doing(ask)} was done: {why}"
        return Unavailable(code, message, _look(ask), outcome_unknown=True, is_transient=True)
    return unsent(ask, why, code=code)


def unsent(ask: Ask, why: str, *, code: str) -> Unavailable:
    """The error for a request that certainly changed nothing, because it was never sent or only reads."""
    message = f"cannot {_doing(ask)}: {why}"
    return Unavailable(code, message, "kubectl get --raw /readyz", is_transient=True)


def is_ours(ask: Ask) -> bool:
    """Whether it is about a kind that ``kubectl rapt install`` brings."""
    return ask.kind is not None and ask.kind.group == RAPT_GROUP


def expiry(event: Mapping[str, Any]) -> bool:
    """Whether a watch's ERROR event says that its resourceVersion is too old."""
    status = event.get("object")
    return isinstance(status, dict) and (
        status.get("code") == 410 or status.get("reason") in ("Expired", "Gone")
    )


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """What the server asks for; its dates are not used by Kubernetes."""
    value = headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() and len(value) < 7 else None


class _Said(NamedTuple):
    """A ``v1`` Status, checked field by field: a proxy in between may answer anything."""

    reason: str
    message: str
    name: str
    group: str
    kind: str
    causes: tuple[tuple[str, str, str], ...]

    @property
    def resource(self) -> str:
        """``details.kind`` holds the resource's plural here and the kind there."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


def _status(body: bytes) -> _Said | None:
    try:
        status = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(status, dict) or status.get("kind") != "Status":
        return None
    details = status.get("details")
    details = details if isinstance(details, dict) else {}
    causes = details.get("causes")
    return _Said(
        _text(status, "reason"),
        _text(status, "message", 2000),
        _text(details, "name"),
        _text(details, "group"),
        _text(details, "kind"),
        tuple(
            (_text(cause, "reason"), _text(cause, "field"), _text(cause, "message"))
            for cause in (causes if isinstance(causes, list) else ())
            if isinstance(cause, dict)
        ),
    )


def _text(data: Mapping[str, Any], key: str, limit: int = 300) -> str:
    value = data.get(key)
    return one_line(value, limit) if isinstance(value, str) else ""


# Patterns are compiled when something is refused: together they cost 3 ms.
_POLICY = r"ValidatingAdmissionPolicy '([^']*)' with binding '[^']*' denied request: (.*)"
_WEBHOOK = r'admission webhook "([^"]*)" denied the request(?: without explanation|: (.*))'
_POD_SECURITY = r'violates PodSecurity "([^"]*)": (.*)'


def _denied(said: _Said, ask: Ask) -> RaptError | None:
    """An admission policy's refusal: 403 or 422 for the cluster's own policies, any status for a webhook's."""
    if found := re.search(_POLICY, said.message):
        hint = f"kubectl get validatingadmissionpolicy {found[1]} -o yaml"
    elif found := re.search(_WEBHOOK, said.message):
        hint = "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"
    elif found := re.search(_POD_SECURITY, said.message):
        hint = f"kubectl get namespace {ask.namespace} --show-labels"
    else:
        return None
    why = f": {found[2]}" if found[2] else ""
    return Refused("policy", one_line(f'policy "{found[1]}" refuses {_named(said, ask)}{why}'), hint)


_NO_RIGHT = r'User "([^"]*)" cannot (\S+) resource "([^"]*)"'
_QUOTA = r"exceeded quota: (\S+?), requested: (.*?), used: (.*?), limited: (.*)"
_QUOTA_NEEDS = r"failed quota: (\S+?): must specify (.*)"


def _forbidden(said: _Said, ask: Ask) -> RaptError:
    if (found := re.search(_NO_RIGHT, said.message)) and found[2] == "impersonate":
        what = f'user "{found[1]}" may not impersonate {found[3]} "{said.name}"'
        return Refused("no-right", what, f"kubectl auth can-i impersonate {found[3]}/{said.name}")
    if found:
        what = f'user "{found[1]}" may not {ask.verb} {ask.resource}{ask.place}'
        resource, _, sub = ask.resource.partition("/")
        hint = f"kubectl auth can-i {ask.verb} {resource}{f' --subresource={sub}' if sub else ''}{ask.where}"
        # No role of Kubernetes' own but that of an administrator holds rights to what is in no namespace.
        is_granted = ask.kind is None or ask.kind.is_namespaced
        granted = grants.command(found[1], [(ask.verb, ask.resource)], ask.namespace) if is_granted else ""
        problems = (Problem(grants.GRANTED_BY, granted),) if granted else ()
        return Refused("no-right", what, hint, problems)
    if any(reason == "NamespaceTerminating" for reason, _, _ in said.causes):
        return Refused(
            "namespace-terminating",
            f'namespace "{ask.namespace}" is being deleted and takes nothing new',
            f"kubectl get namespace {ask.namespace}",
        )
    if found := re.search(_QUOTA, said.message):
        what = f'quota "{found[1]}"{ask.place} is used up: requested {found[2]}, used {found[3]}, limit {found[4]}'
        return Refused("quota", one_line(what), f"kubectl describe quota {found[1]}{ask.where}")
    if found := re.search(_QUOTA_NEEDS, said.message):
        what = f'quota "{found[1]}"{ask.place} wants these to be given: {found[2]}'
        return Refused("quota", one_line(what), f"kubectl describe quota {found[1]}{ask.where}")
    return Refused(
        "no-right",
        one_line(f"cannot {ask.verb} {ask.thing}{ask.place}: {said.message}"),
        "kubectl auth whoami",
    )


def _not_found(said: _Said, ask: Ask) -> RaptError:
    if said.kind == "namespaces" and not (ask.kind and ask.kind.plural == "namespaces"):
        return NotFound(
            "no-namespace", f'there is no namespace "{said.name}"', f"kubectl create namespace {said.name}"
        )
    if not said.name:
        return not_installed(ask)
    if said.kind == "pods/log":
        # The kubelet's word, not the API server's: it has not heard of the pod yet.
        what = f"no log of {ask.thing}{ask.place} yet: its node does not know it"
        return Unavailable("not-started", what, f"kubectl describe pod {ask.name}{ask.where}")
    what = ask.kind.name.lower() if ask.kind else said.resource
    name = ask.name or said.name
    return NotFound(
        "not-found", f'there is no {what} "{name}"{ask.place}', f"kubectl get {ask.resource}{ask.where}"
    )


def not_installed(ask: Ask) -> NotFound:
    """The error for a kind that the cluster does not know."""
    if is_ours(ask):
        return NotFound("not-installed", "Rapt is not installed in this cluster", "kubectl rapt install")
    return NotFound("not-installed", f"this cluster has no {ask.resource}", "kubectl api-resources")


SELECTABLE = {
    "runs": ("status.state", "spec.tool", "spec.requestedBy"),
}
"""Plural to the fields that objects of our kinds can be selected by, beside the name; the most usual one first."""
_ALWAYS_SELECTABLE = ("metadata.name", "metadata.namespace")
_STATE = "Failed"
_WAITING = ("is waiting to start", "is not available")
_CONTROLLER_UID = "labels[controller-uid]"


def _invalid(said: _Said, ask: Ask) -> RaptError:
    if ask.verb == "create" and any(field.endswith(_CONTROLLER_UID) for _, field, _ in said.causes):
        # Measured: a Job of 2 MB is answered with a mismatch of labels that it never had.
        return _too_large(
            "labels of the Job controller do not match, which is what its server says of 2 MB", ask
        )
    if ask.verb in ("list", "watch") and not ask.name and (wrong := _wrong_selector(said.message, ask)):
        return wrong
    problems = tuple(_problems(said))
    if problems:
        count = "" if len(problems) == 1 else f" in {len(problems)} places"
        what = f"{_named(said, ask)} is not valid{count}: {problems[0].where}: {problems[0].what}"
        return Invalid("invalid-object", one_line(what), _fields(ask), problems)
    if ask.subresource == "log" and _has(said.message, _WAITING):
        what = one_line(f"no log of {ask.thing}{ask.place} yet: {said.message}")
        return Unavailable("not-started", what, f"kubectl describe pod {ask.name}{ask.where}")
    what = one_line(f"cannot {ask.verb} {ask.thing}{ask.place}: {said.message}")
    return Invalid("invalid-object", what, _fields(ask))


_UNKNOWN_LABEL = re.compile(r"field label not supported: (.*)")
_WRONG_FIELDS = re.compile(r"invalid (?:field )?selector: '.*'; (.*)")
_WRONG_LABELS = re.compile(r"(?:unable to parse requirement: )(?:<nil>: )?(.*)|(found '.*', expected: .*)")


def _wrong_selector(message: str, ask: Ask) -> RaptError | None:
    """What is wrong with ``-l`` or ``--field-selector``, with one that is right; None if it is something else."""
    known = [*SELECTABLE.get(ask.kind.plural if ask.kind else "", ()), *_ALWAYS_SELECTABLE]
    example = f"--field-selector {known[0]}={_STATE if known[0] == 'status.state' else 'NAME'}"
    if found := _UNKNOWN_LABEL.search(message):
        what = f'--field-selector: {ask.resource} has no field "{found[1]}" to select by; it has {", ".join(known)}'
        return Invalid("bad-selector", one_line(what), example)
    if found := _WRONG_FIELDS.search(message):
        what = f"--field-selector expects FIELD=VALUE: {found[1]}"
        return Invalid("bad-selector", one_line(what), example)
    if found := _WRONG_LABELS.search(message):
        what = f"-l expects a label selector such as NAME=VALUE: {found[1] or found[2]}"
        return Invalid("bad-selector", one_line(what), "-l rapt.dev/environment=prod")
    return None


def _fields(ask: Ask) -> str:
    """The command that shows what may be written, or what there is to read."""
    if ask.verb in ("create", "patch") and ask.kind:
        return f"kubectl explain {ask.kind.resource} --recursive"
    return _look(ask)


_UNKNOWN_FIELD = r'(unknown|duplicate) field "([^"]*)"'


def _problems(said: _Said) -> Iterator[Problem]:
    seen = set()
    for _, field, message in said.causes:
        if (field or message) and (field, message) not in seen:
            seen.add((field, message))
            yield Problem(field or "object", message)
    if not said.causes and "strict decoding error" in said.message:
        for how, field in re.findall(_UNKNOWN_FIELD, said.message):
            yield Problem(field, f"{how} field")


def _too_large(why: str, ask: Ask) -> RaptError:
    return Invalid(
        "too-large", f"{ask.thing} is too large for the API server: {why}", "keep large data in a volume"
    )


_WEBHOOK_DOWN = r'failed calling webhook "([^"]*)": (.*)'


def _trouble(status: int, headers: Mapping[str, str], said: _Said, ask: Ask) -> RaptError:
    """Statuses of 429, of 500 and above, and those that nobody expects."""
    wait = retry_after_seconds(headers)
    if status == 429:
        what = f"the API server has too many requests to {ask.verb} {ask.thing}{ask.place} now"
        return Unavailable("too-many-requests", what, AGAIN, is_transient=True, retry_after_seconds=wait)
    if found := re.search(_WEBHOOK_DOWN, said.message):
        what = one_line(f'admission webhook "{found[1]}" does not answer: {found[2]}')
        hint = "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"
        return Unavailable("webhook-down", what, hint, is_transient=True, retry_after_seconds=wait)
    why = f"the API server answered {status}: {said.message or said.reason}"
    code = "timeout" if status == 504 or said.reason == "Timeout" else "server-error"
    error = lost(ask, one_line(why), code=code)
    error.retry_after_seconds = wait
    error.is_transient = status != _NOT_IMPLEMENTED
    return error


_NOT_IMPLEMENTED = 501
# Words of Go's net/http, crypto/tls and client-go, as kubectl's proxy passes them on in a 500 text/plain. Each of
# these fails before a request is written. "EOF", resets and lost HTTP/2 connections may come after it.
_NO_CONNECTION = ("dial ", "lookup ", "proxyconnect", "TLS handshake")
_NO_TRUST = ("tls: ", "x509: ", "gave HTTP response to HTTPS")
_CREDENTIALS = (
    "getting credentials",
    "exec plugin",
    "exec: ",
    "oauth2: ",
    "ID Token",
    "oidc",
    "refresh token",
)


def _without_status(status: int, headers: Mapping[str, str], body: bytes, ask: Ask) -> RaptError:
    """An answer that is not the API server's own: of kubectl's proxy, of a gateway, or of an unknown path."""
    text = body[:5000].decode(errors="replace")
    first = one_line(next((line for line in text.splitlines() if line.strip()), ""))
    if status == 404 and first == "404 page not found":
        return not_installed(ask)
    if status == 401:
        return _not_authenticated("the API server does not accept these credentials")
    if status == 403:
        return Refused(
            "no-right", f"cannot {ask.verb} {ask.thing}{ask.place}: {first}", "kubectl auth whoami"
        )
    if status == 429:
        wait = retry_after_seconds(headers)
        return Unavailable(
            "too-many-requests",
            "the API server has too many requests now",
            AGAIN,
            is_transient=True,
            retry_after_seconds=wait,
        )
    if status < 500:
        what = f"no API server answers there ({status}: {first})"
        return Unavailable("no-cluster", what, "kubectl cluster-info")
    if status == 500 and _has(first, _CREDENTIALS):
        return _not_authenticated(first)
    if status == 500 and _has(first, (*_NO_CONNECTION, *_NO_TRUST)):
        what = f"the API server cannot be reached: {first}"
        return Unavailable(
            "no-cluster", what, "kubectl cluster-info", is_transient=not _has(first, _NO_TRUST)
        )
    error = lost(ask, f"the connection to the API server broke ({status}: {first})")
    error.retry_after_seconds = retry_after_seconds(headers)
    error.is_transient = status != _NOT_IMPLEMENTED
    return error


def _not_authenticated(why: str) -> Refused:
    # In the foreground kubectl can ask, and a plug-in keeps what it was given.
    return Refused("not-authenticated", why, "kubectl get --raw /version")


def _has(text: str, words: Sequence[str]) -> bool:
    return any(word in text for word in words)


def _named(said: _Said, ask: Ask) -> str:
    name = ask.name or said.name
    return f"{ask.kind.name.lower()}/{name}" if ask.kind and name else ask.thing


def _doing(ask: Ask) -> str:
    return f"{ask.verb} {ask.thing}{ask.place}"


def _look(ask: Ask) -> str:
    resource = ask.kind.resource if ask.kind else ""
    return f"kubectl get {resource} {ask.name}{ask.where}".replace("  ", " ")
