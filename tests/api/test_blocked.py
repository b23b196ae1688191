"""A tool that cannot be applied does not keep the others from it; if possible, that is told before the commit."""

import re
from pathlib import Path

import pytest

from kubectl_rapt.actions import desired, repository
from kubectl_rapt.config import layout
from kubectl_rapt.errors import Refused
from kubectl_rapt.model.kinds import CRON_JOB, SERVICE_ACCOUNT, TOOL, Ref
from tests.api.teams import Team
from tests.killing import Person

ADD = ("add", "nightly", "--image", "busybox:1.35", "--schedule", "0 3 * * *", "--", "true")
JOB = {
    "schedule": "0 5 * * *",
    "jobTemplate": {
        "spec": {
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{"name": "theirs", "image": "busybox:1.35"}],
                }
            }
        }
    },
}


@pytest.fixture
def ann(team: Team, user: Path, tmp_path: Path) -> Person:
    found = Person(tmp_path / "ann", user, repository=team.repository.path, environment="dev")
    return found.follows_hints()


def test_what_belongs_to_somebody_else_is_told_before_anything_is_committed(team: Team, ann: Person) -> None:
    team.create(CRON_JOB, "nightly", {}, spec=JOB)
    for words in ((*ADD[:4], "--dry-run", *ADD[4:]), ADD):
        before = team.repository.main
        ended = ann.types(*words)
        assert ended.exit_code == 6, ended
        assert "foreign-owner" in ended.stderr
        assert (
            f"cronjob/nightly  exists in namespace {team.namespace} and belongs to someone else"
            in ended.stderr
        )
        assert "--name" in ended.stderr
        assert team.repository.main == before
    ended = ann.types("add", "other", *ADD[2:])
    assert ended.exit_code == 0, ended


def test_a_blocked_tool_does_not_keep_others_from_being_added_and_synced(team: Team, ann: Person) -> None:
    team.add("nightly", schedule="0 3 * * *")
    team.create(CRON_JOB, "nightly", {}, spec=JOB)
    ended = ann.types("add", "hello", *ADD[2:])
    assert ended.exit_code == 0, ended
    assert "note: nightly is not applied" in ended.stderr
    assert team.names(TOOL) == ["hello"]
    ended = ann.types("sync")
    assert ended.exit_code == 6, ended
    assert "kubectl rapt remove nightly --in dev" in ended.stderr
    assert (
        f"cronjob/nightly  exists in namespace {team.namespace} and belongs to someone else" in ended.stderr
    )
    assert team.names(SERVICE_ACCOUNT).count("rapt-nightly") == 0
    ended = ann.types("remove", "nightly", "--in", "dev")
    assert ended.exit_code == 0, ended
    assert ann.types("sync").exit_code == 0
    assert team.world.cluster.get(Ref(CRON_JOB, "nightly", team.namespace))["spec"]["schedule"] == "0 5 * * *"


def test_a_blocked_tool_that_was_applied_before_is_left_as_it_is(team: Team) -> None:
    team.add("nightly")
    team.add("hello")
    team.sync()
    team.drop("nightly")
    team.add("nightly", schedule="0 3 * * *", word="new")
    team.change("hello", "new")
    team.create(CRON_JOB, "nightly", {}, spec=JOB)
    with pytest.raises(Refused) as caught:
        team.sync()
    assert caught.value.code == "foreign-owner"
    assert (team.command("hello"), team.command("nightly")) == (["new"], ["true"])


def test_a_rendered_file_that_was_edited_by_hand_is_not_applied_and_the_others_are(
    team: Team, ann: Person
) -> None:
    team.add("hello")
    team.add("edited")
    team.sync()
    path = layout.rendered("dev", "edited")
    text = team.repository.files()[path]
    team.repository.commit({path: text.replace(b"busybox:1.35", b"busybox:1.36")})
    team.change("hello", "new")
    for words in (("sync", "--dry-run"), ("sync",)):
        ended = ann.types(*words)
        assert ended.exit_code == 6, ended
        assert "hand-edited" in ended.stderr
        assert path in ended.stderr
        last = ended.stdout.splitlines()[-1]
        assert re.fullmatch(r"dev (would be )?synced to [0-9a-f]{7} without edited: .*", last), ended
    assert image(team, "edited") == "busybox:1.35"
    assert team.command("hello") == ["new"]
    ended = ann.types("add", "later", *ADD[2:])
    assert ended.exit_code == 0, ended
    assert "note: rendered files were edited by hand" in ended.stderr
    ended = ann.types("sync", "--overwrite")
    assert ended.exit_code == 0, ended
    assert "without" not in ended.stdout, ended
    assert image(team, "edited") == "busybox:1.36"
    assert ann.types("sync").exit_code == 0, "it is applied, and was agreed to"


def test_a_rendered_file_that_holds_what_it_may_not_does_not_block_the_others(
    team: Team, ann: Person
) -> None:
    team.add("wrong")
    team.sync()
    path = layout.rendered("dev", "wrong")
    text = team.repository.files()[path]
    team.repository.commit({path: text.replace(b"kind: ServiceAccount", b"kind: Secret", 1)})
    ended = ann.types("add", "hello", *ADD[2:])
    assert ended.exit_code == 0, ended
    assert team.names(TOOL) == ["hello", "wrong"], "nothing of it is pruned"
    ended = ann.types("sync")
    assert ended.exit_code == 6, ended
    assert "foreign-object" in ended.stderr
    assert path in ended.stderr


def test_a_dry_run_says_of_every_object_what_sync_then_does(team: Team) -> None:
    for tool in ("same", "changed", "gone", "touched"):
        team.add(tool, schedule="0 3 * * *")
    assert team.sync(is_dry=True) == team.sync()
    assert team.sync(is_dry=True) == team.sync()
    team.change("changed", "new")
    team.drop("gone")
    team.add("new")
    touched = Ref(CRON_JOB, "touched", team.namespace)
    team.writers.cluster.patch(touched, {"spec": {"schedule": "0 4 * * *"}})
    account = Ref(SERVICE_ACCOUNT, "rapt-same", team.namespace)
    team.writers.cluster.patch(account, {"metadata": {"labels": {"team": "storage"}}})
    told = team.sync(is_dry=True)
    assert told == team.sync()
    assert {one.split()[-1] for one in told} == {"created", "configured", "unchanged", "pruned"}
    assert "ServiceAccount rapt-same unchanged" in told
    assert "CronJob touched configured" in told


def image(team: Team, tool: str) -> str:
    spec = team.world.cluster.get(Ref(TOOL, tool, team.namespace))["spec"]
    return str(spec["job"]["spec"]["template"]["spec"]["containers"][0]["image"])


def test_a_main_that_was_rewritten_is_told_before_anything_is_committed(team: Team, ann: Person) -> None:
    older = team.add("hello")
    lost = team.add("later")
    assert ann.types("sync").exit_code == 0
    team.repository.move_main(older)
    for words in (ADD, ("set", "hello", "command=false"), ("remove", "hello")):
        for more in ([], ["--dry-run"]):
            ended = ann.types(*words[:2], *more, *words[2:])
            assert ended.exit_code == 6, ended
            assert (
                f"error: main was rewritten: it has no commit {lost[:7]} any more, which dev was"
                in ended.stderr
            )
            assert "  try: kubectl rapt sync --in dev --rollback\n" in ended.stderr
            assert team.repository.main == older
    assert ann.types("sync", "--in", "dev", "--rollback").exit_code == 0
    ended = ann.types(*ADD)
    assert ended.exit_code == 0, ended


def test_who_was_slower_is_not_told_that_main_was_rewritten(team: Team, ann: Person) -> None:
    team.add("hello")
    assert ann.types("sync").exit_code == 0
    seen = repository.read(team.world).head
    team.add("quicker")
    assert ann.types("sync").exit_code == 0
    environment = desired.desired(repository.read(team.world), "dev").environment
    desired.check_history(team.world, environment, seen)
