"""Setting up a config repository: where its environments are."""

import pytest

from kubectl_rapt.actions import init
from kubectl_rapt.config import layout, project
from kubectl_rapt.model.plan import CommitFiles
from tests.fakes.world import FakeWorld
from tests.repositories import ConfigRepository


@pytest.mark.parametrize(
    ("namespace", "there", "prod", "note"),
    [
        ("team", (), "team", "dev and prod share namespace team"),
        ("team", ("team-prod",), "team-prod", "prod is in namespace team-prod"),
        ("team-dev", ("team-prod",), "team-prod", "prod is in namespace team-prod"),
        ("dev", ("prod",), "prod", "prod is in namespace prod"),
        ("default", ("prod",), "prod", "prod is in namespace prod"),
        ("team", ("prod",), "team", "dev and prod share namespace team"),
    ],
)
def test_prod_has_a_namespace_of_its_own_where_one_is_there(
    ann: FakeWorld,
    repository: ConfigRepository,
    monkeypatch: pytest.MonkeyPatch,
    namespace: str,
    there: tuple[str, ...],
    prod: str,
    note: str,
) -> None:
    repository.commit({layout.PROJECT: None, "README.md": b"Ours\n"})
    for name in there:
        ann.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    monkeypatch.setattr(ann.cluster, "namespace", lambda: namespace)
    plan = init.plan(ann, str(repository.path))
    (commit,) = (step for step in plan.steps if isinstance(step, CommitFiles))
    content = commit.files[layout.PROJECT]
    assert content is not None
    found = project.read({layout.PROJECT: content})
    assert found.environment("dev").namespaces == (namespace,)
    assert found.environment("prod").namespaces == (prod,)
    assert any(one.startswith(note) for one in plan.notes), plan.notes
