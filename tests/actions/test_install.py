"""Installing while somebody else installs: a newer Rapt's kinds are never replaced by older ones."""

from typing import Any

import pytest

from kubectl_rapt.actions import install
from kubectl_rapt.errors import Conflict, NotFound, Refused
from kubectl_rapt.model.kinds import CUSTOM_RESOURCE_DEFINITION, Manifest, Ref
from kubectl_rapt.model.plan import Apply
from kubectl_rapt.objects import crds, labels


class Server:
    """Custom resource definitions, each of which can be replaced right before the next write."""

    def __init__(self) -> None:
        self.held: dict[str, Manifest] = {}
        self.meanwhile: list[int] = []
        self.version = 0
        self.cluster = self

    def get(self, ref: Ref) -> Manifest:
        if ref.name not in self.held:
            raise NotFound("not-found", str(ref))
        return self.held[ref.name]

    def serves(self, group: str, plural: str) -> bool:
        return False  # an older API server, without admission policies

    def put(self, name: str, schema: int) -> None:
        self.version += 1
        about = {
            "name": name,
            "resourceVersion": str(self.version),
            "annotations": {labels.SCHEMA: str(schema)},
        }
        self.held[name] = {"metadata": about}

    def apply(self, manifest: Manifest, *, manager: str) -> Manifest:
        metadata: Any = manifest["metadata"]
        if self.meanwhile:
            self.put(metadata["name"], self.meanwhile.pop(0))
        found = self.held.get(metadata["name"], {"metadata": {"resourceVersion": ""}})
        if metadata.get("resourceVersion", "") not in ("", found["metadata"]["resourceVersion"]):
            raise Conflict("changed-meanwhile", "it was changed meanwhile")
        self.put(metadata["name"], int(metadata["annotations"][labels.SCHEMA]))
        return self.held[metadata["name"]]

    def pause(self, attempt: int) -> None:
        pass


@pytest.fixture
def step() -> Apply:
    world: Any = Server()
    applied = (one for one in install.plan(world).steps if isinstance(one, Apply))
    return next(one for one in applied if one.manifest["kind"] == CUSTOM_RESOURCE_DEFINITION.name)


def test_an_installation_that_is_late_leaves_the_kinds_of_a_newer_rapt(step: Apply) -> None:
    server: Any = Server()
    name = step.manifest["metadata"]["name"]
    server.put(name, crds.FORMAT)
    server.meanwhile = [crds.FORMAT + 1]
    with pytest.raises(Refused) as caught:
        install.carry_out(server, server, step)
    assert caught.value.code == "newer-installed"
    assert server.held[name]["metadata"]["annotations"][labels.SCHEMA] == str(crds.FORMAT + 1)


def test_an_installation_beside_another_of_the_same_rapt_looks_again_and_is_done(step: Apply) -> None:
    server: Any = Server()
    server.put(step.manifest["metadata"]["name"], crds.FORMAT)
    server.meanwhile = [crds.FORMAT, crds.FORMAT]
    install.carry_out(server, server, step)
    assert server.meanwhile == []
    install.carry_out(server, server, step)
