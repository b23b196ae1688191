"""What a new version of a template breaks of an old one's promises: answers and runs that were right stay right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kubectl_rapt.errors import Problem, Refused
from kubectl_rapt.model import shell
from kubectl_rapt.model.fields import shown
from kubectl_rapt.model.versions import MinorRange, Version
from kubectl_rapt.templating import parameters
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.parameters import Parameter

Level = Literal["patch", "minor", "major"]
LEVELS: tuple[Level, ...] = ("patch", "minor", "major")
_MINORS = range(200)
"""The minor versions of Kubernetes 1 that ranges are compared over."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions.

    Args:
        level: What it asks of the new version: ``major`` where an answer or a run that was right no longer is,
            ``minor`` where tools come out different or may do more, ``patch`` where only words change.
        subject: The parameter, or the key of ``template.yaml``.
        what: What is different.
    """

    level: Level
    subject: str
    what: str


def compare(old: Template, new: Template) -> list[Change]:
    """Every difference between what two versions declare, the gravest first.

    Args:
        old: The released version.
        new: The one that is to follow it.
    """
    found = [*_parameters(old, new), *_rules(old, new), *_rest(old, new)]
    return sorted(found, key=lambda change: -LEVELS.index(change.level))


def needed(changes: Sequence[Change]) -> Level:
    """The least that the version must be raised by."""
    return max((change.level for change in changes), key=LEVELS.index, default="patch")


def bumped(version: Version, level: Level) -> Version:
    """The next version of a level: 1.2.3 becomes 1.2.4, 1.3.0 or 2.0.0; a pre-release becomes its release."""
    if version.prerelease and level == "patch":
        return Version(version.major, version.minor, version.patch)
    if level == "patch":
        return Version(version.major, version.minor, version.patch + 1)
    if level == "minor":
        return Version(version.major, version.minor + 1, 0)
    return Version(version.major + 1, 0, 0)


def refuse_breaking(old: Template, new: Template) -> list[Change]:
    """Make sure that a version which breaks something says so by its major number.

    Before 1.0.0 the minor number says it (https://semver.org, item 4).

    Returns:
        Every difference.

    Raises:
        Refused: ``breaking-change``, with a problem for each.
    """
    changes = compare(old, new)
    breaking = [change for change in changes if change.level == "major"]
    says_so = (new.version.major, new.version.minor if old.version.major == 0 else 0) > (
        old.version.major,
        old.version.minor if old.version.major == 0 else 0,
    )
    if breaking and not says_so:
        level = "minor" if old.version.major == 0 else "major"
        raise Refused(
            "breaking-change",
            f"{new.name} {new.version} breaks what {old.version} promised",
            f"kubectl rapt template release {shell.word(new.name)} --bump {level}, or take the changes back",
            [Problem(change.subject, change.what) for change in breaking],
        )
    return changes


def _parameters(old: Template, new: Template) -> Iterator[Change]:
    renames = parameters.renames(new.parameters, [one.name for one in old.parameters])
    before = {renames.get(one.name, one.name): one for one in old.parameters}
    after = {one.name: one for one in new.parameters}
    for earlier, name in renames.items():
        yield Change("minor", name, f"was called {earlier}, and takes its answers")
    for name in before.keys() - after.keys():
        yield Change("major", name, "is gone: tools that answer it cannot be rendered")
    for name, parameter in after.items():
        if name in before:
            yield from _parameter(before[name], parameter)
        elif parameter.required and parameter.default is None:
            yield Change("major", name, "is new, and asks every tool for an answer: give it a default")
        else:
            yield Change("minor", name, "is new")
    if list(before) != list(after) and before.keys() == after.keys():
        yield Change("patch", "parameters", "are asked in another order")


def _parameter(old: Parameter, new: Parameter) -> Iterator[Change]:
    name = new.name
    if old.type != new.type:
        yield Change("major", name, f"was of type {old.type}, and is of type {new.type}")
        return
    for earlier in old.renamed_from:
        if earlier not in new.renamed_from:
            yield Change("major", name, f"no longer takes the answers to {earlier}, as it was called")
    if old.at != new.at:
        if new.at == "install":
            yield Change("major", name, "was set at each run, and is fixed at install")
        else:
            yield Change("minor", name, "may be set at each run now")
    yield from _default(old, new)
    yield from _values(old, new)
    if (old.description, old.example) != (new.description, new.example):
        yield Change("patch", name, "is described in other words")


def _default(old: Parameter, new: Parameter) -> Iterator[Change]:
    asks_now = new.required and new.default is None
    asked_before = old.required and old.default is None
    if asks_now and not asked_before:
        yield Change("major", new.name, "needs an answer now, and needed none before")
    elif (old.default, type(old.default)) != (new.default, type(new.default)):  # 1 is not 1.0, nor true
        yield Change(
            "minor", new.name, f"has the default {shown(new.default)}, which was {shown(old.default)}"
        )
    elif old.required != new.required:
        yield Change(
            "minor", new.name, "may be left out now" if not new.required else "is required, and has a default"
        )


def _values(old: Parameter, new: Parameter) -> Iterator[Change]:
    """Whether every value that was right still is."""
    name = new.name
    for called, before, after in (
        ("choices", old.choices, new.choices),
        ("prefixes", old.prefixes, new.prefixes),
    ):
        gone = [one for one in before if one not in after]
        if after and not before:
            yield Change("major", name, f"takes only some values now: {', '.join(after)}")
        elif after and gone:
            yield Change("major", name, f"no longer has the {called} {', '.join(gone)}")
        elif set(before) != set(after):
            yield Change("minor", name, f"takes more values: {called} {', '.join(after) or 'are free'}")
    if old.pattern != new.pattern:
        if new.pattern:
            yield Change(
                "major", name, f"must match {new.pattern}" + (", another pattern" if old.pattern else "")
            )
        else:
            yield Change("minor", name, "takes more values: no pattern")
    yield from _bound(name, "minimum", old.minimum, new.minimum, is_lower=True)
    yield from _bound(name, "maximum", old.maximum, new.maximum, is_lower=False)
    if old.code != new.code:
        what = (
            "is code for a shell now" if new.code else "is not code any more, and may not begin with a dash"
        )
        yield Change("minor" if new.code else "major", name, what)


def _bound(
    name: str, called: str, old: float | None, new: float | None, *, is_lower: bool
) -> Iterator[Change]:
    if old == new:
        return
    is_narrower = new is not None and (old is None or (new > old if is_lower else new < old))
    before, after = ("none" if one is None else shown(one) for one in (old, new))
    yield Change("major" if is_narrower else "minor", name, f"has the {called} {after}, which was {before}")


def _rules(old: Template, new: Template) -> Iterator[Change]:
    renames = parameters.renames(new.parameters, [one.name for one in old.parameters])
    kept = [
        replace(
            rule,
            names=tuple(renames.get(name, name) for name in rule.names),
            when=renames.get(rule.when, rule.when),
        )
        for rule in old.rules
    ]
    for rule in new.rules:
        if rule not in kept:
            yield Change("major", ", ".join(rule.all_names), f"must keep a new rule: {rule.kind}")
    for rule in kept:
        if rule not in new.rules:
            yield Change("minor", ", ".join(rule.all_names), f"need not keep a rule any more: {rule.kind}")


def _rest(old: Template, new: Template) -> Iterator[Change]:
    if old.free_env != new.free_env:
        if new.free_env:
            yield Change("minor", "freeEnv", "lets runs set any variable")
        else:
            yield Change("major", "freeEnv", "no longer lets runs set any variable")
    if old.kubernetes.bounds != new.kubernetes.bounds:
        yield _kubernetes(old.kubernetes, new.kubernetes)
    for key, before, after in (
        ("schedule", old.schedule, new.schedule),
        ("policies", (old.retry_policy, old.cleanup_policy), (new.retry_policy, new.cleanup_policy)),
        ("resources", old.resources, new.resources),
        ("concurrency", old.concurrency, new.concurrency),
        ("access", old.access, new.access),
        ("egress", old.egress, new.egress),
        ("minRapt", old.min_rapt, new.min_rapt),
    ):
        if before != after:
            yield Change("minor", key, "is another one")
    if old.summary != new.summary:
        yield Change("patch", "summary", "is another one")


def _kubernetes(old: MinorRange, new: MinorRange) -> Change:
    gone = [minor for minor in _MINORS if old.includes(minor) and not new.includes(minor)]
    if gone:
        return Change(
            "major", "kubernetes", f"no longer has 1.{gone[-1]}" if len(gone) == 1 else f"is {new} now"
        )
    return Change("minor", "kubernetes", f"is {new.text or 'any version'} now")
