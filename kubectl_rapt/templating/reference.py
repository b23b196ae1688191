"""How a person names a template: ``name``, ``registry/name``, ``name@^1.2``."""

from dataclasses import dataclass

from kubectl_rapt.errors import UsageError
from kubectl_rapt.model.versions import VersionRange


@dataclass(frozen=True, slots=True)
class Reference:
    """Which template is meant.

    Args:
        name: The template's name.
        registry: The registry's name; empty for the only one that has the template, or the one that a priority in
            ``rapt.yaml`` puts first.
        wanted: Which versions; None for the newest.
    """

    name: str
    registry: str = ""
    wanted: VersionRange | None = None

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read one.

        Raises:
            UsageError: ``bad-reference``.
        """
        place, at, version = text.partition("@")
        registry, slash, name = place.rpartition("/")
        if not name or (slash and not registry) or "/" in registry or (at and not version):
            raise UsageError(
                "bad-reference",
                f'"{text}" names no template: expected NAME, REGISTRY/NAME or NAME@VERSION, such as backup@^1.2',
                "kubectl rapt search",
            )
        try:
            wanted = VersionRange.parse(version) if version else None
        except ValueError as error:
            raise UsageError("bad-reference", f'"{text}": {error}', f"{place}@^1.2") from None
        return cls(name, registry, wanted)

    def __str__(self) -> str:
        place = f"{self.registry}/{self.name}" if self.registry else self.name
        return f"{place}@{self.wanted}" if self.wanted else place
