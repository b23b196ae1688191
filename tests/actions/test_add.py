"""Adding to a config repository that others write, lock or take away at the same time."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from kubectl_rapt import writes
from kubectl_rapt.actions import add, compose
from kubectl_rapt.actions.composition import Composition
from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.config import changes, layout, project
from kubectl_rapt.config.installation import Schedule
from kubectl_rapt.errors import Conflict, NotFound, RaptError, Refused, Unavailable
from kubectl_rapt.model.plan import Plan
from tests.fakes.world import FakeWorld, FakeWriters
from tests.repositories import ConfigRepository


def asked(tool: str = "hello", environment: str = "dev", word: str = "true") -> add.Request:
    values = {"image": "busybox:1.35", "command": [word]}
    return add.Request("command", tool, environment, answers={}, values=values)


def planned(world: FakeWorld, request: add.Request) -> Composition:
    return compose.plan(world, add.draft(world, request))


def carry_out(
    world: FakeWorld,
    request: add.Request,
    *,
    writers: FakeWriters | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> Composition:
    """Plan, let something happen, and settle what was agreed to."""
    addition = planned(world, request)
    meanwhile()
    writers = writers or FakeWriters(world)
    if addition.plan.steps:
        writes.settle(
            writers, world.settings.repository, lambda _: planned(world, request).plan, addition.plan
        )
    return addition


def test_what_needs_no_review_is_one_commit_on_main_that_names_its_change(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    addition = carry_out(ann, asked())
    assert list(repository.branches) == ["main"]
    assert changes.read(repository.log()[0].message) == addition.change
    assert repository.log()[0].author == "ann <ann@example.com>"
    assert sorted(repository.files()) == [layout.PROJECT, "rendered/dev/hello.yaml", "tools/dev/hello.yaml"]


def test_what_needs_review_is_one_commit_on_a_branch_of_its_own(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    before = repository.main
    addition = carry_out(ann, asked(environment="prod"))
    assert repository.branches.keys() == {"main", addition.change.branch}
    assert repository.main == before
    assert [changes.read(one.message) for one in repository.log(addition.change.branch)] == [
        addition.change,
        None,
    ]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_same_change_again_makes_no_second_commit_and_no_second_branch(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository, environment: str
) -> None:
    first = carry_out(ann, asked(environment=environment))
    branches = repository.branches
    second = planned(bob, asked(environment=environment))
    assert (second.plan.steps, second.is_waiting) == ((), environment == "prod")
    assert repository.branches == branches
    assert environment == "dev" or second.change.id == first.change.id


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_two_who_make_the_same_change_at_once_make_it_once(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository, environment: str
) -> None:
    request = asked(environment=environment)
    addition = carry_out(ann, request, meanwhile=lambda: carry_out(bob, request))
    branch = "main" if environment == "dev" else addition.change.branch
    assert [one.author for one in repository.log(branch)][:-1] == ["bob <bob@example.com>"]
    assert len(repository.branches) == (1 if environment == "dev" else 2)


def test_another_tool_of_an_existing_name_is_refused_and_what_exists_is_shown(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    existing = replace(asked("hc2"), schedules=(Schedule("0 3 * * *", "Europe/Prague"),))
    carry_out(ann, existing)
    before = repository.main
    other = add.Request("http-check", "hc2", "dev", answers={"url": "http://example.com/?a=1&b=2"}, values={})
    with pytest.raises(Refused) as caught:
        planned(ann, other)
    assert (caught.value.code, caught.value.exit_code) == ("tool-exists", 6)
    assert 'tool "hc2" already exists in dev' in caught.value.message
    shown = {problem.where: problem.what for problem in caught.value.problems}
    assert shown["template"].startswith("command ")
    assert shown["answers"] == "image=busybox:1.35, command=true"
    assert shown["schedules"] == "0 3 * * * Europe/Prague"
    assert "--replace" in shown
    assert caught.value.hint == (
        "kubectl rapt add http-check --name hc2 --in dev --set 'url=http://example.com/?a=1&b=2' --replace --dry-run"
    )
    assert repository.main == before


def test_other_answers_for_an_existing_tool_are_what_set_is_for(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    carry_out(ann, asked("hello"))
    with pytest.raises(Refused) as caught:
        planned(ann, replace(asked("hello", word="other"), schedules=(Schedule("0 3 * * *"),)))
    assert caught.value.code == "tool-exists"
    assert caught.value.hint == "kubectl rapt set hello --in dev command=other --schedule '0 3 * * *'"


def test_a_tool_that_exists_in_another_environment_is_not_in_the_way(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    carry_out(ann, asked("hello"))
    assert carry_out(ann, asked("hello", environment="prod", word="other")).is_reviewed


def test_adding_the_same_tool_again_changes_nothing_however_its_file_is_written(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    carry_out(ann, asked("hello"))
    path = layout.definition("dev", "hello")
    text = repository.files()[path]
    repository.commit({path: b"# Says hello.\n" + text})
    rendered = repository.files()[layout.rendered("dev", "hello")]
    again = planned(ann, asked("hello"))
    assert path not in again.after, "the comment stays"
    assert set(again.after) <= {layout.rendered("dev", "hello")}
    assert rendered


def test_replacing_a_tool_shows_what_is_lost(ann: FakeWorld, repository: ConfigRepository) -> None:
    carry_out(ann, replace(asked("hc2"), schedules=(Schedule("0 3 * * *"),)))
    other = add.Request(
        "http-check", "hc2", "dev", answers={"url": "http://example.com"}, values={}, replace=True
    )
    addition = carry_out(ann, other)
    assert b"template: http-check" in repository.files()[layout.definition("dev", "hc2")]
    notes = "\n".join(addition.plan.notes)
    assert "hc2 loses its schedule 0 3 * * *" in notes
    assert "hc2 loses its answer image=busybox:1.35" in notes
    assert "hc2 was command" in notes
    assert addition.change.summary.startswith("Replace hc2 (http-check)")


def test_of_two_who_add_different_tools_of_one_name_at_once_the_second_is_refused(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository
) -> None:
    with pytest.raises(Refused) as caught:
        carry_out(ann, asked(word="one"), meanwhile=lambda: carry_out(bob, asked(word="two")))
    assert caught.value.code == "tool-exists"
    assert b"two" in repository.files()[layout.definition("dev", "hello")]


def test_a_main_that_moved_after_the_plan_is_built_upon(ann: FakeWorld, repository: ConfigRepository) -> None:
    carry_out(ann, asked(), meanwhile=lambda: repository.commit({"README.md": b"Ours\n"}))
    newest, moved, _ = repository.log()
    assert newest.parents == (moved.id,)
    assert {"README.md", "tools/dev/hello.yaml"} <= repository.files().keys()


def test_a_main_that_moves_between_look_and_push_is_looked_at_again(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    planned_before = planned(ann, asked()).plan
    repository.commit({"first": b""})
    moves = iter(range(2))

    def plan_again(_: object) -> Plan:
        plan = planned(ann, asked()).plan
        if (number := next(moves, None)) is not None:
            repository.commit({f"other-{number}": b""})
        return plan

    writers = FakeWriters(ann)
    writes.settle(writers, str(repository.path), plan_again, planned_before)
    assert writers.pauses == [0, 1, 2]
    assert [changes.read(one.message) is not None for one in repository.log()] == [True, *[False] * 4]


def test_four_people_who_add_different_tools_at_once_all_land(
    someone: Callable[[str], FakeWorld], repository: ConfigRepository
) -> None:
    names = ["ann", "bob", "eve", "sam"]
    together = threading.Barrier(len(names), timeout=60)

    def scenario(name: str) -> None:
        world = replace(someone(name), renderer=Sandbox())  # one renderer is for one thread
        writers = FakeWriters(world, on_pause=lambda attempt: time.sleep(0.05 * attempt))
        carry_out(world, asked(f"of-{name}"), writers=writers, meanwhile=together.wait)
        world.renderer.close()

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(scenario, names))
    assert len(repository.log()) == 5
    assert {f"tools/dev/of-{name}.yaml" for name in names} <= repository.files().keys()


def test_nobody_commits_what_they_did_not_agree_to(ann: FakeWorld, repository: ConfigRepository) -> None:
    profile = b"\nprofiles:\n  small:\n    labels: {team: storage}\n"
    text = repository.files()[layout.PROJECT]
    changed = text.replace(b"review: none", b"review: none\n    profile: small") + profile
    with pytest.raises(Conflict) as caught:
        carry_out(ann, asked(), meanwhile=lambda: repository.commit({layout.PROJECT: changed}))
    assert (caught.value.code, caught.value.exit_code) == ("plan-changed", 7)
    assert [one.message for one in repository.log()] == ["By hand\n", "Begin\n"]
    carry_out(ann, asked())
    assert b"team: storage" in repository.files()["rendered/dev/hello.yaml"]


def test_another_change_to_the_same_tool_meanwhile_is_shown_before_it_is_replaced(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository
) -> None:
    carry_out(ann, asked(word="old"))
    mine, theirs = (replace(asked(word=word), replace=True) for word in ("mine", "theirs"))
    with pytest.raises(Conflict) as caught:
        carry_out(ann, mine, meanwhile=lambda: carry_out(bob, theirs))
    assert caught.value.code == "plan-changed"
    assert b"theirs" in repository.files()["tools/dev/hello.yaml"]


def test_a_locked_repository_is_waited_for(ann: FakeWorld, repository: ConfigRepository) -> None:
    with repository.locked() as lock:
        writers = FakeWriters(ann, on_pause=lambda attempt: lock.unlink() if attempt == 2 else None)
        carry_out(ann, asked(), writers=writers)
    assert writers.pauses == [0, 1, 2]
    assert len(repository.log()) == 2


def test_a_repository_that_stays_locked_is_left_as_it_is(
    ann: FakeWorld, repository: ConfigRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "ATTEMPTS", 3)
    writers = FakeWriters(ann)
    with repository.locked(), pytest.raises(Conflict) as caught:
        carry_out(ann, asked(), writers=writers)
    assert caught.value.exit_code == 7
    assert writers.pauses == [0, 1]
    assert len(repository.log()) == 1
    carry_out(ann, asked())
    assert len(repository.log()) == 2


def test_a_repository_that_goes_away_after_the_plan_is_told_at_once(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    addition = planned(ann, asked())
    writers = FakeWriters(ann)
    with repository.unreachable(), pytest.raises(NotFound) as caught:
        writes.settle(writers, str(repository.path), lambda _: planned(ann, asked()).plan, addition.plan)
    assert (caught.value.code, writers.pauses) == ("no-repository", [])
    carry_out(ann, asked())
    assert len(repository.log()) == 2


def test_a_server_that_does_not_answer_is_told_at_once(ann: FakeWorld) -> None:
    ann.settings = type(ann.settings)(repository="http://127.0.0.1:9/config.git")
    with pytest.raises(Unavailable) as caught:
        planned(ann, asked())
    assert (caught.value.code, caught.value.outcome_unknown) == ("unreachable", False)


def test_a_push_whose_answer_was_lost_is_looked_for_before_it_is_repeated(
    ann: FakeWorld, repository: ConfigRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = writes.apply

    def lost(*args: object) -> writes.Written:
        real(*args)  # type: ignore[arg-type]
        raise Unavailable("unreachable", "cut", outcome_unknown=True)

    monkeypatch.setattr(writes, "apply", lost)
    carry_out(ann, asked())
    assert len(repository.log()) == 2


def test_a_push_that_is_refused_is_not_repeated(ann: FakeWorld, repository: ConfigRepository) -> None:
    hook = repository.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no pushes on a Friday\nexit 1\n")
    hook.chmod(0o755)
    writers = FakeWriters(ann)
    with pytest.raises(RaptError) as caught:
        carry_out(ann, asked(), writers=writers)
    assert caught.value.exit_code == 6
    assert "no pushes on a Friday" in caught.value.message
    assert writers.pauses == []


def test_what_was_undone_by_hand_can_be_added_again_as_a_change_of_its_own(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    first = carry_out(ann, asked(word="one"))
    second, third, fourth = (
        carry_out(ann, replace(asked(word=word), replace=True)) for word in ("two", "one", "two")
    )
    assert len({one.change.id for one in (first, second, third, fourth)}) == 4
    assert len(repository.log()) == 5


def test_a_cluster_that_nobody_recorded_is_recorded_with_the_first_tool(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    text = repository.files()[layout.PROJECT]
    repository.commit({layout.PROJECT: text.replace(b"    cluster: uid\n", b"", 1)})
    metadata = {"name": "kube-system"}
    stored = ann.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    carry_out(ann, asked())
    dev = project.read(repository.files()).environment("dev")
    assert dev.cluster == stored["metadata"]["uid"]
