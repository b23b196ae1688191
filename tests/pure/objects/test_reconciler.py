"""What ``install --reconciler`` brings: the least that a pass needs."""

import pytest

from kubectl_rapt.actions.install import Reconciler
from kubectl_rapt.errors import UsageError
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.objects import reconciler


def test_its_account_can_neither_list_secrets_nor_write_tools_nor_grant_itself_more() -> None:
    (role,) = [
        one for one in reconciler.manifests("x", "* * * * *", "rapt", ["a"]) if one["kind"] == "ClusterRole"
    ]
    may = {
        (resource, verb) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]
    }
    assert ("runs", "create") in may
    for resource, verb in may:
        assert resource not in ("secrets", "configmaps") or verb == "get"
        assert resource not in ("tools", "cronjobs", "pods", "pods/log") or verb in ("get", "list", "watch")
        assert "*" not in (resource, verb)
        assert not resource.startswith(("role", "clusterrole")), resource


def test_it_is_bound_in_the_namespaces_that_were_named_and_in_the_whole_cluster_only_if_none_was() -> None:
    def bindings(*namespaces: str) -> list[tuple[str, str]]:
        found = reconciler.manifests("x", "* * * * *", "rapt", namespaces)
        return [
            (one["kind"], one["metadata"].get("namespace", ""))
            for one in found
            if one["kind"].endswith("Binding")
        ]

    assert bindings("a", "b") == [("RoleBinding", "a"), ("RoleBinding", "b")]
    assert bindings() == [("ClusterRoleBinding", "")]


@pytest.mark.parametrize(
    ("every", "schedule"),
    [
        ("1m", "*/1 * * * *"),
        ("5m", "*/5 * * * *"),
        ("30m", "*/30 * * * *"),
        ("1h", "0 * * * *"),
        ("6h", "0 */6 * * *"),
        ("1d", "0 0 * * *"),
    ],
)
def test_a_time_between_passes_is_a_schedule(every: str, schedule: str) -> None:
    assert Reconciler("x", Duration.parse(every), "rapt").schedule == schedule


@pytest.mark.parametrize("every", ["7m", "90s", "90m", "5h", "2d", "30s"])
def test_a_time_without_even_steps_is_refused(every: str) -> None:
    with pytest.raises(UsageError, match="even steps"):
        _ = Reconciler("x", Duration.parse(every), "rapt").schedule
