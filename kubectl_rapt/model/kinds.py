"""Kubernetes kinds, and references to single objects of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Manifest = Mapping[str, Any]
"""A Kubernetes object as JSON data. Whoever holds one does not change it."""
MAX_LEVELS = 32
"""How deep an object may be nested to be read; a list of such can be written as YAML. People's have about fifteen."""
_IDENTITY = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "labels",
)


class TooDeep(dict[str, Any]):
    """What is read of an object that is nested too deeply: which one it is.

    Args:
        whole: The object.
    """

    def __init__(self, whole: Manifest) -> None:
        metadata = {key: value for key, value in whole["metadata"].items() if key in _IDENTITY}
        super().__init__(apiVersion=whole["apiVersion"], kind=whole["kind"], metadata=metadata)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind that Rapt reads or writes.

    Args:
        api_version: ``group/version``, or ``v1`` for the core group.
        name: The kind's name, as in a manifest: ``CronJob``.
        plural: The resource's name in a path: ``cronjobs``.
        is_namespaced: Whether its objects live in namespaces.
    """

    api_version: str
    name: str
    plural: str
    is_namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def resource(self) -> str:
        """The name that kubectl takes and access rules use: ``cronjobs.batch``, ``pods``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


JOB = Kind("batch/v1", "Job", "jobs")
CRON_JOB = Kind("batch/v1", "CronJob", "cronjobs")
POD = Kind("v1", "Pod", "pods")
EVENT = Kind("v1", "Event", "events")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
SECRET = Kind("v1", "Secret", "secrets")
PERSISTENT_VOLUME_CLAIM = Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
LIMIT_RANGE = Kind("v1", "LimitRange", "limitranges")
RESOURCE_QUOTA = Kind("v1", "ResourceQuota", "resourcequotas")
NAMESPACE = Kind("v1", "Namespace", "namespaces", is_namespaced=False)
NODE = Kind("v1", "Node", "nodes", is_namespaced=False)
SERVICE = Kind("v1", "Service", "services")
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")
ROLE = Kind("rbac.authorization.k8s.io/v1", "Role", "roles")
ROLE_BINDING = Kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings")
CLUSTER_ROLE = Kind("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", is_namespaced=False)
CLUSTER_ROLE_BINDING = Kind(
    "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", is_namespaced=False
)
NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
CUSTOM_RESOURCE_DEFINITION = Kind(
    "apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", is_namespaced=False
)
VALIDATING_ADMISSION_POLICY = Kind(
    "admissionregistration.k8s.io/v1",
    "ValidatingAdmissionPolicy",
    "validatingadmissionpolicies",
    is_namespaced=False,
)
VALIDATING_ADMISSION_POLICY_BINDING = Kind(
    "admissionregistration.k8s.io/v1",
    "ValidatingAdmissionPolicyBinding",
    "validatingadmissionpolicybindings",
    is_namespaced=False,
)
EXTERNAL_SECRET = Kind("external-secrets.io/v1", "ExternalSecret", "externalsecrets")
TOOL = Kind("rapt.dev/v1alpha1", "Tool", "tools")
RUN = Kind("rapt.dev/v1alpha1", "Run", "runs")
RETRY_POLICY = Kind("rapt.dev/v1alpha1", "RetryPolicy", "retrypolicies")
CLEANUP_POLICY = Kind("rapt.dev/v1alpha1", "CleanupPolicy", "cleanuppolicies")
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")
KUEUE_WORKLOAD = Kind("kueue.x-k8s.io/v1beta2", "Workload", "workloads")
POD_METRICS = Kind("metrics.k8s.io/v1beta1", "PodMetrics", "pods")
FLUX_KUSTOMIZATION = Kind("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "kustomizations")
FLUX_HELM_RELEASE = Kind("helm.toolkit.fluxcd.io/v2", "HelmRelease", "helmreleases")
FLUX_GIT_REPOSITORY = Kind("source.toolkit.fluxcd.io/v1", "GitRepository", "gitrepositories")
ARGO_APPLICATION = Kind("argoproj.io/v1alpha1", "Application", "applications")

KINDS = (
    JOB,
    CRON_JOB,
    POD,
    EVENT,
    CONFIG_MAP,
    SECRET,
    PERSISTENT_VOLUME_CLAIM,
    LIMIT_RANGE,
    RESOURCE_QUOTA,
    NAMESPACE,
    NODE,
    SERVICE,
    SERVICE_ACCOUNT,
    ROLE,
    ROLE_BINDING,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    NETWORK_POLICY,
    CUSTOM_RESOURCE_DEFINITION,
    VALIDATING_ADMISSION_POLICY,
    VALIDATING_ADMISSION_POLICY_BINDING,
    EXTERNAL_SECRET,
    TOOL,
    RUN,
    RETRY_POLICY,
    CLEANUP_POLICY,
    LEASE,
    KUEUE_WORKLOAD,
    FLUX_KUSTOMIZATION,
    FLUX_HELM_RELEASE,
    FLUX_GIT_REPOSITORY,
    ARGO_APPLICATION,
)


@dataclass(frozen=True, slots=True)
class Ref:
    """The address of one object.

    Args:
        kind: Its kind.
        name: Its name.
        namespace: Its namespace; empty for cluster-wide kinds.
    """

    kind: Kind
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.kind.name.lower()}/{self.name}"


def ref_of(manifest: Manifest) -> Ref:
    """The address of the object that a manifest describes.

    Raises:
        KeyError: Its kind is none that Rapt reads or writes.
    """
    key = (manifest["apiVersion"], manifest["kind"])
    kind = _BY_NAME[key]
    metadata = manifest["metadata"]
    return Ref(kind, metadata["name"], metadata.get("namespace", "") if kind.is_namespaced else "")


_BY_NAME = {(kind.api_version, kind.name): kind for kind in KINDS}
