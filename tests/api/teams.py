"""A team with a config repository and an environment, for tests on a real API server."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubectl_rapt import writes
from kubectl_rapt.actions import add, compose, set_
from kubectl_rapt.actions import sync as syncing
from kubectl_rapt.actions.sync import Synced
from kubectl_rapt.config import layout
from kubectl_rapt.config.installation import Schedule
from kubectl_rapt.model.kinds import CONFIG_MAP, TOOL, Kind, Manifest, Ref
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers
from tests.cluster import kubectl
from tests.repositories import ConfigRepository


@dataclass
class Team:
    """A repository with environment dev, and someone who syncs it."""

    repository: ConfigRepository
    namespace: str
    world: World
    writers: Writers

    def add(self, tool: str, *, word: str = "true", schedule: str = "", replace: bool = False) -> str:
        """Commit a tool, in the place of the one with that name where ``replace`` says so; the commit's id."""
        values = {"image": "busybox:1.35", "command": [word]}
        schedules = [Schedule(schedule)] if schedule else []
        asked = add.Request(
            "command", tool, "dev", answers={}, values=values, schedules=schedules, replace=replace
        )
        (step,) = compose.plan(self.world, add.draft(self.world, asked)).plan.steps
        return str(writes.apply(self.writers, step))

    def change(self, tool: str, word: str) -> str:
        """Commit that a tool says another word; the commit's id."""
        asked = set_.Request(tool, "dev", {"command": word})
        (step,) = compose.plan(self.world, set_.draft(self.world, asked)).plan.steps
        return str(writes.apply(self.writers, step))

    def add_template(
        self,
        template: str,
        *,
        answers: Mapping[str, str] | None = None,
        values: Mapping[str, object] | None = None,
        schedule: str = "",
    ) -> None:
        """Commit a tool of any template, named like it."""
        schedules = [Schedule(schedule)] if schedule else []
        asked = add.Request(template, template, "dev", answers or {}, values or {}, schedules)
        (step,) = compose.plan(self.world, add.draft(self.world, asked)).plan.steps
        writes.apply(self.writers, step)

    def drop(self, tool: str) -> str:
        """Commit that a tool is no more."""
        return self.repository.commit(
            {layout.definition("dev", tool): None, layout.rendered("dev", tool): None}
        )

    def sync(
        self,
        *,
        rollback: bool = False,
        overwrite: bool = False,
        is_dry: bool = False,
        tell: Callable[[Synced], None] = lambda one: None,
    ) -> list[str]:
        """Sync; what was done, such as ``Tool hello created``. Raises why a tool was not applied."""
        done: list[str] = []

        def note(one: Synced) -> None:
            done.append(f"{one.ref.kind.name} {one.ref.name} {one.what}")
            tell(one)

        writers = None if is_dry else self.writers
        outcome = syncing.sync(self.world, writers, "dev", note, rollback=rollback, overwrite=overwrite)
        for one in outcome.blocked:
            raise one.error
        return done

    def names(self, kind: Kind) -> list[str]:
        return sorted(one["metadata"]["name"] for one in self.world.cluster.list(kind, self.namespace))

    def command(self, tool: str) -> list[str]:
        """The command of a tool as the cluster has it."""
        spec = self.world.cluster.get(Ref(TOOL, tool, self.namespace))["spec"]
        command: list[str] = spec["job"]["spec"]["template"]["spec"]["containers"][0]["command"]
        return command

    @property
    def record(self) -> dict[str, str]:
        """What the cluster says of the last sync: its commit, and how far it is."""
        data = self.world.cluster.get(Ref(CONFIG_MAP, "rapt-sync-dev", self.namespace))["data"]
        return {key: data[key] for key in ("commit", "state")}

    def create(self, kind: Kind, name: str, marks: dict[str, str], **content: Any) -> Manifest:
        """Create an object as someone else."""
        metadata = {"name": name, "namespace": self.namespace, "labels": marks}
        return self.writers.cluster.create(
            {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata, **content}
        )


def kubectl_does(kubeconfig: Path, *words: str, stdin: str = "") -> str:
    """Run kubectl as somebody else would; its output."""
    command = [str(kubectl.program()), f"--kubeconfig={kubeconfig}", *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240, input=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout
