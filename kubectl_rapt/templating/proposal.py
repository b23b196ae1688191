"""What reviewers of a new version read: a title, and a body with the difference that its examples show."""

import difflib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kubectl_rapt.model import visible
from kubectl_rapt.model.versions import Version
from kubectl_rapt.templating.compatibility import Change
from kubectl_rapt.templating.definition import Template

BRANCHES = "rapt/template/"
_MOST_LINES = 2000
_LONGEST = 45_000
"""Characters of the difference; forges refuse long descriptions."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pull request's words; title and body are the commit's message too.

    Args:
        branch: The branch that holds the release.
        title: One line.
        body: Markdown.
    """

    branch: str
    title: str
    body: str

    @property
    def message(self) -> str:
        """The commit's message."""
        return f"{self.title}\n\n{self.body}"


def branch(name: str, version: Version) -> str:
    """The branch of one release."""
    return f"{BRANCHES}{name}/{version}"


def proposal(
    template: Template,
    old: Version | None,
    changes: Sequence[Change],
    before: Mapping[str, str],
    after: Mapping[str, str],
    notes: Sequence[str] = (),
) -> Proposal:
    """Propose a release.

    Args:
        template: What the new version declares.
        old: The newest version that is released; None for the first.
        changes: What is different in what they declare.
        before: Test to the Job, or the refusal, that the old version made of it.
        after: The same of the new version.
        notes: Lines that reviewers should see.
    """
    since = f" (after {old})" if old else ""
    lines = [visible.inert(template.summary), ""]
    lines += [*(f"- {visible.inert(note)}" for note in notes), *([""] if notes else [])]
    if changes:
        lines += [f"### What changes since {old}", ""]
        lines += [
            f"- {change.level}: `{visible.clean(change.subject).replace('`', '')}` {visible.inert(change.what)}"
            for change in changes
        ]
        lines.append("")
    lines += ["### Rendered examples", "", *_examples(before, after)]
    return Proposal(
        branch(template.name, template.version),
        f"Release {template.name} {template.version}{since}",
        "\n".join(lines) + "\n",
    )


def _examples(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    diff = [
        visible.clean(line)
        for name in sorted({*before, *after})
        for line in difflib.unified_diff(
            visible.split(before.get(name, "")),
            visible.split(after.get(name, "")),
            f"a/{name}" if name in before else "/dev/null",
            f"b/{name}" if name in after else "/dev/null",
            lineterm="",
        )
    ]
    if not diff:
        return ["Every example renders as it did before."]
    sizes = itertools.accumulate(len(line) + 1 for line in diff)
    shown = diff[: min(_MOST_LINES, sum(size <= _LONGEST for size in sizes))]
    more = [f"… and {len(diff) - len(shown)} lines more"] if len(diff) > len(shown) else []
    # No fence of the diff's own may end the block.
    fence = "`" * max(3, 1 + max(_longest_run(line) for line in diff))
    return [f"{fence}diff", *shown, fence, *more]


def _longest_run(line: str) -> int:
    longest = run = 0
    for character in line:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest
