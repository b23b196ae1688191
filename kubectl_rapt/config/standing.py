"""How far a change is on its way to main, in one word, and what its next step is."""

from typing import Literal

from kubectl_rapt.model import shell
from kubectl_rapt.model.proposals import PullRequest

Standing = Literal[
    "open",
    "draft",
    "approved",
    "changes requested",
    "checks pending",
    "checks failed",
    "conflict",
    "auto-merge",
    "not proposed",
    "closed",
    "merged",
]


def of(seen: PullRequest | None, *, has_forge: bool, has_conflict: bool = False) -> Standing:
    """Where a change stands that is on its branch and not on main.

    Args:
        seen: Its pull request; None where there is none.
        has_forge: Whether changes have pull requests.
        has_conflict: Whether main has changed the same files that people edit.
    """
    if not has_forge:
        return "conflict" if has_conflict else "open"
    if seen is None:
        return "not proposed"
    if seen.state != "open":
        return seen.state
    found: dict[Standing, bool] = {
        "conflict": has_conflict or seen.has_conflict,
        "draft": seen.is_draft,
        "changes requested": bool(seen.refused_by),
        "checks failed": seen.checks == "failed",
        "checks pending": seen.checks == "pending",
        "auto-merge": seen.merges_itself,
        "approved": bool(seen.approved_by),
    }
    return next((standing for standing, is_so in found.items() if is_so), "open")


def next_step(standing: Standing, identifier: str, url: str = "") -> str:
    """What a person may do about it: a command, or the page to look at.

    Args:
        standing: Where it stands.
        identifier: The change.
        url: The page of its pull request; empty where there is none.
    """
    verb = {
        "not proposed": "open",
        "closed": "open",
        "draft": "open",
        "conflict": "update",
        "merged": "abandon",
    }.get(standing, "merge")
    if standing in ("changes requested", "checks failed", "checks pending"):
        return f"see {url}"
    return f"kubectl rapt changes {verb} {shell.word(identifier)}"
