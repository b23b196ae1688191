"""Points in time as Kubernetes spells them, and durations as people read them."""

from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 2, tzinfo=UTC)
_END = datetime(9000, 1, 1, tzinfo=UTC)
"""Times from here on are nobody's: the calendar ends a thousand years later, and spans are added to times."""


def parse(text: str) -> datetime:
    """Read an RFC 3339 time such as ``2026-11-22T20:00:00Z``. Raises ValueError."""
    try:
        found = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        found = _END
    if found >= _END:
        raise ValueError(f"{str(text)[:60]!r} is not a time such as 2026-11-22T20:00:00Z")
    return found


def perhaps(text: str | None) -> datetime | None:
    """Read a time that may be missing: the epoch counts as missing, because kubelets write it for what never began."""
    found = parse(text) if text else None
    return found if found and found > _EPOCH else None


def spell(time: datetime) -> str:
    """Spell a time as ``metav1.Time`` does: UTC, whole seconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def spell_span(start: datetime | None, end: datetime | None) -> str:
    """How long something took; empty if it is not known when it began or ended."""
    return spell_seconds((end - start).total_seconds()) if start and end else ""


def spell_seconds(seconds: float) -> str:
    """Spell a span for people, never rounded up: ``0s``, ``100s``, ``4m 10s``, ``6h``, ``2d``."""
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m {rest}s" if rest else f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}h {minutes}m" if minutes and hours < 10 else f"{hours}h"
    return f"{hours // 24}d"
