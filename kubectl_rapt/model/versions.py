"""Versions: semantic versions 2.0.0, their label spelling and ranges, and ranges of Kubernetes minor versions."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import total_ordering
from operator import eq, ge, gt, le, lt

_NUMBER = r"(?:0|[1-9][0-9]*)"
_WORD = rf"(?:{_NUMBER}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
PATTERN = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_WORD}(?:\.{_WORD})*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?"
)
_RANGE = re.compile(rf"([~^])({_NUMBER})(?:\.({_NUMBER})(?:\.({_NUMBER})(?:-({_WORD}(?:\.{_WORD})*))?)?)?")
_MAX_LENGTH = 63
_BOUND = re.compile(r"(>=|<=|>|<|=)1\.([0-9]{1,3})")


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A semantic version (https://semver.org/spec/v2.0.0.html), short enough for a label.

    Ordered by its precedence; where only the build differs, by the build's text, so that order and
    equality agree.
    """

    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...] = ()
    build: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Read ``1.2.3``, ``1.2.3-rc.1``, ``1.2.3+build.5``.

        Raises:
            ValueError: Why it is none.
        """
        found = PATTERN.fullmatch(text)
        if not found:
            raise ValueError(
                "a version is written like 1.2.3 or 1.2.3-rc.1 (semantic versions, no v in front)"
            )
        if len(text) > _MAX_LENGTH:
            raise ValueError(f"a version has at most {_MAX_LENGTH} characters: it becomes a label")
        major, minor, patch, prerelease, build = found.groups()
        return cls(
            int(major),
            int(minor),
            int(patch),
            tuple(prerelease.split(".")) if prerelease else (),
            tuple(build.split(".")) if build else (),
        )

    @property
    def label(self) -> str:
        """Its spelling as the value of a label, which takes no ``+`` and no dash at the end."""
        return str(self).replace("+", "_").rstrip("-")

    def __str__(self) -> str:
        prerelease = f"-{'.'.join(self.prerelease)}" if self.prerelease else ""
        build = f"+{'.'.join(self.build)}" if self.build else ""
        return f"{self.major}.{self.minor}.{self.patch}{prerelease}{build}"

    def __lt__(self, other: "Version") -> bool:
        return self._order() < other._order()

    def _order(self) -> tuple[object, ...]:
        # Numbers stand before words, and a release after all its pre-releases.
        words = tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in self.prerelease)
        return (self.major, self.minor, self.patch, not self.prerelease, words, self.build)


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Which versions are wanted: ``^1.2``, ``~1.2`` as npm reads them, or exactly ``1.2.0``.

    Args:
        text: The spelling.
        least: The lowest version.
        below: The first version that is too high; None where only ``least`` itself is wanted.
    """

    text: str
    least: Version
    below: Version | None = None

    @classmethod
    def parse(cls, text: str) -> "VersionRange":
        """Read a range (https://docs.npmjs.com/cli/v10/configuring-npm/package-json: tilde and caret).

        Raises:
            ValueError: Why it is none.
        """
        found = _RANGE.fullmatch(text) if len(text) <= _MAX_LENGTH else None
        if not found:
            try:
                return cls(text, Version.parse(text))
            except ValueError:
                raise ValueError("versions are asked for like 1.2.0, ^1.2 or ~1.2") from None
        sign, *numbers, prerelease = found.groups()
        given = [int(number) for number in numbers if number is not None]
        words = tuple(prerelease.split(".")) if prerelease else ()
        major, minor, patch = (*given, 0, 0)[:3]
        if len(given) == 1 or (sign == "^" and major):
            below = Version(major + 1, 0, 0)
        elif sign == "~" or minor or len(given) == 2:
            below = Version(major, minor + 1, 0)
        else:
            below = Version(major, minor, patch + 1)
        return cls(text, Version(major, minor, patch, words), below)

    @property
    def is_exact(self) -> bool:
        """Whether it is one version."""
        return self.below is None

    def includes(self, version: Version) -> bool:
        """Whether a version is wanted; a pre-release only where one of the same version was named."""
        if self.below is None:
            return version == self.least
        if version.prerelease:
            core = (version.major, version.minor, version.patch)
            named = (self.least.major, self.least.minor, self.least.patch)
            if not self.least.prerelease or core != named:
                return False
        return self.least <= version < self.below

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class MinorRange:
    """Which minor versions of Kubernetes 1 something works on: ``>=1.28``, ``>=1.28 <1.36``; empty for all.

    Args:
        text: The spelling.
        bounds: Comparison and minor version; all must hold.
    """

    text: str = ""
    bounds: tuple[tuple[str, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "MinorRange":
        """Read bounds that are separated by spaces or commas.

        Raises:
            ValueError: Why it is none.
        """
        bounds = []
        for part in text.replace(",", " ").split():
            found = _BOUND.fullmatch(part)
            if not found:
                raise ValueError("a range of Kubernetes versions is written like >=1.28 or >=1.28 <1.36")
            bounds.append((found[1], int(found[2])))
        return cls(text, tuple(bounds))

    def includes(self, minor: int) -> bool:
        """Whether Kubernetes 1.``minor`` is one of them."""
        return all(_COMPARE[sign](minor, bound) for sign, bound in self.bounds)

    def __str__(self) -> str:
        return self.text


_COMPARE: dict[str, Callable[[int, int], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt, "=": eq}
