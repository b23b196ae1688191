"""``add``, ``sync``, ``changes merge`` and ``init`` killed at any write, cut off, or typed by several at once."""

import json
import random
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubectl_rapt import documents, wiring, writes
from kubectl_rapt.actions import add, compose
from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.config import layout
from kubectl_rapt.config.project import Environment
from kubectl_rapt.config.settings import Settings
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects import labels
from tests import faults, namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.fakes.world import FakeWorld, FakeWriters
from tests.faults import DropReply
from tests.git.remotes import served
from tests.killing import Ended, Kill, Person, each, end, kills, let_pass
from tests.registries import RegistryRepository
from tests.repositories import ConfigRepository

KINDS = "tools.rapt.dev,cronjobs,serviceaccounts,networkpolicies,configmaps"


@dataclass(frozen=True)
class Scene:
    """One person with a config repository of their own, in a namespace that all scenes share.

    Args:
        name: The name of the scene and of its environment.
        person: The person.
        repository: Their repository.
        kubeconfig: To look at the cluster with.
    """

    name: str
    person: Person
    repository: ConfigRepository
    kubeconfig: Path

    @property
    def tool(self) -> str:
        return f"tool-{self.name}"

    @property
    def add(self) -> tuple[str, ...]:
        return ("add", self.tool, "--in", self.name, "--image", "busybox:1.35", "--", "true")

    @property
    def new_tool(self) -> str:
        return f"new-{self.name}"

    def rename(self) -> str:
        """Someone commits that the tool has another name; which one."""
        self.repository.rename(self.tool, self.new_tool, self.name)
        return self.new_tool

    def translated(self, content: bytes, other: "Scene") -> bytes:
        """A file of another scene as one of this scene."""
        text = content.decode().replace(other.repository.id, self.repository.id)
        return (
            text.replace(f"environment: {other.name}\n", f"environment: {self.name}\n")
            .replace(other.tool, self.tool)
            .encode()
        )

    def record(self, commit: str) -> Manifest:
        """What a sync of that commit leaves besides the tools."""
        marks = {labels.REPOSITORY: self.repository.id, labels.ENVIRONMENT: self.name}
        metadata = {"name": f"rapt-sync-{self.name}", "labels": marks}
        data = {"commit": commit, "state": "applied"}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}

    def objects(self) -> list[str]:
        """What the cluster has of this repository, as ``Kind name``; the record says its commit and state too."""
        command = [str(kubectl.program()), f"--kubeconfig={self.kubeconfig}", "get", KINDS, "-o", "json"]
        selected = [*command, f"--selector=rapt.dev/repository={self.repository.id}"]
        found = []
        for item in json.loads(subprocess.check_output(selected, timeout=60))["items"]:
            data = item.get("data", {})
            words = [item["kind"], item["metadata"]["name"], data.get("commit", ""), data.get("state", "")]
            found.append(" ".join(word for word in words if word))
        return sorted(found)

    def is_synced(self, *tools: str) -> None:
        """The cluster has these tools, all of them and nothing else, at the newest commit."""
        assert self.objects() == sorted(
            [
                f"ConfigMap rapt-sync-{self.name} {self.repository.main} applied",
                *(f"ServiceAccount rapt-{tool}" for tool in tools),
                *(f"Tool {tool}" for tool in tools),
            ]
        )

    def is_added_once(self, ended: Ended) -> None:
        """The tool was committed once, and synced."""
        assert ended.exit_code == 0, ended
        assert [len(self.repository.log()), *self.repository.branches] == [2, "main"]
        self.is_synced(self.tool)


class Scenes:
    """Makes scenes.

    Args:
        folder: Where homes and repositories are made.
        kubeconfig: Of the person in each.
        namespace: Where their tools live.
        cluster: The UID of the cluster.
    """

    def __init__(self, folder: Path, kubeconfig: Path, namespace: str, cluster: str) -> None:
        self._folder, self._kubeconfig = folder, kubeconfig
        self._namespace, self._cluster = namespace, cluster

    def make(self, name: object, *, is_reviewed: bool = False, kubeconfig: Path | None = None) -> Scene:
        environment = Environment(str(name), (self._namespace,), self._cluster, is_reviewed=is_reviewed)
        repository = ConfigRepository(self._folder / str(name), environment)
        person = Person(
            self._folder / str(name) / "home",
            kubeconfig or self._kubeconfig,
            repository=repository.path,
            environment=str(name),
        )
        return Scene(str(name), person, repository, self._kubeconfig)


@pytest.fixture
def scenes(cluster: Cluster, namespace: str, user: Path, tmp_path: Path) -> Scenes:
    command = [
        str(kubectl.program()),
        f"--kubeconfig={cluster.kubeconfig}",
        "get",
        "namespace",
        "kube-system",
    ]
    uid = subprocess.check_output([*command, "-o", "jsonpath={.metadata.uid}"], text=True, timeout=60)
    return Scenes(tmp_path, user, namespace, uid)


def test_an_add_that_is_killed_before_or_after_any_write_is_finished_by_the_same_command(
    scenes: Scenes,
) -> None:
    undisturbed = scenes.make("undisturbed")
    ended, written = undisturbed.person.writes(*undisturbed.add)
    undisturbed.is_added_once(ended)
    assert len(written) == 5, "\n".join(written)

    def scenario(kill: Kill) -> None:
        scene = scenes.make(kill)
        killed = scene.person.is_killed(kill, *scene.add)
        assert killed.was_killed, killed
        scene.is_added_once(scene.person.types(*scene.add))

    each(scenario, kills(written))


def test_an_add_that_is_killed_at_any_moment_is_finished_by_the_same_command(scenes: Scenes) -> None:
    chance = random.Random(7)

    def scenario(name: str) -> None:
        scene = scenes.make(name)
        process = scene.person.starts(*scene.add)
        time.sleep(chance.uniform(0.1, 2.0))
        process.kill()
        end(process)
        scene.is_added_once(scene.person.types(*scene.add))
        scene.person.leaves_nothing()

    each(scenario, [f"moment-{number}" for number in range(6)])


def test_an_upgrade_that_is_killed_at_twenty_points_is_finished_by_the_same_command(
    scenes: Scenes, tmp_path: Path
) -> None:
    team = RegistryRepository(tmp_path, "team")
    team.release("say", "1.0.0")

    def installed(name: object) -> Scene:
        scene = scenes.make(name)
        text = (
            scene.repository.files()[layout.PROJECT]
            + f"registries: {{team: {{url: {team.path}}}}}\n".encode()
        )
        scene.repository.commit({layout.PROJECT: text})
        settings = Settings(repository=str(scene.repository.path))
        world = FakeWorld(scene.person.home.name, scene.person.home, settings, renderer)
        wish = add.Request("team/say", scene.tool, scene.name, answers={}, values={})
        for step in compose.plan(world, add.draft(world, wish)).plan.steps:
            writes.apply(FakeWriters(world), step)
        return scene

    with Sandbox() as renderer:
        first, *others = [installed(f"to-upgrade-{number}") for number in range(21)]
    team.release("say", "1.1.0")

    def is_upgraded_once(scene: Scene, ended: Ended) -> None:
        assert ended.exit_code == 0, ended
        assert [len(scene.repository.log()), *scene.repository.branches] == [4, "main"]
        definition = scene.repository.files()[layout.definition(scene.name, scene.tool)]
        assert b'version: "1.1.0"' in definition or b"version: 1.1.0" in definition
        scene.is_synced(scene.tool)

    ended, written = first.person.writes("upgrade", first.tool, "--in", first.name)
    is_upgraded_once(first, ended)
    chance = random.Random(11)
    points: list[Kill | float] = [*kills(written)]
    points += [chance.uniform(0.1, 2.5) for _ in range(20 - len(points))]

    def scenario(one: tuple[Scene, Kill | float]) -> None:
        scene, point = one
        upgrade = ("upgrade", scene.tool, "--in", scene.name)
        if isinstance(point, Kill):
            killed = scene.person.is_killed(point, *upgrade)
            assert killed.was_killed, killed
        else:
            process = scene.person.starts(*upgrade)
            time.sleep(point)
            process.kill()
            end(process)
        assert len(scene.repository.log()) in (3, 4)
        is_upgraded_once(scene, scene.person.types(*upgrade))

    each(scenario, list(zip(others, points, strict=True)))


def test_a_sync_that_is_killed_before_or_after_any_write_is_finished_by_the_same_command(
    scenes: Scenes, user: Path
) -> None:
    first = scenes.make("first")
    first.is_added_once(first.person.types(*first.add))
    new = first.rename()
    ended, written = first.person.writes("sync")
    assert ended.exit_code == 0, ended
    first.is_synced(new)
    assert len(written) == 6, "\n".join(written)

    # The same again for each kill, without typing as much: what was applied of the old name, and the new one on main.
    those = {str(kill): scenes.make(kill) for kill in kills(written)}
    old = first.repository.log()[1].id
    applied = []
    for scene in those.values():
        files = {
            path.replace(first.name, scene.name): scene.translated(content, first)
            for path, content in first.repository.files(old).items()
            if path != layout.PROJECT
        }
        commit = scene.repository.commit(files)
        applied += documents.load_all(files[layout.rendered(scene.name, scene.tool)], "rendered")
        applied.append(scene.record(commit))
        scene.rename()
    namespaces.apply(user, *applied)

    def scenario(kill: Kill) -> None:
        scene = those[str(kill)]
        killed = scene.person.is_killed(kill, "sync")
        assert killed.was_killed, killed
        ended = scene.person.types("sync")
        assert ended.exit_code == 0, ended
        scene.is_synced(scene.new_tool)

    each(scenario, kills(written))


def test_a_reviewed_change_that_is_killed_on_its_way_is_made_and_merged_once(scenes: Scenes) -> None:
    def scenario(kill: Kill) -> None:
        scene = scenes.make(kill, is_reviewed=True)
        killed = scene.person.is_killed(kill, *scene.add)
        assert killed.was_killed, killed
        ended = scene.person.types(*scene.add)
        assert ended.exit_code == 0, ended
        main, branch = sorted(scene.repository.branches)
        assert main == "main"
        assert len(scene.repository.log(branch)) == 2
        merge = ("changes", "merge", branch.rpartition("/")[2])
        killed = scene.person.is_killed(kill, *merge)
        assert killed.was_killed, killed
        ended = scene.person.types(*merge)
        assert ended.exit_code == 0, ended
        assert [len(scene.repository.log()), *scene.repository.branches] == [2, "main"]

    each(scenario, kills(["the commit"]))


def test_an_init_that_is_killed_before_or_after_any_write_is_finished_by_the_same_command(
    user: Path, tmp_path: Path
) -> None:
    undisturbed, written = Person(tmp_path / "undisturbed", user).writes("init", "--local")
    assert undisturbed.exit_code == 0, undisturbed
    assert len(written) == 3, "\n".join(written)

    def scenario(kill: Kill) -> None:
        person = Person(tmp_path / str(kill), user)
        killed = person.is_killed(kill, "init", "--local")
        assert killed.was_killed, killed
        ended = person.types("init", "--local")
        assert ended.exit_code == 0, ended
        (repository,) = person.home.rglob("config.git")
        count = ["git", "-C", str(repository), "rev-list", "--count", "--all"]
        assert subprocess.check_output(count, timeout=60) == b"1\n"
        (settings,) = person.home.rglob(wiring.SETTINGS[0])
        assert json.loads(settings.read_text())["repository"] == str(repository)

    each(scenario, kills(written))


def test_an_add_whose_push_is_not_answered_finds_that_it_landed(scenes: Scenes) -> None:
    scene = scenes.make("lost-push")
    scene.repository.git("config", "http.receivepack", "true")
    with served(scene.repository.path.parent) as http:
        http.loses_reply_to = "/git-receive-pack"
        scene.person.environ["RAPT_REPOSITORY"] = http.url()
        scene.is_added_once(scene.person.types(*scene.add))


def test_a_sync_whose_answers_are_lost_looks_and_goes_on(scenes: Scenes, user: Path, tmp_path: Path) -> None:
    def scenario(number: int) -> None:
        with faults.between(tmp_path, user) as between:
            scene = scenes.make(f"lost-{number}", kubeconfig=between.kubeconfig)
            before = [faults.PASS] * number
            between.on(r"(POST|PATCH) .*(/configmaps|fieldManager=rapt-sync)", *before, DropReply())
            scene.is_added_once(scene.person.types(*scene.add))

    each(scenario, range(4))


def test_four_people_who_add_different_tools_at_once_all_land_and_are_synced(
    scenes: Scenes, user: Path, tmp_path: Path
) -> None:
    scene = scenes.make("together")
    tools = [f"of-{name}" for name in ("ann", "bob", "eve", "sam")]
    people = [
        Person(tmp_path / tool, user, repository=scene.repository.path, environment=scene.name)
        for tool in tools
    ]
    gate = tmp_path / "gate"
    gate.mkdir()
    begun = [
        person.hesitates(gate, "add", tool, "--image", "busybox:1.35", "--", "true")
        for person, tool in zip(people, tools, strict=True)
    ]
    let_pass(gate, len(begun))
    for ended in map(end, begun):
        assert ended.exit_code == 0, ended
    assert len(scene.repository.log()) == 5
    scene.is_synced(*tools)
