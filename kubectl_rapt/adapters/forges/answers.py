"""What forges' refusals mean: one pure function from an answer to an error."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from kubectl_rapt.adapters.cluster.words import one_line
from kubectl_rapt.errors import AGAIN, Conflict, Invalid, NotFound, RaptError, Refused, Unavailable
from kubectl_rapt.model import shell


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request asks for, in words.

    Args:
        doing: Such as ``open a pull request``.
        host: The host that is asked.
        repository: Its repository.
        has_credentials: Whether it was told who asks.
        may_change: Whether something may be different afterwards.
        is_merge: Whether it asks to merge.
    """

    doing: str
    host: str
    repository: str
    has_credentials: bool = False
    may_change: bool = False
    is_merge: bool = False


_AGAIN = r"try again later|push out of date|Base branch was modified"
_MOVED = r"head out of date|Head branch (was modified|is out of date)|SHA (does not match|must be)|expected head sha"
_CONFLICT = r"conflict|branch cannot be merged|cannot be (cleanly|automatically) (merged|rebased)"
_EXISTS = r"already exists"
_NO_AUTO = r"auto[- ]?merge (is )?not|not (allowed|enabled).*auto"


def classify(status: int, headers: Mapping[str, str], body: bytes, ask: Ask) -> RaptError:
    """The error that an answer other than success stands for.

    Args:
        status: The HTTP status.
        headers: With lower-case names.
        body: JSON of any of the forges, or what a proxy says.
        ask: What was asked for.

    Returns:
        The error to raise; all text of the forge in it is one line, without control characters.
    """
    said = words(body)
    if is_limited(status, headers):
        return Unavailable(
            "forge-busy",
            f"{ask.host} has limited your requests for now",
            AGAIN,
            retry_after_seconds=retry_after_seconds(headers),
        )
    if 300 <= status < 400:
        return moved(ask)
    if status == 401:
        return no_login(ask)
    if status == 404 and not (ask.is_merge and re.search(_CONFLICT, said, re.IGNORECASE)):
        return NotFound(
            "no-forge-repository",
            f"{ask.host} cannot {ask.doing}: it does not exist in {ask.repository}, or you may not see it",
            "check the address, and which credentials git has for it",
        )
    if ask.is_merge and status in (400, 404, 405, 406, 409, 422):
        return _not_merged(status, said, ask)
    if status in (403, 405, 423):
        return _refused(said or f"status {status}", ask)
    if status == 409 or (status == 422 and re.search(_EXISTS, said)):
        return Conflict("already-proposed", _said(ask, said), AGAIN)
    if status < 500:
        return Invalid("forge-invalid", _said(ask, said or f"status {status}"), "change what it names")
    return down(ask, f"status {status}{': ' + said if said else ''}", retry_after_seconds(headers))


def classify_graphql(errors: Any, ask: Ask) -> RaptError:
    """The error that the ``errors`` of a GraphQL answer stand for."""
    first = next((one for one in errors if isinstance(one, dict)), {}) if isinstance(errors, list) else {}
    said, kind = words(json.dumps({"errors": errors}).encode()), first.get("type")
    if kind == "NOT_FOUND":
        return classify(404, {}, b"", ask)
    if kind in ("FORBIDDEN", "INSUFFICIENT_SCOPES"):
        return _refused(said, ask)
    if kind == "RATE_LIMITED":
        return classify(429, {}, b"", ask)
    if re.search(_NO_AUTO, said, re.IGNORECASE):
        return no_auto_merge(ask, said)
    if ask.is_merge:
        return _not_merged(422, said, ask)
    if kind in ("UNPROCESSABLE", "VALIDATION"):
        return Invalid("forge-invalid", _said(ask, said), "change what it names")
    return down(ask, said or "it gives no reason")


def no_login(ask: Ask) -> Refused:
    """The error for credentials that are missing, wrong or no longer valid."""
    how = "make a new token there, and give it to git's credential helper (git credential approve)"
    if ask.has_credentials:
        what = f"{ask.host} does not accept your credentials: the token may have expired"
        return Refused("forge-login", what, how)
    what = f"{ask.host} wants to know who you are, and neither git nor your settings have credentials for it"
    hint = f"kubectl rapt config set {shell.word(f'forges.{ask.host}')} RAPT_FORGE_TOKEN"
    return Refused("forge-login", what, hint)


def no_auto_merge(ask: Ask, why: str) -> Refused:
    """The error where a forge or a repository does not merge by itself."""
    return Refused(
        "no-auto-merge",
        one_line(f"{ask.host} cannot {ask.doing} automatically later: {why}"),
        "allow auto-merge in the repository's settings, or merge when it is approved",
    )


def moved(ask: Ask) -> Invalid:
    """The error for a redirect to somewhere that credentials do not belong to."""
    return Invalid(
        "repository-moved",
        f"{ask.host} redirects {ask.repository} to another address, which is not followed",
        "give the new address",
    )


def down(ask: Ask, why: str, wait_seconds: float | None = None, *, was_sent: bool = True) -> Unavailable:
    """The error for a forge that does not answer, or not properly."""
    is_unknown = ask.may_change and was_sent
    what = (
        f"it is not known whether {ask.host} did {ask.doing}"
        if is_unknown
        else f"{ask.host} cannot {ask.doing}"
    )
    return Unavailable(
        "forge-down",
        one_line(f"{what}: {why}"),
        AGAIN if is_unknown else f"check the address and the network, then {AGAIN}",
        outcome_unknown=is_unknown,
        retry_after_seconds=wait_seconds,
    )


def is_limited(status: int, headers: Mapping[str, str]) -> bool:
    """Whether it was not done because of too many requests."""
    has_run_out = headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers
    return status == 429 or (status == 403 and has_run_out)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """How long the forge asks to wait: ``Retry-After`` in seconds or as a date, else GitHub's time of reset."""
    value = headers.get("retry-after", "")
    if value.isascii() and value.isdigit() and len(value) < 7:
        return float(value)
    now = _seconds(headers.get("date", ""))
    if now is None:
        return None
    until = _seconds(value)
    reset = headers.get("x-ratelimit-reset", "")
    if until is None and headers.get("x-ratelimit-remaining") == "0" and re.fullmatch("[0-9]{1,12}", reset):
        until = float(reset)
    return max(0.0, until - now) if until is not None else None


def words(body: bytes) -> str:
    """The reason in an answer's body, on one line; empty where there is none."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return one_line("; ".join(dict.fromkeys(_words(data))))


def _words(data: Any, depth: int = 0) -> Iterator[str]:
    """``message`` is text (Gitea, GitHub) or lists by field (GitLab); ``errors`` are texts or objects."""
    if depth > 4:
        return
    if isinstance(data, str):
        yield data
    elif isinstance(data, list):
        for one in data[:5]:
            yield from _words(one, depth + 1)
    elif isinstance(data, dict):
        known = [key for key in ("message", "error", "error_description", "errors") if key in data]
        # GitHub's "errors" without a message name a field and a code; GitLab's "message" has fields as keys.
        for key in known or [key for key in data if key not in ("documentation_url", "url", "status")][:5]:
            yield from (one if known else f"{key}: {one}" for one in _words(data[key], depth + 1))


def _not_merged(status: int, said: str, ask: Ask) -> RaptError:
    if re.search(_AGAIN, said):
        return Conflict("forge-checking", _said(ask, "the forge is not ready for it yet"), AGAIN)
    if "already scheduled" in said:
        return Conflict(
            "merge-scheduled", _said(ask, "it will be merged automatically when it is ready"), "wait for it"
        )
    if re.search(_MOVED, said, re.IGNORECASE):
        return Conflict("head-moved", _said(ask, "its branch has another commit now"), "look at it again")
    if (
        status == 406
        or re.search(_CONFLICT, said, re.IGNORECASE)
        or (status == 409 and "PushRejected" not in said)
    ):
        return Conflict(
            "merge-conflict", _said(ask, "it conflicts with its base"), "bring the branch up to date"
        )
    return not_mergeable(ask, said)


def not_mergeable(ask: Ask, why: str) -> Refused:
    """The error for a pull request that the forge's rules do not let in."""
    return Refused(
        "not-mergeable", _said(ask, why or "the forge's rules"), "see its page for what is missing"
    )


def _refused(said: str, ask: Ask) -> Refused:
    return Refused("forge-refused", _said(ask, said), "ask those who look after the repository")


def _said(ask: Ask, why: str) -> str:
    return one_line(f"{ask.host} does not {ask.doing} in {ask.repository}: {why}")


def _seconds(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
