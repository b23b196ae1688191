"""Opens adapters, each on first use: the only module that knows all of them."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_rapt.adapters import platform
from kubectl_rapt.config import settings as settings_file
from kubectl_rapt.config.settings import Settings
from kubectl_rapt.model.target import Target

if TYPE_CHECKING:
    from kubectl_rapt.adapters.bundle import PackagedBundle
    from kubectl_rapt.adapters.cluster.door import Door
    from kubectl_rapt.adapters.cluster.proxy import Kubectl
    from kubectl_rapt.adapters.cluster.reads import Reads
    from kubectl_rapt.adapters.cluster.writes import Writes
    from kubectl_rapt.adapters.git import Git
    from kubectl_rapt.adapters.sandbox import Sandbox
    from kubectl_rapt.adapters.schemas import Schemas
    from kubectl_rapt.ports.settings import SettingsWrites
    from kubectl_rapt.ports.world import World
    from kubectl_rapt.writes import Writers

SETTINGS = ("config.json", "config.yaml")
"""The settings file's names; the first is what is written, because JSON is read ten times as fast."""
LOCAL_REPOSITORY = "config.git"


class Outside:
    """Every adapter, opened on first use; both the world and the door are made of it.

    Args:
        target: Which cluster, and as whom.
        environment: What ``--in`` says; the person's settings may map it to a kube context.
        environ: The process's environment.
    """

    def __init__(self, target: Target, environment: str, environ: Mapping[str, str]) -> None:
        self._target, self._environment, self._environ = target, environment, environ

    def is_for(self, target: Target, environment: str) -> bool:
        """Whether it was opened for that."""
        return (self._target, self._environment) == (target, environment)

    @cached_property
    def settings(self) -> Settings:
        return read_settings(self._environ)

    @cached_property
    def kubectl(self) -> "Kubectl":
        """kubectl, which starts with the first look at it."""
        from kubectl_rapt.adapters.cluster.proxy import Kubectl

        environment = self._environment or self.settings.environment
        mapped = self.settings.contexts.get(environment, "")
        return Kubectl(self._target if self._target.context else replace(self._target, context=mapped))

    @cached_property
    def door(self) -> "Door":
        kubectl = self.kubectl  # before the import, which is done while it starts
        from kubectl_rapt.adapters.cluster.door import Door

        return Door(kubectl.target, kubectl)

    @cached_property
    def cluster(self) -> "Reads":
        from kubectl_rapt.adapters.cluster.reads import Reads

        return Reads(self.door)

    @cached_property
    def git(self) -> "Git":
        from kubectl_rapt.adapters.git import Git

        return Git(platform.cache_home(self._environ) / "git", self._environ)

    @cached_property
    def bundle(self) -> "PackagedBundle":
        from kubectl_rapt.adapters.bundle import PackagedBundle

        return PackagedBundle()

    @cached_property
    def renderer(self) -> "Sandbox":
        from kubectl_rapt.adapters.sandbox import Sandbox

        return Sandbox()

    @cached_property
    def schemas(self) -> "Schemas":
        from kubectl_rapt.adapters.schemas import Schemas

        return Schemas()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def random(self, size: int) -> bytes:
        return os.urandom(size)

    def close(self) -> None:
        """End whatever was started."""
        for name in ("renderer", "door", "kubectl"):
            if name in self.__dict__:
                self.__dict__[name].close()


class _Door:
    """The writing ports, over the same adapters."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    @cached_property
    def cluster(self) -> "Writes":
        from kubectl_rapt.adapters.cluster.writes import Writes

        return Writes(self._outside.door)

    @property
    def git(self) -> "Git":
        return self._outside.git

    @property
    def settings(self) -> "SettingsWrites":
        return platform.SettingsFile(settings_path(self._outside._environ))

    def pause(self, attempt: int) -> None:
        longest = min(2.0, 0.05 * 2**attempt)
        time.sleep(longest * (0.5 + os.urandom(1)[0] / 512))


@contextmanager
def open_world(
    target: Target, environment: str = "", ahead: Outside | None = None
) -> Iterator[tuple["World", "Writers"]]:
    """The world that a command reads and the door's ports; whatever was opened is closed at the end.

    Args:
        target: Which cluster, and as whom.
        environment: What ``--in`` says; the person's settings may map it to a kube context.
        ahead: What was opened before; it is taken if it was for the same.
    """
    outside = (
        ahead if ahead and ahead.is_for(target, environment) else Outside(target, environment, os.environ)
    )
    try:
        yield outside, _Door(outside)
    finally:
        outside.close()


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The person's settings. Raises Invalid."""
    path = settings_path(environ)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    if not text and not any(name.startswith("RAPT_") for name in environ):
        return Settings()
    return settings_file.read(text, str(path), environ)


def settings_path(environ: Mapping[str, str]) -> Path:
    """Where the person's settings are, or will be."""
    folder = platform.config_home(environ)
    return next((folder / name for name in SETTINGS if (folder / name).exists()), folder / SETTINGS[0])


def local_repository(environ: Mapping[str, str]) -> Path:
    """Where ``init --local`` keeps the config repository."""
    return platform.data_home(environ) / LOCAL_REPOSITORY


def report_folder(environ: Mapping[str, str]) -> Path:
    """Where reports about unexpected errors go."""
    return platform.state_home(environ)
