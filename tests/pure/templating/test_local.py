"""A Job as commands of podman or Docker: nothing of it is lost without a word."""

from typing import Any

import pytest

from kubectl_rapt.templating import local
from kubectl_rapt.templating.local import Given, Local


def plan(container: dict[str, Any], given: Given | None = None, **pod: Any) -> Local:
    inside = {"containers": [{"name": "tool", "image": "i:1", **container}], **pod}
    return local.plan({"spec": {"template": {"spec": inside}}}, "dev-x", given or Given())


def words(container: dict[str, Any], given: Given | None = None, **pod: Any) -> list[str]:
    return list(plan(container, given, **pod).commands[-1].words)


def test_command_and_arguments_are_words_and_the_first_is_the_entry_point() -> None:
    said = words({"command": ["sh", "-c", "echo $HOME; exit 1"], "args": ["a b"]})
    assert said[-5:] == ["--entrypoint=sh", "i:1", "-c", "echo $HOME; exit 1", "a b"]
    assert words({"args": ["x"]})[-2:] == ["i:1", "x"]


@pytest.mark.parametrize(
    ("text", "expanded"),
    [("$(A)/$(B)", "1/$(B)"), ("$$(A)", "$(A)"), ("$A", "$A"), ("$$", "$"), ("$(A", "$(A")],
)
def test_references_are_expanded_as_kubernetes_does(text: str, expanded: str) -> None:
    assert local.expand(text, {"A": "1"}) == expanded


def test_variables_refer_to_those_before_them_and_a_person_fills_the_others() -> None:
    secret = {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "p"}}}
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)2"}, secret]
    assert plan({"env": env}).missing[0].where == "PASSWORD"
    said = words({"env": env, "command": ["$(B)"]}, Given({"PASSWORD": "x"}))
    assert {"--env=A=1", "--env=B=12", "--env=PASSWORD=x", "--entrypoint=12"} <= set(said)


def test_volumes_are_made_or_given_or_missed() -> None:
    volumes = [
        {"name": "scratch", "emptyDir": {}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "c"}},
        {"name": "key", "secret": {"secretName": "s"}},
    ]
    mounts = [{"name": one["name"], "mountPath": f"/{one['name']}"} for one in volumes]
    told = plan({"volumeMounts": mounts}, volumes=volumes)
    assert told.volumes == ("dev-x-scratch", "dev-x-data")
    assert [one.where for one in told.missing] == ["/key"]
    assert any("claim" in note for note in told.notes)
    given = plan({"volumeMounts": mounts}, Given(files={"/key": "/home/ann/key"}), volumes=volumes)
    assert (given.missing, "--volume=/home/ann/key:/key:ro" in given.commands[0].words) == ((), True)
    assert local.removal(given, "dev-x") == (
        ("rm", "--force", "dev-x-tool"),
        ("volume", "rm", "--force", "dev-x-scratch", "dev-x-data"),
    )


def test_limits_and_the_security_context_hold_here_too() -> None:
    context = {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    limits = {"resources": {"limits": {"memory": "64Mi", "cpu": "500m"}}, "workingDir": "/w"}
    said = words({**limits, "securityContext": context}, securityContext={"runAsUser": 0, "runAsGroup": 5})
    assert {
        "--memory=67108864",
        "--cpus=0.5",
        "--workdir=/w",
        "--user=0:5",
        "--read-only",
        "--cap-drop=ALL",
    } <= set(said)
    assert "--security-opt=no-new-privileges" in said


def test_init_containers_come_first_and_what_would_run_beside_is_said() -> None:
    job = {
        "initContainers": [{"name": "one", "image": "a"}, {"name": "two", "image": "b"}],
        "containers": [{"name": "tool", "image": "c"}, {"name": "log", "image": "d"}],
    }
    told = local.plan({"spec": {"template": {"spec": job}}}, "dev-x", Given())
    assert [(one.container, one.is_init) for one in told.commands] == [
        ("one", True),
        ("two", True),
        ("tool", False),
    ]
    assert any("container log" in note for note in told.notes)
    assert sum("network policy" in note or "quota" in note or "account" in note for note in told.notes) == 3
