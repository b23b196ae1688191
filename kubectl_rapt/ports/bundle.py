"""What came with the package: the default registry, as a tree of files, and pages to read."""

from collections.abc import Mapping
from typing import Protocol


class Bundle(Protocol):
    """The bundled registry."""

    def files(self) -> Mapping[str, bytes]:
        """Path (slash-separated, such as ``templates/script/template.yaml``) to content."""
        ...

    def page(self, name: str) -> str:
        """A page of the documentation, in Markdown: ``errors.md``.

        Raises:
            KeyError: It did not come with the package.
        """
        ...
