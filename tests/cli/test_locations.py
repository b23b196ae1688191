"""Where a command acts, as it is remembered: what the config repository says now is what counts."""

import json
import os
from pathlib import Path

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.config import layout
from kubectl_rapt.config.location import Location
from kubectl_rapt.config.project import Environment
from kubectl_rapt.errors import NotFound, Refused
from kubectl_rapt.model.target import Target
from tests.repositories import SOMEONE, ConfigRepository

DEV = Environment("dev", ("team-dev",), "uid-1", is_reviewed=False)
PROD = Environment("prod", ("live",), "uid-2")


@pytest.fixture
def repository(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ConfigRepository:
    found = ConfigRepository(tmp_path, DEV, PROD)
    monkeypatch.setenv("RAPT_REPOSITORY", str(found.path))
    for name, value in {**SOMEONE, "HOME": str(home)}.items():
        monkeypatch.setenv(name, value)
    return found


def where(
    environment: str = "", *, kubeconfig: str = "", context: str = "", namespace: str = ""
) -> Location | None:
    with wiring.open_world(Target(kubeconfig, context, namespace), environment) as (world, _):
        return world.location


def _settings(home: Path, **settings: object) -> None:
    path = home / ".config" / "rapt" / "config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings))


def test_what_was_found_is_forgotten_when_rapt_yaml_changes(repository: ConfigRepository) -> None:
    expected = Location("prod", "uid-2", "", ("live",), ("live",))
    assert [where("prod") for _ in range(3)] == [expected] * 3
    text = repository.files()[layout.PROJECT]
    repository.commit({layout.PROJECT: text.replace(b"live", b"moved")})
    assert where("prod") == Location("prod", "uid-2", "", ("moved",), ("moved",))
    (Path(os.environ["HOME"]) / ".cache" / "rapt" / "locations.json").write_text("{")
    assert where("prod") == Location("prod", "uid-2", "", ("moved",), ("moved",))


def test_an_environment_that_somebody_added_is_found_before_it_is_refused(
    repository: ConfigRepository,
) -> None:
    assert where("dev")
    with pytest.raises(NotFound) as caught:
        where("test")
    assert caught.value.code == "no-environment"
    text = repository.files()[layout.PROJECT].decode()
    added = text.replace("environments:\n", "environments:\n  test:\n    namespaces: [team-test]\n")
    repository.commit({layout.PROJECT: added.encode()})
    found = where("test")
    assert found
    assert found.namespaces == ("team-test",)


def test_without_in_it_is_the_default_environment_unless_a_flag_says_where(
    repository: ConfigRepository, home: Path
) -> None:
    assert where() is None, "kubectl's own"
    _settings(home, environment="dev", contexts={"dev": "mine", "prod": "other"})
    assert where() == Location("dev", "uid-1", "mine", ("team-dev",), ("team-dev",))
    assert where(namespace="anywhere") is None
    assert where(context="another") is None
    assert where(kubeconfig="/a/file") is None
    assert where("prod") == Location("prod", "uid-2", "other", ("live",), ("live",))
    assert where("prod", context="typed", namespace="live") == Location(
        "prod", "uid-2", "typed", ("live",), ("live",)
    )
    for _ in range(2):
        with pytest.raises(Refused):
            where("prod", namespace="team-dev")


def test_without_a_config_repository_nothing_says_where_an_environment_is(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("RAPT_REPOSITORY", raising=False)
    assert where() is None
    with pytest.raises(NotFound) as caught:
        where("prod")
    assert caught.value.code == "no-repository"
