"""Clusters for tests: the shared one, which is built here or made by kind, private ones, and one that is given to us.

``up`` is for tests that behave: one cluster for all of them, long-lived. ``private`` is for a test that
changes or breaks its cluster.
"""

import base64
import contextlib
import hashlib
import json
import os
import shutil
import ssl
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from tests.cluster import (
    certificates,
    controlplane,
    debian,
    kind,
    kubeconfigs,
    kubectl,
    nodes,
    processes,
    programs,
)
from tests.cluster.controlplane import ControlPlane
from tests.cluster.locks import locked, locked_if_free
from tests.cluster.telling import ClusterError, tell

GIVEN = "RAPT_TEST_KUBECONFIG"
BUILT = f"{kind.CHOICE}=built make test"
"""The command that proves everything, on Linux as root, with Go."""

# A running cluster of another edition is replaced: raise it when flags change.
_EDITION = f"1 {programs.KUBERNETES.version} {programs.ETCD.version}"
_SHARED_PORT = 16443
_PRIVATE, _PRIVATE_LOCK = "private-", "private.lock"
_PATIENCE_SECONDS = 60
"""How long a cluster whose programs run may not answer: others work with it, and the machine may be busy."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A running cluster.

    Attributes:
        home: The folder of its files.
        kubeconfig: The administrator's, who only builds the cluster: tests act as users.
        server: The API server's URL.
        ca: The certificate authority of the API server, a PEM file.
        audit_log: A line of JSON for each request answered, without heartbeats and health checks; None for a
            cluster given to us.
        node_address: An address of this machine that pods reach; None without a node of ours.
        is_new: Whether this call started something.
    """

    home: Path
    kubeconfig: Path
    server: str
    ca: Path
    audit_log: Path | None = None
    node_address: str | None = None
    is_new: bool = False

    def user(self, name: str, groups: Sequence[str] = (), namespace: str = "default") -> Path:
        """The kubeconfig of an ordinary user, who may do nothing until somebody grants it.

        Args:
            name: The user, by client certificate or, in a cluster given to us, by impersonation.
            groups: The groups of that user.
            namespace: The namespace of the only context.
        """
        folder = self.home / "users"
        path = folder / f"{_file_name(name, *groups)}.{namespace}.kubeconfig"
        with locked(folder / "lock"):
            if not path.exists():
                kubeconfigs.write(path, self._user(name, groups, namespace))
        return path

    def add_image(
        self,
        names: Sequence[str],
        layer: Path,
        command: Sequence[str] = ("sh",),
        env: Mapping[str, str] | None = None,
    ) -> str:
        """Gives the node an image of one layer, under its names and its digest.

        Args:
            names: The full names it gets, such as ``docker.io/library/python:3``.
            layer: The root file system, an uncompressed tar.
            command: What a container runs if its pod does not say.
            env: Environment variables, besides PATH.

        Returns:
            The digest, ``sha256:…``.

        Raises:
            ClusterError: There is no node of ours.
        """
        if self.node_address is None:
            raise ClusterError(f"images can be added to a node of ours only: {BUILT}")
        return nodes.add_image(self.home, names, layer, command, env)

    def _user(self, name: str, groups: Sequence[str], namespace: str) -> dict[str, object]:
        authority = certificates.Authority(self.home / "certificates")
        if not authority.folder.exists():
            return kubeconfigs.impersonating(json.loads(self.kubeconfig.read_text()), name, groups, namespace)
        client = authority.client(f"user-{_file_name(name, *groups)}", name, groups)
        return kubeconfigs.with_certificate(self.server, self.ca, client, name, namespace)


@dataclass(frozen=True, kw_only=True)
class PrivateCluster(Cluster):
    """A cluster of one's own, to be changed and broken."""

    control_plane: ControlPlane

    def stop_api_server(self) -> None:
        """Kills the API server, as a crash would, and waits until it is gone."""
        self.control_plane.stop_api_server()

    def start_api_server(self, *flags: str) -> None:
        """Starts the API server, with more flags for this time, and waits until it is ready."""
        self.control_plane.start_api_server(*flags)

    def compact(self) -> None:
        """Forgets all history before now; until a restart the API server's watch cache still serves it."""
        self.control_plane.compact()


def up(node: bool = False) -> Cluster:
    """The shared cluster, started if it is not healthy; a cluster given to us instead, if there is one.

    Args:
        node: Whether pods must run; a node is added to a cluster that has none, and never taken away.

    Raises:
        ClusterError: A program is missing, or the cluster did not get ready.
    """
    if given := os.environ.get(GIVEN):
        return _given(Path(given))
    if kind.is_chosen():
        with locked(_state() / "kind.lock"):
            is_new = kind.up(_of_kind())
            return replace(_given(_of_kind()), is_new=is_new)
    _check_buildable()
    with locked(_state() / "shared.lock"):
        control_plane, is_new = _recorded(), False
        if control_plane is None or not control_plane.is_healthy(_PATIENCE_SECONDS):
            control_plane, is_new = _start_shared(), True
        has_node = nodes.is_healthy(control_plane, _PATIENCE_SECONDS)
        if node and not has_node:
            _start_node(control_plane)
            has_node = is_new = True
        return _cluster(control_plane, has_node, is_new)


def down() -> bool:
    """Ends the shared cluster and what dead test runs left of private ones; nothing where one is given.

    Returns:
        Whether there was anything to end.
    """
    if os.environ.get(GIVEN):
        return False
    if kind.is_chosen():
        with locked(_state() / "kind.lock"):
            return kind.down(_of_kind())
    with locked(_state() / "shared.lock"):
        was_there = _shared().exists() or bool(processes.running(_shared()))
        nodes.clear(_shared())
        _remove(_shared())
    return _remove_orphans() or was_there


def found() -> Cluster | None:
    """The shared cluster or the one given to us, if it is healthy; starts nothing and waits for nobody."""
    if given := os.environ.get(GIVEN):
        try:
            return _given(Path(given))
        except ClusterError:
            return None
    if kind.is_chosen():
        return _found_of_kind()
    control_plane = _recorded()
    if control_plane is None or not control_plane.is_healthy():
        return None
    return _cluster(control_plane, nodes.is_healthy(control_plane))


def _found_of_kind() -> Cluster | None:
    with locked(_state() / "kind.lock"):
        if not kind.is_up():
            return None
        kind.up(_of_kind())
        try:
            return _given(_of_kind())
        except ClusterError:
            return None


def is_built() -> bool:
    """Whether the tests' cluster is one that is built on this machine, and not of kind or given to us."""
    return not os.environ.get(GIVEN) and not kind.is_chosen()


def _check_buildable() -> None:
    """Raises ClusterError where no cluster can be built, before anything is downloaded."""
    if sys.platform != "linux":
        what = "a cluster can be built on Linux only; with Docker and kind it works on macOS, too"
        raise ClusterError(f"{what}: https://kind.sigs.k8s.io/docs/user/quick-start")


@contextlib.contextmanager
def private(
    apiserver_flags: Sequence[str] = (), controllers: bool = True, scheduler: bool = False
) -> Iterator[PrivateCluster]:
    """An API server and etcd of one's own, without a node, for as long as the context lasts.

    Args:
        apiserver_flags: Flags for the API server, such as ``--watch-cache=false``.
        controllers: Whether there is a controller manager. Without one the built-in roles of users are empty.
        scheduler: Whether there is a scheduler.

    Raises:
        ClusterError: A program is missing, or the cluster did not get ready.
    """
    _check_buildable()
    debian.install(debian.CONTROL_PLANE)
    _remove_orphans()
    with contextlib.ExitStack() as stack:
        with locked(_state() / _PRIVATE_LOCK):
            home = Path(tempfile.mkdtemp(dir=_state(), prefix=_PRIVATE))
            # Whoever finds this lock free knows that we are dead.
            stack.enter_context(locked(home / "owner.lock"))
            control_plane = ControlPlane(
                home=home,
                address=controlplane.free_address(),
                port=controlplane.API_PORT,
                has_controllers=controllers,
                has_scheduler=scheduler,
                apiserver_flags=tuple(apiserver_flags),
            )
        stack.callback(_remove_private, home)
        control_plane.start()
        yield PrivateCluster(control_plane=control_plane, **vars(_cluster(control_plane, is_new=True)))


def _start_shared() -> ControlPlane:
    debian.install(debian.CONTROL_PLANE)
    nodes.clear(_shared())
    _remove(_shared())
    _shared().mkdir(parents=True)
    # Pods need a server on all addresses; only root can have pods.
    is_root = os.geteuid() == 0
    address = controlplane.free_address()
    port = controlplane.free_port(_SHARED_PORT) if is_root else controlplane.API_PORT
    control_plane = ControlPlane(home=_shared(), address=address, port=port, serves_pods=is_root)
    try:
        tell("starting the control plane")
        control_plane.start()
    except BaseException:
        # The logs stay, for whoever wants to know why.
        _end(_shared())
        raise
    record = {"edition": _EDITION, "address": address, "port": port, "serves_pods": is_root}
    fresh = _record().with_suffix(".new")
    fresh.write_text(json.dumps(record))
    fresh.rename(_record())
    tell(f"the control plane is ready at {control_plane.server}")
    return control_plane


def _start_node(control_plane: ControlPlane) -> None:
    try:
        tell("starting the node")
        nodes.start(control_plane)
    except BaseException:
        nodes.clear(control_plane.home)
        raise
    tell("the node is ready")


def _recorded() -> ControlPlane | None:
    """The control plane that was started last, if it got ready and nobody ended it since."""
    try:
        record = json.loads(_record().read_text())
    except FileNotFoundError:
        return None
    if record.pop("edition") != _EDITION:
        return None
    return ControlPlane(home=_shared(), **record)


def _cluster(control_plane: ControlPlane, has_node: bool = False, is_new: bool = False) -> Cluster:
    return Cluster(
        home=control_plane.home,
        kubeconfig=control_plane.kubeconfig,
        server=control_plane.server,
        ca=control_plane.authority.pair.certificate,
        audit_log=control_plane.audit_log,
        node_address=controlplane.NODE_ADDRESS if has_node else None,
        is_new=is_new,
    )


def _given(path: Path) -> Cluster:
    kubectl.check_ready(path)
    kubeconfig = kubectl.minified(path)
    home = _state() / f"given-{hashlib.sha256(json.dumps(kubeconfig).encode()).hexdigest()[:12]}"
    endpoint = kubeconfig["clusters"][0]["cluster"]
    ca = Path(ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt")
    with locked(home / "lock"):
        if data := endpoint.get("certificate-authority-data"):
            ca = home / "ca.crt"
            ca.write_bytes(base64.b64decode(data))
        administrator = kubeconfigs.write(home / "administrator.kubeconfig", kubeconfig)
    return Cluster(home=home, kubeconfig=administrator, server=endpoint["server"], ca=ca)


def _remove_orphans() -> bool:
    """Removes the private clusters whose owners died without doing so; says whether there were any."""
    orphans = []
    with locked(_state() / _PRIVATE_LOCK):
        for home in _state().glob(f"{_PRIVATE}*/"):
            with locked_if_free(home / "owner.lock") as is_orphan:
                if is_orphan:
                    _remove(home)
                    orphans.append(home)
    return bool(orphans)


def _remove_private(home: Path) -> None:
    with locked(_state() / _PRIVATE_LOCK):
        _remove(home)


def _remove(home: Path) -> None:
    _end(home)
    shutil.rmtree(home, ignore_errors=True)


def _end(home: Path) -> None:
    processes.end(it.pid for it in processes.running(home))


def _state() -> Path:
    # A node takes names of the whole machine, so root has one place whatever the environment says.
    if os.geteuid() == 0:
        return Path("/var/lib") / controlplane.TESTBED
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / controlplane.TESTBED


def _shared() -> Path:
    return _state() / "shared"


def _of_kind() -> Path:
    return _state() / "kind" / "kubeconfig"


def _record() -> Path:
    return _shared() / "cluster.json"


def _file_name(name: str, *groups: str) -> str:
    suffix = f"-{hashlib.sha256(chr(0).join(groups).encode()).hexdigest()[:8]}" if groups else ""
    return quote(name, safe="") + suffix
