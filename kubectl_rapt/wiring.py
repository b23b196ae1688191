"""Opens adapters, each on first use: the only module that knows all of them.

It is imported before kubectl is started, and brings nothing else in.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

TYPE_CHECKING = False  # as type checkers know it; the real one is in ``typing``, which is not quick
if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from kubectl_rapt.adapters.bundle import PackagedBundle
    from kubectl_rapt.adapters.cache import FolderCache
    from kubectl_rapt.adapters.checkout import Checkout
    from kubectl_rapt.adapters.cluster.door import Door
    from kubectl_rapt.adapters.cluster.reads import Reads
    from kubectl_rapt.adapters.cluster.spawn import Kubectl
    from kubectl_rapt.adapters.cluster.writes import Writes
    from kubectl_rapt.adapters.completer import Completer
    from kubectl_rapt.adapters.files import Files
    from kubectl_rapt.adapters.forges.forges import Forges
    from kubectl_rapt.adapters.git import Git
    from kubectl_rapt.adapters.programs import Programs
    from kubectl_rapt.adapters.recent import Recent
    from kubectl_rapt.adapters.sandbox import Sandbox
    from kubectl_rapt.adapters.schemas import Schemas
    from kubectl_rapt.adapters.trace import Trace
    from kubectl_rapt.adapters.webhook import Webhook
    from kubectl_rapt.config.location import Location
    from kubectl_rapt.config.settings import Settings
    from kubectl_rapt.model.target import Target
    from kubectl_rapt.ports.settings import SettingsWrites
    from kubectl_rapt.ports.world import World
    from kubectl_rapt.writes import Writers

SETTINGS = ("config.json", "config.yaml")
"""The settings file's names; the first is what is written, because JSON is read ten times as fast."""
LOCAL_REPOSITORY = "config.git"
_LOOK_SECONDS = 3.0
"""How long a cluster may take to say which one it is, when the right one is looked for."""
_MOST_CONTEXTS = 50
_CONTEXTS_AT_ONCE = 4


class _Outside:
    """Every adapter, opened on first use; both the world and the door are made of it."""

    def __init__(
        self,
        target: "Target",
        environment: str,
        environ: Mapping[str, str],
        ahead: "Kubectl | None",
        trace: "Trace",
    ) -> None:
        self._target, self._environment, self._environ, self._ahead = target, environment, environ, ahead
        self._trace = trace
        self.has_default = _may_be_default(target)
        self.may_fetch = self.is_checked = True
        self.choose: Callable[[Location], str] | None = None
        self.tell: Callable[[str], None] = lambda _: None
        self._temporary: list[Path] = []

    @cached_property
    def settings(self) -> "Settings":
        return read_settings(self._environ)

    @cached_property
    def cache_folder(self) -> "Path":
        """The cache folder; if it is not trusted, an empty one for this command alone."""
        from kubectl_rapt.adapters import platform

        doubt = platform.cache_doubt(self._environ)
        if not doubt:
            return platform.cache_home(self._environ)
        from pathlib import Path

        from kubectl_rapt.adapters.cluster import spawn

        self.tell(f"{doubt.message}: this command does without it\n  try: {doubt.hint}")
        self._temporary.append(Path(spawn.private_folder()))
        return self._temporary[-1]

    @cached_property
    def location(self) -> "Location | None":
        if not (self._environment or (self.has_default and self.settings.environment)):
            return None
        from kubectl_rapt.adapters.locations import Locations

        settings, target = self.settings, self._target
        known = Locations(self.cache_folder / "locations.json", settings.repository)
        chosen = self._environment or settings.environment
        how = "named" if self._environment else "default"
        asked = (how, chosen, target.namespace, target.context, settings.contexts.get(chosen, ""))
        if settings.repository and (found := known.read(asked)):
            return found
        from kubectl_rapt.actions import locate, repository

        found = locate.find(self, self._environment, target, may_fetch=self.may_fetch)
        known.keep(asked, found, *self.git.watched(repository.address(self)))
        return found

    @cached_property
    def door(self) -> "Door":
        location = self._location_if_known
        target = self._target
        if location and location.context != target.context:
            from dataclasses import replace

            target = replace(target, context=location.context)
        if location and location.cluster and self.is_checked:
            from kubectl_rapt.adapters.cluster.identity import IdentifiedDoor

            return IdentifiedDoor(target, location.cluster, location.environment, self._ahead, self._trace)
        if location and not location.cluster and self.is_checked and not self._target.context:
            from kubectl_rapt.adapters.cluster.identity import UnrecordedDoor

            return UnrecordedDoor(target, location.environment, self.tell, self._ahead, self._trace)
        from kubectl_rapt.adapters.cluster.door import Door

        return Door(target, self._ahead, self._trace)

    @property
    def _location_if_known(self) -> "Location | None":
        """The location; None if it cannot be found and the command only examines what is wrong."""
        try:
            return self.location
        except Exception:
            if self.is_checked:
                raise
            return None

    @cached_property
    def cluster(self) -> "Reads":
        from kubectl_rapt.adapters.cluster.reads import Reads

        return Reads(self.door, location=self._location_if_known, choose=self.choose)

    @cached_property
    def git(self) -> "Git":
        from kubectl_rapt.adapters.git import Git

        return Git(self.cache_folder / "git", self._environ, trace=self._trace)

    @cached_property
    def forge(self) -> "Forges":
        from kubectl_rapt.adapters.forges.forges import Forges

        return Forges(self._environ, self.settings.forges, trace=self._trace)

    @cached_property
    def bundle(self) -> "PackagedBundle":
        from kubectl_rapt.adapters.bundle import PackagedBundle

        return PackagedBundle()

    @cached_property
    def cache(self) -> "FolderCache":
        from kubectl_rapt.adapters.cache import FolderCache

        return FolderCache(self.cache_folder / "answers")

    @cached_property
    def renderer(self) -> "Sandbox":
        from kubectl_rapt.adapters.sandbox import Sandbox

        return Sandbox()

    @cached_property
    def schemas(self) -> "Schemas":
        from kubectl_rapt.adapters.schemas import Schemas

        return Schemas()

    @cached_property
    def checkout(self) -> "Checkout":
        from kubectl_rapt.adapters.checkout import Checkout

        return Checkout(self._environ, self._trace)

    @cached_property
    def files(self) -> "Files":
        from kubectl_rapt.adapters.files import Files

        return Files()

    @cached_property
    def programs(self) -> "Programs":
        from kubectl_rapt.adapters.programs import Programs

        return Programs(self._environ, self._trace)

    def now(self) -> "datetime":
        from datetime import UTC, datetime, timedelta

        door = self.__dict__.get("door")
        ahead = timedelta(seconds=door.clock.ahead_seconds()) if door else timedelta(0)
        return datetime.now(UTC) + ahead

    def random(self, size: int) -> bytes:
        return os.urandom(size)

    def close(self) -> None:
        for name in ("renderer", "door", "git"):
            if name in self.__dict__:
                self.__dict__[name].close()
        if self._temporary:
            import shutil

            for folder in self._temporary:
                shutil.rmtree(folder, ignore_errors=True)


class _Door:
    """The writing ports, over the same adapters."""

    def __init__(self, outside: _Outside) -> None:
        self._outside = outside

    @cached_property
    def cluster(self) -> "Writes":
        from kubectl_rapt.adapters.cluster.writes import Writes

        return Writes(self._outside.door)

    @property
    def git(self) -> "Git":
        return self._outside.git

    @property
    def forge(self) -> "Forges":
        return self._outside.forge

    @property
    def checkout(self) -> "Checkout":
        return self._outside.checkout

    @property
    def programs(self) -> "Programs":
        return self._outside.programs

    @property
    def settings(self) -> "SettingsWrites":
        from kubectl_rapt.adapters import platform

        return platform.SettingsFile(settings_path(self._outside._environ))

    @cached_property
    def notifier(self) -> "Webhook":
        from kubectl_rapt.adapters.webhook import Webhook

        return Webhook(trace=self._outside._trace)

    def pause(self, attempt: int) -> None:
        import time

        longest = min(2.0, 0.05 * 2**attempt)
        time.sleep(longest * (0.5 + os.urandom(1)[0] / 512))


@contextmanager
def open_world(
    target: "Target",
    environment: str = "",
    ahead: "Kubectl | None" = None,
    trace: tuple[int, Callable[[str], None]] | None = None,
    *,
    has_default: bool = True,
    may_fetch: bool = True,
    is_checked: bool = True,
    choose: "Callable[[Location], str] | None" = None,
    tell: "Callable[[str], None]" = lambda _: None,
) -> Iterator[tuple["World", "Writers"]]:
    """The world that a command reads and the door's ports; whatever was opened is closed at the end.

    Args:
        target: Which cluster, and as whom.
        environment: What ``--in`` says: the world is in that environment then, and nowhere else.
        ahead: What ``start_ahead`` started; it is used if it was for the same cluster.
        trace: How much is told of what is asked of the outside, and what takes one line of it each.
        has_default: Whether the person's default environment is meant if none is named. It is not meant in any case
            if the target names a namespace, a kube context or a kubeconfig.
        may_fetch: Whether the config repository may be asked where the environment is.
        is_checked: Whether an environment that cannot be found, or whose cluster is another one, is an error.
        choose: Chooses one of several namespaces of an environment; it is an error if this is None.
        tell: Takes a note, such as that nobody recorded which cluster is the right one, or that the cache folder is
            not trusted.
    """
    from kubectl_rapt.adapters.trace import SILENT, Trace

    outside = _Outside(target, environment, os.environ, ahead, Trace(*trace) if trace else SILENT)
    outside.has_default = has_default and outside.has_default
    outside.may_fetch, outside.is_checked, outside.choose = may_fetch, is_checked, choose
    outside.tell = tell
    try:
        yield outside, _Door(outside)
    finally:
        outside.close()
    _sweep(os.environ)


def _sweep(environ: Mapping[str, str]) -> None:
    """Remove what killed commands left, once in a while."""
    import time

    from kubectl_rapt.adapters import platform
    from kubectl_rapt.errors import RaptError

    try:
        if platform.is_sweeping_due(environ, time.time()):
            from kubectl_rapt.adapters import leftovers

            leftovers.sweep(environ)
    except RaptError:  # there is no home, and so nothing of ours in it
        pass


def _may_be_default(target: "Target") -> bool:
    """Whether a command without ``--in`` may be meant for the default environment: what is typed is meant."""
    return not (target.namespace or target.context or target.kubeconfig)


def mapped_context(environment: str, environ: Mapping[str, str]) -> str:
    """The kube context that the person's settings map an environment to; empty for kubectl's own.

    Args:
        environment: The environment; empty for the person's default.
        environ: The process's environment.

    Raises:
        Invalid: The settings are broken.
    """
    if "contexts" not in settings_text(environ):
        return ""  # as is usual, and reading the settings would take longer than starting kubectl
    settings = read_settings(environ)
    return settings.contexts.get(environment or settings.environment, "")


def contexts_of_cluster(uid: str, target: "Target") -> list[str]:
    """The kube contexts that point at a cluster: every cluster of the kubeconfig is asked which one it is.

    Args:
        uid: The UID of its ``kube-system``.
        target: Whose kubeconfig, and as whom.
    """
    from kubectl_rapt.actions import threads

    names = [name for name, _ in contexts(target.kubeconfig, os.environ)][:_MOST_CONTEXTS]
    found = threads.each(lambda name: cluster_of_context(name, target), names, _CONTEXTS_AT_ONCE)
    return [name for name, cluster in zip(names, found, strict=True) if cluster == uid]


def cluster_of_context(name: str, target: "Target") -> str:
    """The UID of ``kube-system`` of the cluster that a kube context points at; empty if it does not say.

    Args:
        name: The kube context.
        target: Whose kubeconfig, and as whom.
    """
    from dataclasses import replace

    from kubectl_rapt.adapters.cluster.door import Door
    from kubectl_rapt.adapters.cluster.reads import Reads
    from kubectl_rapt.errors import RaptError
    from kubectl_rapt.model.kinds import NAMESPACE, Ref

    try:
        with Door(replace(target, context=name, request_timeout_seconds=_LOOK_SECONDS)) as door:
            return str(Reads(door).get(Ref(NAMESPACE, "kube-system"))["metadata"]["uid"])
    except RaptError:
        return ""


def start_ahead(flags: tuple[str, ...], namespace: str) -> "Kubectl":
    """Start kubectl for a cluster that will probably be asked.

    Args:
        flags: What ``Target.kubectl_flags`` will be.
        namespace: What ``Target.namespace`` will be.

    Raises:
        Unavailable: It cannot be started.
    """
    from kubectl_rapt.adapters.cluster.spawn import Kubectl

    return Kubectl(flags, namespace)


def contexts(kubeconfig: str, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """The kube contexts that kubectl knows, each with its cluster's name.

    Args:
        kubeconfig: What ``--kubeconfig`` says; empty for kubectl's own.
        environ: The process's environment.

    Raises:
        Unavailable: There is no kubectl.
    """
    from kubectl_rapt.adapters.cluster import proxy

    return proxy.contexts(kubeconfig, environ)


def read_settings(environ: Mapping[str, str]) -> "Settings":
    """The person's settings. Raises Invalid."""
    from kubectl_rapt.config import settings as settings_file

    path = settings_path(environ)
    text = settings_text(environ)
    if not text and not any(name.startswith("RAPT_") for name in environ):
        return settings_file.Settings()
    found = settings_file.read(text, str(path), environ)
    if found.repository:
        from kubectl_rapt.adapters import platform

        if found.repository.startswith(f"{platform.place(environ, platform.DATA)}/"):
            platform.data_home(environ)  # who else could write there could have changed the repository
    return found


def settings_text(environ: Mapping[str, str]) -> str:
    """The content of the person's settings file; empty if there is none. Raises Invalid."""
    path = settings_path(environ)
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        from kubectl_rapt.errors import Invalid

        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Invalid("bad-settings", f"{path} cannot be read: {why}", f"ls -ld {path}") from error


def settings_path(environ: Mapping[str, str]) -> "Path":
    """Where the person's settings are, or will be."""
    from kubectl_rapt.adapters import platform

    folder = platform.config_home(environ)
    return next((folder / name for name in SETTINGS if (folder / name).exists()), folder / SETTINGS[0])


def local_repository(environ: Mapping[str, str]) -> "Path":
    """Where ``init --local`` keeps the config repository."""
    from kubectl_rapt.adapters import platform

    return platform.data_home(environ) / LOCAL_REPOSITORY


def recent(about: str, environ: Mapping[str, str]) -> "Recent":
    """The names that were found last for a question of a shell: see ``cli.tab``."""
    from kubectl_rapt.adapters.recent import Recent

    return Recent(about, environ, str(settings_path(environ)))


def completer(environ: Mapping[str, str]) -> "Completer":
    """What knows where ``kubectl_complete-rapt`` is, or may be put."""
    from kubectl_rapt.adapters.completer import Completer

    return Completer(environ)


def evidence_folder(environ: Mapping[str, str]) -> "Path":
    """Where manifest, cause and logs of what is deleted are kept, unless a folder is named."""
    from kubectl_rapt.adapters import platform

    return platform.data_home(environ) / "evidence"


def dev_folder(environ: Mapping[str, str]) -> "Path":
    """Where it is written down which cluster ``dev up`` started."""
    from kubectl_rapt.adapters import platform

    return platform.data_home(environ) / "dev"


def make_dev_folder(environ: Mapping[str, str]) -> None:
    """Make it. Raises Unavailable where that cannot be."""
    from kubectl_rapt.adapters import platform

    folder = dev_folder(environ)
    with platform.writing(folder, platform.DATA):
        make_folder(folder)


def make_folder(folder: "Path") -> None:
    """Make a folder and those above it that are missing, for this user alone. Raises OSError."""
    from kubectl_rapt.adapters import platform

    platform.make(folder)


def report_folder(environ: Mapping[str, str]) -> "Path":
    """Where reports about unexpected errors go."""
    from kubectl_rapt.adapters import platform

    return platform.state_home(environ)
