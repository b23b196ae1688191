"""What Rapt asks of Kubernetes' own schemas."""

from typing import Protocol

from kubectl_rapt.errors import Problem
from kubectl_rapt.model.kinds import Manifest


class Schemas(Protocol):
    """The schemas of the Kubernetes versions that we ship: what an API server would refuse, without one."""

    def nearest(self, minor: int) -> int:
        """The minor version whose schemas speak for this one: itself, or the nearest that is shipped.

        Say so where they differ: ``checked with the schemas of Kubernetes 1.37``.
        """
        ...

    def validate(self, manifest: Manifest, minor: int) -> list[Problem]:
        """Hold an object against the schema of its kind, strictly: unknown fields are problems.

        Args:
            manifest: The object.
            minor: Kubernetes' minor version, 35 for 1.35; one that is not shipped is replaced by ``nearest``.

        Returns:
            The problems, each with its JSON pointer; empty where there are none, and for kinds that are not
            Kubernetes' own.
        """
        ...
