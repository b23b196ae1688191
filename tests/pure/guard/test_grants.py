"""The command that grants rights: the least role, for whoever lacks them, where they lack them."""

import pytest

from kubectl_rapt.guard import grants


@pytest.mark.parametrize(
    ("rights", "role"),
    [
        ([("list", "jobs.batch")], "view"),
        ([("get", "pods/log"), ("watch", "runs.rapt.dev")], "view"),
        ([("list", "secrets")], "edit"),
        ([("list", "jobs.batch"), ("create", "runs.rapt.dev")], "edit"),
        ([("create", "rolebindings.rbac.authorization.k8s.io")], "admin"),
        ([("get", "roles.rbac.authorization.k8s.io")], "view"),
    ],
)
def test_the_least_role_that_holds_them_all_is_granted(rights: list[tuple[str, str]], role: str) -> None:
    assert grants.role(rights) == role


def test_the_command_names_the_user_and_the_place() -> None:
    rights = [("create", "jobs.batch")]
    assert grants.command("ann@example.com", rights, "team") == (
        "kubectl create rolebinding ann-example-com-edit --clusterrole=edit --user=ann@example.com -n team"
    )
    assert grants.command("system:serviceaccount:ci:bot", rights, "team") == (
        "kubectl create rolebinding system-serviceaccount-ci-bot-edit --clusterrole=edit"
        " --serviceaccount=ci:bot -n team"
    )
    assert grants.command("o'hara", [("list", "runs.rapt.dev")], "").endswith(
        """ --clusterrole=view --user='o'"'"'hara'"""
    )
    assert len(grants.command("u" * 300, rights, "team").split()[3]) <= 63
