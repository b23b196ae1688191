"""The world that a command reads: every reading port, opened on first use."""

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # a World is only a type here: naming a port must not load what it speaks of
    from kubectl_rapt.config.location import Location
    from kubectl_rapt.config.settings import Settings
    from kubectl_rapt.ports.bundle import Bundle
    from kubectl_rapt.ports.cache import Cache
    from kubectl_rapt.ports.checkout import CheckoutReads
    from kubectl_rapt.ports.cluster import ClusterReads
    from kubectl_rapt.ports.files import FilesReads
    from kubectl_rapt.ports.forge import ForgeReads
    from kubectl_rapt.ports.git import GitReads
    from kubectl_rapt.ports.programs import ProgramsReads
    from kubectl_rapt.ports.renderer import Renderer
    from kubectl_rapt.ports.schemas import Schemas


class World(Protocol):
    """All that a command may look at. Nothing in it can write."""

    @property
    def settings(self) -> "Settings":
        """The person's own settings: flags, environment and file already weighed."""
        ...

    @property
    def location(self) -> "Location | None":
        """The environment that the command acts in: that of ``--in``, else the person's default; None without one.

        Raises:
            RaptError: What ``actions.locate.find`` raises.
        """
        ...

    @property
    def cluster(self) -> "ClusterReads":
        """The cluster of that location and no other; without a location, the one that the kube context points at.

        Raises:
            RaptError: What ``location`` raises.
        """
        ...

    @property
    def git(self) -> "GitReads":
        """Git repositories."""
        ...

    @property
    def forge(self) -> "ForgeReads":
        """The forges that git repositories live on."""
        ...

    @property
    def bundle(self) -> "Bundle":
        """The registry that came with the package."""
        ...

    @property
    def cache(self) -> "Cache":
        """What was worked out before."""
        ...

    @property
    def renderer(self) -> "Renderer":
        """Templates to Jobs."""
        ...

    @property
    def schemas(self) -> "Schemas":
        """Kubernetes' own schemas."""
        ...

    @property
    def checkout(self) -> "CheckoutReads":
        """The registry's checkout that a template's author works in."""
        ...

    @property
    def files(self) -> "FilesReads":
        """The person's own files."""
        ...

    @property
    def programs(self) -> "ProgramsReads":
        """Other programs of the person's."""
        ...

    def now(self) -> datetime:
        """The time, in UTC: by the API server's clock once that has answered, else by this machine's.

        What happened in a cluster is dated by its own clock, and ages and delays must not come from another one.
        """
        ...

    def random(self, size: int) -> bytes:
        """That many unpredictable bytes."""
        ...
