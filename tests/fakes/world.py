"""A world of real git, the real renderer and a fake cluster, and a door to it that hastens or disturbs."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from kubectl_rapt.adapters.bundle import PackagedBundle
from kubectl_rapt.adapters.cache import FolderCache
from kubectl_rapt.adapters.checkout import Checkout
from kubectl_rapt.adapters.files import Files
from kubectl_rapt.adapters.forges.forges import Forges
from kubectl_rapt.adapters.git import Git
from kubectl_rapt.adapters.programs import Programs
from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.adapters.schemas import Schemas
from kubectl_rapt.config.location import Location
from kubectl_rapt.config.settings import Settings
from tests.fakes.cluster import FakeCluster
from tests.given import NOON


@dataclass
class FakeWorld:
    """Implements World for one person.

    Args:
        name: Whom git takes them for.
        home: Their home, where their mirrors are.
        settings: Their settings.
        renderer: The real one; several worlds may share it.
        cluster: The cluster; several worlds may share it.
    """

    name: str
    home: Path
    settings: Settings
    renderer: Sandbox
    cluster: FakeCluster = field(default_factory=FakeCluster)
    bundle: PackagedBundle = field(default_factory=PackagedBundle)
    schemas: Schemas = field(default_factory=Schemas)
    location: Location | None = None

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        for role in ("AUTHOR", "COMMITTER"):
            environ |= {f"GIT_{role}_NAME": self.name, f"GIT_{role}_EMAIL": f"{self.name}@example.com"}
        self.cache = FolderCache(self.home / "answers")
        self.git = Git(self.home / "git", environ)
        self.forge = Forges(environ)
        self.checkout = Checkout(environ)
        self.files = Files()
        self.programs = Programs(environ)

    def now(self) -> datetime:
        return NOON

    def random(self, size: int) -> bytes:
        return os.urandom(size)


@dataclass
class FakeWriters:
    """Implements Writers over the same; ``pause`` takes no time and calls what the test put there."""

    world: FakeWorld
    on_pause: Callable[[int], None] = lambda attempt: None
    pauses: list[int] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    @property
    def cluster(self) -> FakeCluster:
        return self.world.cluster

    @property
    def git(self) -> Git:
        return self.world.git

    @property
    def forge(self) -> Forges:
        return self.world.forge

    @property
    def checkout(self) -> Checkout:
        return self.world.checkout

    @property
    def programs(self) -> Programs:
        return self.world.programs

    @property
    def notifier(self) -> NoReturn:
        raise AssertionError("no test on a fake cluster tells anybody")

    @property
    def settings(self) -> "FakeWriters":
        return self

    def write(self, text: str) -> None:
        """The settings, as SettingsWrites."""
        self.written.append(text)

    def pause(self, attempt: int) -> None:
        self.pauses.append(attempt)
        self.on_pause(attempt)
