"""Many people who change one repository over HTTP at the same time: every change lands, once."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_rapt.config import changes
from kubectl_rapt.config.project import Environment
from tests.git import remotes
from tests.git.remotes import HttpRemote
from tests.repositories import ConfigRepository

PEOPLE, EACH = 4, 3
ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path: Path) -> ConfigRepository:
    return ConfigRepository(tmp_path, Environment("prod", ("team",), cluster="uid", is_reviewed=True))


@pytest.fixture
def served(repository: ConfigRepository) -> Iterator[HttpRemote]:
    repository.git("config", "http.receivepack", "true")
    with remotes.served(repository.path.parent) as remote:
        yield remote


def test_every_change_of_many_people_at_once_is_merged_once(
    repository: ConfigRepository, served: HttpRemote, tmp_path: Path
) -> None:
    people = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.changing",
                served.url(),
                str(tmp_path / "home"),
                f"p{number}",
                str(EACH),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in range(PEOPLE)
    ]
    made = []
    for one in people:
        out, said = one.communicate(timeout=180)
        assert one.returncode == 0, said.decode()
        made += [json.loads(line)[0] for line in out.splitlines()]
    landed = [change.id for commit in repository.log() if (change := changes.read(commit.message))]
    assert sorted(landed) == sorted(made)
    assert len(set(landed)) == PEOPLE * EACH
    assert list(repository.branches) == ["main"]
    repository.git("fsck", "--strict", "--no-dangling")
