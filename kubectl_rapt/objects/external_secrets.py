"""The ExternalSecret: what fetches one Secret from a store, in the one form that Rapt writes."""

from collections.abc import Set
from typing import Any

from kubectl_rapt.objects import labels


def spec(store: str, store_kind: str, secret: str, keys: Set[str]) -> dict[str, Any]:
    """The spec of the ExternalSecret that fetches a Secret, by the same name and the same keys.

    The Secret stays when the last tool that needs it goes, and carries the same label for all of them: the operator
    would copy the labels of each.

    Args:
        store: The store's name.
        store_kind: ``SecretStore`` or ``ClusterSecretStore``.
        secret: The Secret.
        keys: What of it is needed; the empty key stands for all.
    """
    found: dict[str, Any] = {
        "refreshInterval": "1h",
        "secretStoreRef": {"name": store, "kind": store_kind},
        "target": {
            "name": secret,
            "creationPolicy": "Orphan",
            "template": {"metadata": {"labels": {labels.MANAGED_BY: "rapt"}}},
        },
    }
    if "" in keys:
        return {**found, "dataFrom": [{"extract": {"key": secret}}]}
    data = [{"secretKey": key, "remoteRef": {"key": secret, "property": key}} for key in sorted(keys)]
    return {**found, "data": data}
