"""Notify: tell a webhook of runs that failed, were given up or recovered, each at least once."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from kubectl_rapt import writes
from kubectl_rapt.actions import find, recent
from kubectl_rapt.actions.recent import Told
from kubectl_rapt.errors import Conflict, NotFound, UsageError
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import RUN, Ref
from kubectl_rapt.model.plan import Notify, Patch
from kubectl_rapt.objects.runs import EXHAUSTED, FAILED, SUCCEEDED, Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import news, notices
from kubectl_rapt.writes import Writers


@dataclass(frozen=True, slots=True)
class Webhook:
    """Whom to tell.

    Args:
        url: The address.
        secret: The key that messages are signed with.
    """

    url: str
    secret: str = field(repr=False)


def webhook(url: str, secret: str, variable: str) -> Webhook | None:
    """Check what was given; None where no address was.

    Args:
        url: The address.
        secret: The secret.
        variable: The environment variable that holds it, for the message where it holds none.

    Raises:
        UsageError: The address is none, or there is no secret.
    """
    if not url:
        return None
    if not url.startswith(("https://", "http://")):
        raise UsageError(
            "bad-flag", "the webhook's address is not one of http or https", "--webhook https://…"
        )
    if not secret:
        what = f"messages to a webhook are signed, and {variable} is not set"
        raise UsageError("bad-flag", what, f"export {variable}=…")
    return Webhook(url, secret)


def due(world: World, rows: Iterable[Told], namespace: str) -> list[Ref]:
    """The runs of which somebody may have to be told: over for less than a day, and not told of yet.

    Args:
        world: Where to look.
        rows: The runs, as the server's table tells them: those that can be read.
        namespace: Where they are; empty for everywhere.

    Raises:
        Unavailable, Refused, NotFound, Conflict: It cannot be seen which were told of.
    """
    since = world.now() - timedelta(seconds=notices.WINDOW_SECONDS)
    found: dict[str, list[Ref]] = {}
    for told in rows:
        attempt, state, ended = told["Attempt"], told["State"], told["Finished"]
        is_news = state in (FAILED, EXHAUSTED) or (state == SUCCEEDED and int(attempt or 0) > 1)
        if is_news and attempt and ended and times.parse(ended) > since:
            found.setdefault(str(attempt), []).append(Ref(RUN, told["Name"], told["Namespace"]))
    left: list[Ref] = []
    for attempt, refs in found.items():
        known = recent.rows(world, namespace, labels=f"{notices.TOLD}={attempt}")
        names = {(told["Namespace"], told["Name"]) for told in known}
        left += [ref for ref in refs if (ref.namespace, ref.name) not in names]
    return left


def notify(
    world: World, writers: Writers, to: Webhook, refs: Iterable[Ref], tell: Callable[[Ref, str], None]
) -> None:
    """Tell of some runs, one after the other, and write down that it was told.

    Args:
        world: Where to look.
        writers: The door's ports.
        to: Whom to tell.
        refs: The runs.
        tell: Called with each run that was told of.

    Raises:
        Unavailable, Refused: Of one it could not be told; the others wait for the next pass too.
    """
    for ref in refs:
        try:
            run = find.run(world, ref.name, ref.namespace)
        except NotFound:
            continue
        if run.is_finished and run.attempts:
            if one := news.alarm(run):
                writes.apply(writers, _message(world, to, run, one))
                tell(ref, f"told the webhook: {one.message}")
            marks = {"labels": {notices.TOLD: str(run.attempts[-1].number)}}
            version = {"uid": run.uid, "resourceVersion": run.resource_version}
            # Of a run that has gone on meanwhile, the next pass tells again rather than forget its newer end.
            with suppress(Conflict):
                writes.apply(writers, Patch(ref, {"metadata": {**version, **marks}}))


def _message(world: World, to: Webhook, run: Run, one: news.News) -> Notify:
    body, identity = notices.body(run, one), notices.identity(run, one)
    return Notify(to.url, body, notices.headers(body, one, identity, to.secret, world.now()))
