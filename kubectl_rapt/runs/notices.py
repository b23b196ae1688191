"""What a webhook is told of a run: a signed message, the same each time that it is sent."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from kubectl_rapt import documents
from kubectl_rapt.model import times
from kubectl_rapt.objects import labels
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.runs.news import News

TOLD = "rapt.dev/notified"
"""Label of a Run: the number of the attempt whose end was told."""

WINDOW_SECONDS = 24 * 3600
"""What ended longer ago is no news: whoever sets up a webhook is not told of last year."""


def identity(run: Run, news: News) -> str:
    """What makes a message the same: whoever gets it twice knows it by that."""
    return f"{run.uid}/{news.attempt}/{news.reason}"


def body(run: Run, news: News) -> bytes:
    """The message: JSON, the same bytes each time."""
    last = run.attempts[-1] if run.attempts else None
    told = {
        "id": identity(run, news),
        "type": news.reason,
        "message": f"{run.ref} {news.message}",
        "run": {
            "name": run.name,
            "namespace": run.namespace,
            "uid": run.uid,
            "tool": run.tool,
            "environment": run.labels.get(labels.ENVIRONMENT),
            "state": run.state,
            "attempts": len(run.attempts),
            "cause": last.cause if last else None,
            "exitCode": last.exit_code if last else None,
            "said": last.message if last else run.message,
            "requestedBy": run.requested_by,
            "schedule": run.schedule or None,
            "slot": times.spell(run.slot) if run.slot else None,
            "finishedAt": times.spell(run.finished_at) if run.finished_at else None,
        },
    }
    return documents.dump_json(told, indent=None).encode()


def headers(message: bytes, news: News, identity: str, secret: str, at: datetime) -> Mapping[str, str]:
    """The headers that go with it.

    The signature is ``sha256=`` and HMAC-SHA256, in hex, of the time in seconds, a dot and the body.

    Args:
        message: The body.
        news: What it tells.
        identity: Its id.
        secret: The key that both sides know.
        at: When it is sent.
    """
    seconds = str(int(at.timestamp()))
    signature = hmac.new(secret.encode(), f"{seconds}.".encode() + message, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "kubectl-rapt",
        "X-Rapt-Event": news.reason,
        "X-Rapt-Delivery": identity,
        "X-Rapt-Timestamp": seconds,
        "X-Rapt-Signature": f"sha256={signature}",
    }
