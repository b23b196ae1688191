"""What differs between two renderings of a tool: by field, whatever they are renderings of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.actions import add, claims, desired, diff, set_, share
from kubectl_rapt.actions import repository as repositories
from kubectl_rapt.actions.diff import Compared
from kubectl_rapt.config import layout
from kubectl_rapt.errors import Invalid, NotFound, Refused
from kubectl_rapt.model.kinds import NAMESPACE, Ref
from kubectl_rapt.model.versions import VersionRange
from tests.actions.test_verbs import made
from tests.fakes.world import FakeWorld
from tests.registries import RegistryRepository, template
from tests.repositories import ConfigRepository


@pytest.fixture
def team(tmp_path: Path, repository: ConfigRepository, ann: FakeWorld) -> RegistryRepository:
    """A registry with say 1.0.0, which is installed in dev; the cluster is dev's."""
    team = RegistryRepository(tmp_path / "registries", "team")
    team.release("say", "1.0.0")
    ann.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}})
    text = repository.files()[layout.PROJECT].decode().replace("cluster: uid", f"cluster: {cluster_of(ann)}")
    text += f"registries:\n  team:\n    url: {team.path}\n"
    repository.commit({layout.PROJECT: text.encode()})
    made(ann, add.draft(ann, add.Request("team/say", "say", "dev", answers={"word": "hello"}, values={})))
    return team


def cluster_of(world: FakeWorld) -> str:
    return str(world.cluster.get(Ref(NAMESPACE, "kube-system"))["metadata"]["uid"])


def synced(world: FakeWorld, commit: str) -> None:
    metadata = {"name": "rapt-sync-dev", "namespace": "team"}
    data = {"commit": commit, "state": "applied"}
    world.cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


@pytest.mark.parametrize("data", [{}, {"data": {}}, {"data": None}, {"data": {"sequence": "²"}}])
def test_a_record_that_somebody_has_emptied_says_that_nothing_was_applied(
    ann: FakeWorld, team: RegistryRepository, data: dict[str, Any]
) -> None:
    metadata = {"name": "rapt-sync-dev", "namespace": "team"}
    ann.cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **data})
    assert shown(diff.pending(ann, "dev", "say")) == ["+serviceaccount/rapt-say", "+tool/say"]
    want = desired.desired(repositories.read(ann), "dev")
    assert claims.of(want, desired.look(ann, want)).stamp.sequence == 1


@pytest.mark.parametrize("commit", ["--help", "main", "0" * 39, "\x1b[2J", "../x"])
def test_a_record_of_what_is_no_commit_is_refused(
    ann: FakeWorld, team: RegistryRepository, commit: str
) -> None:
    synced(ann, commit)
    with pytest.raises(Invalid, match="is not a commit id"):
        diff.pending(ann, "dev", "say")


def shown(found: Compared) -> list[str]:
    lines = []
    for one in found.objects:
        sign = "+" if one.is_new else "-" if one.is_gone else ""
        lines += [f"{sign}{one.ref}"] if sign else []
        lines += [f"{one.ref} {each.label}: {each.before} → {each.after}" for each in one.changes if not sign]
    return lines


COMMAND = "tool/say spec.job.spec.template.spec.containers[tool].command[1]: {} → {}"


def test_what_the_next_sync_brings_is_what_main_has_since_the_applied_commit(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository
) -> None:
    never = diff.pending(ann, "dev", "say")
    assert shown(never) == ["+serviceaccount/rapt-say", "+tool/say"]
    synced(ann, repository.main)
    assert shown(diff.pending(ann, "dev", "say")) == []
    made(ann, set_.draft(ann, set_.Request("say", "dev", {"word": "bye"})))
    found = diff.pending(ann, "dev", "say")
    assert shown(found) == [COMMAND.format("hello", "bye")]
    assert repository.main[:7] in found.after
    commented = repository.files()[layout.definition("dev", "say")] + b"# a comment\n"
    repository.commit({layout.definition("dev", "say"): commented})
    assert shown(diff.pending(ann, "dev", "say")) == shown(found)
    path = layout.rendered("dev", "say")
    repository.commit({path: None, layout.definition("dev", "say"): None})
    assert shown(diff.pending(ann, "dev", "say")) == ["-serviceaccount/rapt-say", "-tool/say"]


def test_what_an_upgrade_would_change(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository
) -> None:
    files = template("say", "1.1.0")
    files["job.yaml.j2"] = files["job.yaml.j2"].replace(b"busybox:1.35", b"busybox:1.36")
    team.release("say", "1.1.0", files)
    main = repository.main
    found = diff.upgraded(ann, "dev", "say", VersionRange.parse("^1.1"))
    assert (found.before, found.after) == ("say 1.0.0", "say 1.1.0")
    image = "spec.job.spec.template.spec.containers[tool].image"
    assert f"tool/say {image}: busybox:1.35 → busybox:1.36" in shown(found)
    assert not [line for line in shown(found) if "definition" in line]
    assert shown(diff.upgraded(ann, "dev", "say", VersionRange.parse("1.0.0"))) == []
    assert repository.main == main


def test_another_environment_is_compared_without_its_name_and_namespaces(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository
) -> None:
    text = repository.files()[layout.PROJECT].decode()
    head, _, prod = text.partition("  prod:\n")
    prod = prod.replace("- team", "- other").replace("review: required", "review: none")
    repository.commit({layout.PROJECT: f"{head}  prod:\n{prod}".encode()})
    made(ann, share.draft("say", "dev", environments=["prod"]))
    assert shown(diff.across(ann, "dev", "say", "prod")) == []
    made(ann, set_.draft(ann, set_.Request("say", "prod", {"word": "bye"})))
    assert shown(diff.across(ann, "dev", "say", "prod")) == [COMMAND.format("hello", "bye")]
    assert shown(diff.across(ann, "prod", "say", "dev")) == [COMMAND.format("bye", "hello")]


def test_what_a_waiting_change_does(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository
) -> None:
    composition = made(ann, share.draft("say", "dev", environments=["prod"]))
    identifier = composition.change.id
    found = diff.of_change(ann, "prod", "say", identifier)
    assert shown(found) == ["+serviceaccount/rapt-say", "+tool/say"]
    with pytest.raises(NotFound) as caught:
        diff.of_change(ann, "dev", "say", identifier)
    assert caught.value.message == (f"change {identifier} does not touch say in dev; it touches say in prod")


def test_what_is_not_there_is_named(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository
) -> None:
    wishes: dict[str, Callable[[], object]] = {
        'no tool "sy" in environment dev': lambda: diff.pending(ann, "dev", "sy"),
        'no environment "nowhere" in rapt.yaml: it has dev, prod': lambda: diff.pending(
            ann, "nowhere", "say"
        ),
        'no tool "say" in environment prod': lambda: diff.across(ann, "dev", "say", "prod"),
        'no open change "abcdef"': lambda: diff.of_change(ann, "dev", "say", "abcdef"),
    }
    for message, wish in wishes.items():
        with pytest.raises(NotFound) as caught:
            wish()
        assert caught.value.message == message


def test_another_cluster_is_refused(
    ann: FakeWorld, repository: ConfigRepository, team: RegistryRepository
) -> None:
    text = repository.files()[layout.PROJECT]
    repository.commit({layout.PROJECT: text.replace(cluster_of(ann).encode(), b"elsewhere")})
    with pytest.raises(Refused) as caught:
        diff.pending(ann, "dev", "say")
    assert caught.value.code == "other-cluster"
