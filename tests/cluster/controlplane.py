"""A control plane: etcd, API server, controller manager and scheduler, on addresses of its own."""

import base64
import json
import os
import random
import socket
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import kubeconfigs, processes, programs
from tests.cluster.api import Api
from tests.cluster.certificates import Authority

SERVICE_ADDRESS = "10.96.0.1"
DNS_ADDRESS = "10.96.0.10"
TESTBED = os.environ.get("RAPT_TESTBED") or "rapt-testbed"
"""Another name is another testbed beside the first; its node needs a network namespace of its own."""
NODE_ADDRESS = "10.245.0.1"
NODE_NAME = "node-1"

API_PORT, _ETCD_PORT, _ETCD_PEER_PORT = 26443, 23790, 23800
_API_SERVER, _CONTROLLERS, _SCHEDULER = "kube-apiserver", "kube-controller-manager", "kube-scheduler"

# Each request once, when it is answered; the heartbeats and health checks of the cluster would bury the rest.
_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "nonResourceURLs": ["/healthz*", "/livez*", "/readyz*"]},
        {"level": "None", "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
        {"level": "Metadata"},
    ],
}


@dataclass(frozen=True)
class ControlPlane:
    """What a control plane is started from; it can be started, stopped and looked at.

    Attributes:
        home: The folder of its files.
        address: A loopback address that no other cluster has, so all can use the same ports.
        port: The API server's port; a server for pods listens on all addresses, so it needs one of its own.
        serves_pods: Whether the API server listens on all addresses, for pods.
        has_controllers: Whether there is a controller manager.
        has_scheduler: Whether there is a scheduler.
        apiserver_flags: Flags for the API server; they come after ours and win.
    """

    home: Path
    address: str
    port: int
    serves_pods: bool = False
    has_controllers: bool = True
    has_scheduler: bool = True
    apiserver_flags: tuple[str, ...] = ()

    @property
    def server(self) -> str:
        """The API server's URL."""
        return f"https://{self.address}:{self.port}"

    @property
    def authority(self) -> Authority:
        """What signed all certificates."""
        return Authority(self.home / "certificates")

    @property
    def api(self) -> Api:
        """The API server, as the administrator."""
        authority = self.authority
        return Api(self.server, authority.pair.certificate, authority.at("administrator"))

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.home / "administrator.kubeconfig"

    @property
    def audit_log(self) -> Path:
        """Where the API server writes each request it answered, one JSON object a line."""
        return self.home / "audit.log"

    @property
    def parts(self) -> list[str]:
        """The programs it consists of, in the order of their start."""
        optional = [_CONTROLLERS] * self.has_controllers + [_SCHEDULER] * self.has_scheduler
        return ["etcd", _API_SERVER, *optional]

    def is_healthy(self, patience_seconds: float = 0) -> bool:
        """Whether all its programs run and the API server is ready, or is so in time; takes some 20 ms."""
        return processes.is_well(self.api.is_ready, self.home, self.parts, patience_seconds)

    def start(self) -> None:
        """Starts it in its empty folder and waits until an ordinary user could create a Job.

        Raises:
            ClusterError: A part ended, or did not get ready in time.
        """
        built = programs.built(programs.KUBERNETES, *self.parts[1:])
        etcd = programs.built(programs.ETCD, "etcd")["etcd"]
        self._prepare()
        client, peer = f"http://{self.address}:{_ETCD_PORT}", f"http://{self.address}:{_ETCD_PEER_PORT}"
        flags = [
            "--name=etcd",
            f"--data-dir={self.home / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=etcd={peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]
        processes.start(self.home, [etcd, *flags])
        self.start_api_server()
        for part in self.parts[2:]:
            processes.start(self.home, [built[part], *self._flags(part)])
        if self.has_controllers:
            self._await_users()

    def start_api_server(self, *flags: str) -> None:
        """Starts the API server and waits until it says that it is ready.

        Args:
            flags: More flags, for this time.
        """
        path = programs.built(programs.KUBERNETES, _API_SERVER)[_API_SERVER]
        processes.start(self.home, [path, *self._api_server_flags(), *self.apiserver_flags, *flags])
        processes.wait_until(self.api.is_ready, "the API server", self.home, [_API_SERVER, "etcd"])

    def stop_api_server(self) -> None:
        """Kills the API server, as a crash would, and waits until it is gone."""
        processes.end(it.pid for it in processes.running(self.home) if it.part == _API_SERVER)

    def compact(self) -> None:
        """Forgets all history in etcd before now; the API server's watch cache may still serve it."""
        now = self._etcd("range", {"key": base64.b64encode(b"/").decode()})["header"]["revision"]
        self._etcd("compaction", {"revision": now, "physical": True})

    def _etcd(self, method: str, body: dict[str, object]) -> dict[str, dict[str, str]]:
        url = f"http://{self.address}:{_ETCD_PORT}/v3/kv/{method}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, json.dumps(body).encode(), timeout=60) as response:
            answer: dict[str, dict[str, str]] = json.load(response)
            return answer

    def _prepare(self) -> None:
        authority = self.authority
        authority.found()
        administrator = authority.client("administrator", "administrator", ["system:masters"])
        authority.client("front-proxy", "front-proxy")
        authority.server(
            "server",
            ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"],
            ["127.0.0.1", self.address, SERVICE_ADDRESS, NODE_ADDRESS],
        )
        ca = authority.pair.certificate
        for part in self.parts[2:]:
            client = authority.client(part, f"system:{part}")
            credentials = kubeconfigs.with_certificate(self.server, ca, client, part)
            kubeconfigs.write(self._kubeconfig_of(part), credentials)
        credentials = kubeconfigs.with_certificate(self.server, ca, administrator, "administrator")
        kubeconfigs.write(self.kubeconfig, credentials)
        (self.home / "audit-policy.json").write_text(json.dumps(_AUDIT_POLICY))

    def _kubeconfig_of(self, part: str) -> Path:
        return self.home / f"{part}.kubeconfig"

    def _flags(self, part: str) -> list[str]:
        # Without a port of its own a part needs no certificate; whether it lives we ask the kernel.
        flags = [f"--kubeconfig={self._kubeconfig_of(part)}", "--leader-elect=false", "--secure-port=0"]
        flags += ["--kube-api-qps=1000", "--kube-api-burst=2000"]
        if part == _CONTROLLERS:
            authority = self.authority
            flags += [
                "--use-service-account-credentials",
                f"--service-account-private-key-file={authority.at('service-accounts').key}",
                f"--root-ca-file={authority.pair.certificate}",
                "--controllers=*,-nodeipam,-cloud-node-lifecycle",
                "--concurrent-job-syncs=20",
            ]
        return flags

    def _api_server_flags(self) -> list[str]:
        authority = self.authority
        server, administrator = authority.at("server"), authority.at("administrator")
        service_accounts, front_proxy = authority.at("service-accounts"), authority.at("front-proxy")
        return [
            f"--bind-address={'0.0.0.0' if self.serves_pods else self.address}",
            f"--secure-port={self.port}",
            f"--advertise-address={NODE_ADDRESS}",
            f"--etcd-servers=http://{self.address}:{_ETCD_PORT}",
            f"--tls-cert-file={server.certificate}",
            f"--tls-private-key-file={server.key}",
            f"--client-ca-file={authority.pair.certificate}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={service_accounts.certificate}",
            f"--service-account-signing-key-file={service_accounts.key}",
            "--authorization-mode=Node,RBAC",
            "--allow-privileged=true",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.96.0.0/24",
            "--kubelet-preferred-address-types=InternalIP",
            f"--kubelet-client-certificate={administrator.certificate}",
            f"--kubelet-client-key={administrator.key}",
            "--enable-aggregator-routing=true",
            f"--requestheader-client-ca-file={authority.pair.certificate}",
            "--requestheader-allowed-names=front-proxy",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={front_proxy.certificate}",
            f"--proxy-client-key-file={front_proxy.key}",
            f"--audit-policy-file={self.home / 'audit-policy.json'}",
            f"--audit-log-path={self.audit_log}",
            # Megabytes: a test that reads it must not lose lines to a new file.
            "--audit-log-maxsize=1000",
            "--audit-log-maxbackup=1",
        ]

    def _await_users(self) -> None:
        """Waits until someone who may edit a namespace may create a pod there.

        The built-in role has no rules until the controller manager has aggregated them, and no pod is
        admitted before its namespace has a service account.
        """
        api, name = self.api, "rapt-test-cluster"
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}],
        }
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {"containers": [{"name": "main", "image": "busybox"}]},
        }
        api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        api.call("POST", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{name}/rolebindings", binding)
        user = Api(self.server, self.authority.pair.certificate, self.authority.client(name, name))

        def can_create() -> bool:
            return user.call("POST", f"/api/v1/namespaces/{name}/pods?dryRun=All", pod)[0] == 201

        processes.wait_until(can_create, "the roles of users", self.home, [_CONTROLLERS, _API_SERVER, "etcd"])


def free_address() -> str:
    """A loopback address on which no other cluster has its ports."""
    while True:
        address = f"127.{random.randint(64, 127)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
        if all(_is_free(address, port) for port in (API_PORT, _ETCD_PORT, _ETCD_PEER_PORT)):
            return address


def free_port(first: int) -> int:
    """The first port from here on that is free on all addresses."""
    return next(port for port in range(first, first + 1000) if _is_free("0.0.0.0", port))


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as it:
        # As servers do: connections that are closing do not keep a port taken.
        it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            it.bind((address, port))
        except OSError:
            return False
        return True
