"""A node for the shared cluster: containerd and a kubelet that run real pods on this machine, as root.

There is one at a time, so its names are fixed. It has no orderly end: ending it and starting after a crash
are the same clearing away of whatever is found.
"""

import contextlib
import ipaddress
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.cluster import debian, images, kubeconfigs, processes, programs
from tests.cluster.controlplane import (
    DNS_ADDRESS,
    NODE_ADDRESS,
    NODE_NAME,
    SERVICE_ADDRESS,
    TESTBED,
    ControlPlane,
)
from tests.cluster.telling import ClusterError

_NODE_BRIDGE, _POD_BRIDGE = "rapt0", "rapt-pods"
_POD_SUBNETS = [f"10.{octet}.0.0/24" for octet in range(244, 224, -1)]
_KUBELET, _CONTAINERD = "kubelet", "containerd"
_SOCKET, _STARTED = "containerd.sock", "started"
_CLEAR_TIMEOUT_SECONDS = 60


def start(control_plane: ControlPlane) -> None:
    """Starts the node and waits until pods can be scheduled on it.

    Args:
        control_plane: A healthy control plane that serves pods.

    Raises:
        ClusterError: We are not root, or a part ended or did not get ready in time.
    """
    if os.geteuid() != 0:
        raise ClusterError("a node needs root: it makes cgroups, mounts and network links")
    home = control_plane.home
    debian.install(debian.NODE)
    kubelet = programs.built(programs.KUBERNETES, _KUBELET)[_KUBELET]
    clear(home)
    _folder(home).mkdir()
    _make_cgroups()
    _make_network(control_plane.port)
    processes.start(home, [debian.program(_CONTAINERD), f"--config={_write_containerd_files(home)}"])
    processes.wait_until(lambda: _answers(_socket(home)), _CONTAINERD, home, [_CONTAINERD])
    # A node of before would look ready until it is missed.
    control_plane.api.call("DELETE", f"/api/v1/nodes/{NODE_NAME}")
    processes.start(home, [kubelet, *_kubelet_flags(control_plane)])
    _add_own_images(home)
    processes.wait_until(lambda: _is_ready(control_plane), "the node", home, [_KUBELET, _CONTAINERD])
    # A kubelet may call the node ready when we were killed before it had its images.
    (_folder(home) / _STARTED).touch()


def is_healthy(control_plane: ControlPlane, patience_seconds: float = 0) -> bool:
    """Whether its start was finished, its processes run and the scheduler may use it, or may in time."""
    home = control_plane.home
    return (_folder(home) / _STARTED).exists() and processes.is_well(
        lambda: _is_ready(control_plane), home, [_KUBELET, _CONTAINERD], patience_seconds
    )


def add_image(
    home: Path,
    names: Sequence[str],
    layer: Path,
    command: Sequence[str] = ("sh",),
    env: Mapping[str, str] | None = None,
) -> str:
    """Gives the node an image of one layer, also under its digest.

    Args:
        home: The cluster's folder.
        names: The full names it gets, such as ``docker.io/library/python:3``.
        layer: The root file system, an uncompressed tar.
        command: What a container runs if its pod does not say.
        env: Environment variables, besides PATH.

    Returns:
        The digest, ``sha256:…``.
    """
    path = _folder(home) / f"image-{os.getpid()}-{time.monotonic_ns()}.tar"
    images.write_archive(path, names, layer, command, env)
    try:
        _ctr(home, "import", str(path))
    finally:
        path.unlink()
    listed = _ctr(home, "list", f"name=={names[0]}").splitlines()[1].split()
    digest = next(word for word in listed if word.startswith("sha256:"))
    for repository in {name.rpartition(":")[0] for name in names}:
        _ctr(home, "tag", "--force", names[0], f"{repository}@{digest}")
    return digest


def clear(home: Path) -> None:
    """Ends the node, if there is one, and removes all it may have left, in whatever state it was."""
    if os.geteuid() != 0:
        return
    ours = processes.running(home)
    # First those that would start others anew.
    processes.end(it.pid for it in ours if it.program in (_KUBELET, _CONTAINERD))
    shim_sockets = [it.read_text() for it in _folder(home).glob("state/*/k8s.io/*/address")]
    deadline = time.monotonic() + _CLEAR_TIMEOUT_SECONDS
    while pids := _started_pids(home) | _pod_pids():
        processes.end(pids)
        if time.monotonic() > deadline:
            raise ClusterError(f"processes of pods keep appearing: {pids}")
    for mount in reversed(_mounts(below=_folder(home))):
        debian.run("umount", "--lazy", mount)
    for address in shim_sockets:
        Path(address.removeprefix("unix://")).unlink(missing_ok=True)
    if left := _mounts(below=_folder(home)):
        # What is mounted there may be anybody's: never delete through it.
        raise ClusterError(f"cannot unmount {left}")
    _remove_network()
    _remove_cgroups()
    _remove_log_links(home)
    shutil.rmtree(_folder(home), ignore_errors=True)


def _folder(home: Path) -> Path:
    return home / "node"


def _socket(home: Path) -> Path:
    return _folder(home) / _SOCKET


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as it:
        it.connect(str(path))
    return True


def _ctr(home: Path, *arguments: str) -> str:
    return debian.run("ctr", "--address", _socket(home), "--namespace", "k8s.io", "images", *arguments)


def _add_own_images(home: Path) -> None:
    layer = _folder(home) / "busybox.tar"
    images.write_busybox_layer(layer, debian.program("busybox"))
    add_image(home, [images.PAUSE], layer, ["sleep", "2147483647"])
    add_image(home, images.BUSYBOX, layer)


def _is_ready(control_plane: ControlPlane) -> bool:
    status, node = control_plane.api.call("GET", f"/api/v1/nodes/{NODE_NAME}")
    if status != 200 or node["spec"].get("taints"):
        return False
    conditions = {it["type"]: it["status"] for it in node["status"].get("conditions", ())}
    return conditions.get("Ready") == "True"


# ---- Its configuration ----


def _kubelet_flags(control_plane: ControlPlane) -> list[str]:
    folder, authority = _folder(control_plane.home), control_plane.authority
    client = authority.client(_KUBELET, f"system:node:{NODE_NAME}", ["system:nodes"])
    ca = authority.pair.certificate
    credentials = kubeconfigs.with_certificate(control_plane.server, ca, client, _KUBELET)
    (folder / "kubelet.json").write_text(json.dumps(_kubelet_configuration(folder, ca), indent=2))
    return [
        f"--config={folder / 'kubelet.json'}",
        f"--kubeconfig={kubeconfigs.write(folder / 'kubelet.kubeconfig', credentials)}",
        f"--root-dir={folder / 'kubelet'}",
        f"--cert-dir={folder / 'kubelet-certificates'}",
        f"--node-ip={NODE_ADDRESS}",
        f"--hostname-override={NODE_NAME}",
    ]


def _kubelet_configuration(folder: Path, ca: Path) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        "port": _free_port(10250),
        "healthzPort": 0,
        "authentication": {"x509": {"clientCAFile": str(ca)}, "webhook": {"enabled": True}},
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{folder / _SOCKET}",
        # Two kubelets that share /kubepods kill each other's pods.
        "cgroupRoot": f"/{TESTBED}",
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "makeIPTablesUtilChains": False,
        # Without one each pod gets a Warning event.
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": "cluster.local",
        "resolvConf": "",
        "podLogsDir": str(folder / "pod-logs"),
        # Images made by hand cannot be pulled again, and a developer's full disk is no reason to evict.
        "evictionHard": {},
        "imageGCHighThresholdPercent": 100,
        "syncFrequency": "1s",
        "kubeAPIQPS": 1000,
        "kubeAPIBurst": 2000,
        "maxPods": 240,
    }


def _write_containerd_files(home: Path) -> Path:
    folder = _folder(home)
    (folder / "cni").mkdir()
    (folder / "cni" / "pods.conflist").write_text(json.dumps(_pod_network(folder), indent=2))
    (folder / "containerd.toml").write_text(_containerd_configuration(folder))
    return folder / "containerd.toml"


def _containerd_configuration(folder: Path) -> str:
    # https://github.com/containerd/containerd/blob/release/1.6/docs/cri/config.md
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
  address = "{folder / _SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/opt"
[{cri}]
  sandbox_image = "{images.PAUSE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
[{cri}.cni]
  bin_dir = "{debian.program("bridge").parent}"
  conf_dir = "{folder}/cni"
[{cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[{cri}.containerd.runtimes.runc.options]
  BinaryName = "{debian.program("runc")}"
  Root = "{folder}/runc"
  SystemdCgroup = false
"""


def _pod_network(folder: Path) -> dict[str, object]:
    return {
        "cniVersion": "0.4.0",
        "name": "rapt-pods",
        "plugins": [
            {
                "type": "bridge",
                "bridge": _POD_BRIDGE,
                "isGateway": True,
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "dataDir": str(folder / "pod-addresses"),
                    "ranges": [[{"subnet": _free_subnet()}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            }
        ],
    }


# ---- What it takes of the machine, and gives back ----


def _make_network(api_port: int) -> None:
    # The kubelet refuses a loopback address, and kernels without dummy interfaces do have bridges.
    debian.run(*f"ip link add {_NODE_BRIDGE} type bridge".split())
    debian.run(*f"ip address add {NODE_ADDRESS}/32 dev {_NODE_BRIDGE}".split())
    debian.run(*f"ip link set {_NODE_BRIDGE} up".split())
    # There is no kube-proxy: this alone leads pods to the API server.
    from_pods = f"-i {_POD_BRIDGE} -d {SERVICE_ADDRESS}/32 -p tcp --dport 443"
    to_server = f"-j DNAT --to-destination {NODE_ADDRESS}:{api_port}"
    debian.run(*f"iptables -w -t nat -I PREROUTING 1 {from_pods} {to_server}".split())


def _remove_network() -> None:
    links = [Path("/sys/class/net", name) for name in (_POD_BRIDGE, _NODE_BRIDGE)]
    for link in links:
        if link.exists():
            for name in [*(it.name for it in (link / "brif").iterdir()), link.name]:
                try:
                    debian.run("ip", "link", "delete", name)
                except ClusterError:
                    # A veth goes with its other end, at any moment.
                    if Path("/sys/class/net", name).exists():
                        raise
    try:
        rules = debian.run("iptables", "-w", "-t", "nat", "-S", "PREROUTING").splitlines()
    except ClusterError:
        # No iptables, so no rule of ours.
        return
    for rule in rules:
        if f"-i {_POD_BRIDGE} " in rule:
            debian.run("iptables", "-w", "-t", "nat", "-D", *rule.split()[1:])


def _free_subnet() -> str:
    routes = json.loads(debian.run("ip", "-json", "-4", "route", "show", "table", "all"))
    taken = [ipaddress.ip_network(it["dst"], strict=False) for it in routes if it["dst"][0].isdigit()]
    for subnet in _POD_SUBNETS:
        if not any(ipaddress.ip_network(subnet).overlaps(it) for it in taken):
            return subnet
    raise ClusterError(f"no free subnet for pods among {_POD_SUBNETS[0]} … {_POD_SUBNETS[-1]}")


def _free_port(first: int) -> int:
    for port in range(first, first + 1000):
        with socket.socket() as it:
            it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                it.bind((NODE_ADDRESS, port))
                return port
    raise ClusterError(f"no free port from {first} on")


def _make_cgroups() -> None:
    for hierarchy in _hierarchies():
        (hierarchy / TESTBED).mkdir(exist_ok=True)
        # A new cpuset is empty, and no process may enter it.
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (hierarchy / name).exists() and not (hierarchy / "cgroup.controllers").exists():
                (hierarchy / TESTBED / name).write_text((hierarchy / name).read_text())
        if (hierarchy / "cgroup.controllers").exists():
            controllers = (hierarchy / "cgroup.controllers").read_text().split()
            for folder in (hierarchy, hierarchy / TESTBED):
                (folder / "cgroup.subtree_control").write_text(" ".join(f"+{it}" for it in controllers))


def _remove_cgroups() -> None:
    deadline = time.monotonic() + _CLEAR_TIMEOUT_SECONDS
    for hierarchy in _hierarchies():
        for folder in _below(hierarchy / TESTBED):
            while folder.exists():
                try:
                    folder.rmdir()
                except OSError:
                    # The last process is gone before the kernel has noticed.
                    if time.monotonic() > deadline:
                        raise ClusterError(f"{folder} is still in use") from None
                    time.sleep(0.02)


def _started_pids(home: Path) -> set[int]:
    return {it.pid for it in processes.running(home) if it.part in (_KUBELET, _CONTAINERD)}


def _pod_pids() -> set[int]:
    pids: set[int] = set()
    for hierarchy in _hierarchies():
        for folder in _below(hierarchy / TESTBED):
            try:
                pids.update(map(int, (folder / "cgroup.procs").read_text().split()))
            except OSError:
                continue
    return pids - {0}


def _hierarchies() -> Iterator[Path]:
    """Where cgroups are mounted: one place in version 2, one for each controller in version 1."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if after.split()[0] in ("cgroup", "cgroup2"):
            yield Path(before.split()[4])


def _below(folder: Path) -> list[Path]:
    """A folder and all folders in it, the deepest first."""
    return [Path(name) for name, _, _ in os.walk(folder, topdown=False)]


def _mounts(below: Path) -> list[str]:
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [it for it in mounts if Path(it).is_relative_to(below)]


def _remove_log_links(home: Path) -> None:
    folder = Path("/var/log/containers")
    for link in folder.iterdir() if folder.is_dir() else ():
        if link.is_symlink() and link.readlink().is_relative_to(home):
            link.unlink(missing_ok=True)
