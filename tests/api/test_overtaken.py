"""A sync that was overtaken by a newer one and is about to write: it loses, whatever it was doing, and if it dies."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_rapt.config import layout
from kubectl_rapt.model.kinds import CRON_JOB, SERVICE_ACCOUNT, TOOL, Ref
from kubectl_rapt.objects import labels
from tests.api.teams import Team
from tests.faults import Faults, Hold, between
from tests.killing import Kill, Person, end

_LIMIT_SECONDS = 60.0
APPLY = "PATCH .*/tools/hello.*fieldManager=rapt-sync"
"""The write of what the commit says; another patch before it may say who manages the fields."""


@pytest.fixture
def faults(tmp_path: Path, user: Path, kubectl_on_path: None) -> Iterator[Faults]:
    """A server in front of the real one, for the sync that is slow."""
    with between(tmp_path, user) as server:
        yield server


@pytest.fixture
def slow(team: Team, faults: Faults, tmp_path: Path) -> Person:
    """Somebody who syncs through the slow server."""
    return Person(tmp_path / "slow", faults.kubeconfig, repository=team.repository.path, environment="dev")


@pytest.mark.parametrize("is_reverted", [False, True], ids=["changed-again", "reverted"])
def test_a_change_that_arrives_after_a_newer_sync_has_ended_is_refused(
    team: Team, faults: Faults, slow: Person, is_reverted: bool
) -> None:
    """Reverted: the newer commit wants what the cluster had all along, so that it has nothing to change."""
    first = team.add("hello", word="first")
    team.sync()
    team.change("hello", "second")
    held = Hold()
    faults.on(APPLY, held)
    overtaken = slow.starts("sync")
    assert held.arrived.wait(_LIMIT_SECONDS)
    newest = "first" if is_reverted else "third"
    team.change("hello", newest)
    team.sync()
    assert team.record == {"commit": team.repository.main, "state": "applied"}
    overtaken.send_signal(signal.SIGKILL)
    end(overtaken)
    held.let_go()  # its request was on its way all the same
    assert team.command("hello") == [newest]
    assert team.record["commit"] != first


def test_an_overtaken_sync_that_lives_on_ends_with_the_newest_commit(
    team: Team, faults: Faults, slow: Person
) -> None:
    team.add("hello", word="first")
    team.sync()
    team.change("hello", "second")
    held = Hold()
    faults.on(APPLY, held)
    overtaken = slow.starts("sync")
    assert held.arrived.wait(_LIMIT_SECONDS)
    team.change("hello", "first")
    team.sync()
    held.let_go()
    ended = end(overtaken)
    assert ended.exit_code == 0, ended
    summary = ended.stdout.splitlines()[-1]
    assert counted(summary) == len(team.sync()), "each object counts once, however often it was looked at"
    assert team.command("hello") == ["first"]
    assert team.record == {"commit": team.repository.main, "state": "applied"}


def counted(summary: str) -> int:
    """How many objects the last line of a sync counts."""
    return sum(map(int, re.findall(r"(\d+) [a-z]+", summary.partition(": ")[2])))


def test_an_object_that_a_newer_sync_has_created_is_not_created_over_it(
    team: Team, faults: Faults, slow: Person
) -> None:
    team.add("hello", word="first")
    held = Hold()
    faults.on("(POST|PATCH) .*/tools", held)
    overtaken = slow.starts("sync")
    assert held.arrived.wait(_LIMIT_SECONDS)
    team.change("hello", "second")
    team.sync()
    overtaken.send_signal(signal.SIGKILL)
    end(overtaken)
    held.let_go()  # its request was on its way all the same
    assert team.command("hello") == ["second"]


def test_an_object_that_a_newer_sync_wants_again_is_not_pruned(
    team: Team, faults: Faults, slow: Person
) -> None:
    team.add("hello")
    team.sync()
    files = {path: text for path, text in team.repository.files().items() if path != layout.PROJECT}
    team.drop("hello")
    held = Hold()
    faults.on("DELETE .*/tools/hello", held)
    overtaken = slow.starts("sync")
    assert held.arrived.wait(_LIMIT_SECONDS)
    team.repository.commit(files)
    team.sync()
    overtaken.send_signal(signal.SIGKILL)
    end(overtaken)
    held.let_go()  # its request was on its way all the same
    assert team.names(TOOL) == ["hello"]


def test_what_an_overtaking_sync_left_unfinished_is_finished_against_the_overtaken_one_too(
    team: Team, faults: Faults, slow: Person, user: Path, tmp_path: Path
) -> None:
    """The second sync is killed after its claim: who finishes it has the same commit, and a slow sync against it."""
    team.add("hello", word="first")
    team.sync()
    team.change("hello", "second")
    held = Hold()
    faults.on(APPLY, held)
    overtaken = slow.starts("sync")
    assert held.arrived.wait(_LIMIT_SECONDS)
    team.change("hello", "first")
    quick = Person(tmp_path / "quick", user, repository=team.repository.path, environment="dev")
    assert quick.is_killed(Kill("after", 1), "sync").was_killed
    team.sync()
    overtaken.send_signal(signal.SIGKILL)
    end(overtaken)
    held.let_go()  # its request was on its way all the same
    assert team.command("hello") == ["first"]


def test_what_is_as_it_should_be_costs_no_request(team: Team, faults: Faults, slow: Person) -> None:
    for number in range(3):
        team.add(f"tool-{number}", schedule="0 3 * * *")
    team.sync()
    team.add("later")
    ended = slow.types("sync")
    assert ended.exit_code == 0, ended
    written = [
        f"{one.method} {one.target.partition('?')[0].rpartition('/')[2]}"
        for one in faults.asked("^(POST|PATCH|DELETE)")
    ]
    written = [one for one in written if "review" not in one]
    assert written == ["PATCH rapt-sync-dev", "POST serviceaccounts", "POST tools", "PATCH rapt-sync-dev"]


def test_what_somebody_changed_by_hand_is_written_again(team: Team) -> None:
    team.add("hello", schedule="0 3 * * *")
    team.sync()
    cron_job = Ref(CRON_JOB, "hello", team.namespace)
    team.writers.cluster.patch(cron_job, {"spec": {"schedule": "0 4 * * *"}})
    account = Ref(SERVICE_ACCOUNT, "rapt-hello", team.namespace)
    team.writers.cluster.patch(account, {"metadata": {"labels": {labels.TEMPLATE: None}}})
    assert team.sync() == [
        "ServiceAccount rapt-hello configured",
        "Tool hello unchanged",
        "CronJob hello configured",
    ]
    assert team.world.cluster.get(cron_job)["spec"]["schedule"] == "0 3 * * *"


def test_a_field_that_the_repository_drops_goes_from_an_object_that_sync_created(team: Team) -> None:
    team.add("hello", schedule="0 3 * * *")
    path = layout.rendered("dev", "hello")
    text = team.repository.files()[path]
    line = b'schedule: "0 3 * * *"\n'
    zone = text.replace(line, line + b"  timeZone: Europe/Prague\n")
    assert zone != text
    team.repository.commit({path: zone})
    team.sync(overwrite=True)
    cron_job = Ref(CRON_JOB, "hello", team.namespace)
    assert team.world.cluster.get(cron_job)["spec"]["timeZone"] == "Europe/Prague"
    team.repository.commit({path: text})
    assert "CronJob hello configured" in team.sync()
    assert "timeZone" not in team.world.cluster.get(cron_job)["spec"]
    assert team.sync()[-1] == "CronJob hello unchanged"
