"""Which of Kubernetes' own resources belong to no namespace, and so cannot be granted by a Role."""

from collections.abc import Mapping

_CLUSTER: Mapping[str, frozenset[str]] = {
    "": frozenset({"componentstatuses", "namespaces", "nodes", "persistentvolumes"}),
    "admissionregistration.k8s.io": frozenset(
        {
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "validatingwebhookconfigurations",
        }
    ),
    "apiextensions.k8s.io": frozenset({"customresourcedefinitions"}),
    "apiregistration.k8s.io": frozenset({"apiservices"}),
    "authentication.k8s.io": frozenset({"selfsubjectreviews", "tokenreviews"}),
    "authorization.k8s.io": frozenset(
        {"selfsubjectaccessreviews", "selfsubjectrulesreviews", "subjectaccessreviews"}
    ),
    "certificates.k8s.io": frozenset({"certificatesigningrequests", "clustertrustbundles"}),
    "flowcontrol.apiserver.k8s.io": frozenset({"flowschemas", "prioritylevelconfigurations"}),
    "metrics.k8s.io": frozenset({"nodes"}),
    "networking.k8s.io": frozenset({"ingressclasses", "ipaddresses", "servicecidrs"}),
    "node.k8s.io": frozenset({"runtimeclasses"}),
    "rbac.authorization.k8s.io": frozenset({"clusterrolebindings", "clusterroles"}),
    "resource.k8s.io": frozenset({"deviceclasses", "resourceslices"}),
    "scheduling.k8s.io": frozenset({"priorityclasses"}),
    "storage.k8s.io": frozenset(
        {"csidrivers", "csinodes", "storageclasses", "volumeattachments", "volumeattributesclasses"}
    ),
}
"""Group to the plural names of its cluster-wide resources: ``kubectl api-resources --namespaced=false`` of 1.35."""

_OF_ONE_NAMESPACE = frozenset({"delete", "get", "patch", "update"})
"""What a Role may grant on ``namespaces``: the namespace that it is in."""


def is_cluster_wide(group: str, resource: str, verbs: tuple[str, ...]) -> bool:
    """Whether a Role cannot grant that: the API server would refuse it all the same.

    Args:
        group: The API group; empty for the core group.
        resource: The plural name, with a subresource or without: ``nodes/metrics``.
        verbs: What is to be done with it.
    """
    name = resource.partition("/")[0]
    if (group, name) == ("", "namespaces") and _OF_ONE_NAMESPACE.issuperset(verbs):
        return False
    return name in _CLUSTER.get(group, frozenset())
