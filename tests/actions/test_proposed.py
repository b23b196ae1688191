"""Changes on a forge: one pull request each, brought up to date, merged by its rules, never with stale bytes."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from kubectl_rapt import writes
from kubectl_rapt.actions import abandon, add, compose, propose, review, update, wait
from kubectl_rapt.actions import merge as merging
from kubectl_rapt.actions import repository as repositories
from kubectl_rapt.actions.composition import Composition
from kubectl_rapt.config import changes, layout
from kubectl_rapt.errors import Conflict, NotFound, RaptError, Refused, Unavailable
from kubectl_rapt.model.plan import CommitFiles, DeleteBranch, MergeProposal, Plan, Propose
from tests.actions.test_add import asked
from tests.actions.test_review import commit_tree
from tests.fakes.forge import FakeForge
from tests.fakes.world import FakeWorld, FakeWriters
from tests.repositories import ConfigRepository

PROFILE = b"\nprofiles:\n  small:\n    labels: {team: storage}\n"


@pytest.fixture
def forge(repository: ConfigRepository) -> FakeForge:
    return FakeForge(repository)


@pytest.fixture
def people(someone: Callable[[str], FakeWorld], forge: FakeForge) -> Callable[[str], FakeWorld]:
    """Makes the world of a person whose config repository is on the forge."""

    def make(name: str) -> FakeWorld:
        world = someone(name)
        world.forge = forge  # type: ignore[assignment]
        return world

    return make


@pytest.fixture
def ann(people: Callable[[str], FakeWorld]) -> FakeWorld:
    return people("ann")


@pytest.fixture
def bob(people: Callable[[str], FakeWorld]) -> FakeWorld:
    return people("bob")


def added(world: FakeWorld, request: add.Request | None = None, is_draft: bool | None = None) -> Composition:
    """Add a tool to the reviewed environment, or another one."""

    def plan() -> Composition:
        return compose.plan(world, add.draft(world, request or asked(environment="prod")), is_draft=is_draft)

    made = plan()
    if made.plan.steps:
        writes.settle(FakeWriters(world), world.settings.repository, lambda _: plan().plan, made.plan)
    return made


def merge(world: FakeWorld, identifier: str) -> FakeWriters:
    writers = FakeWriters(world)
    for _ in writes.pursue(writers, world.settings.repository, lambda: merging.plan(world, identifier).plan):
        pass
    return writers


def updated(world: FakeWorld, identifier: str, *, opens: bool = False) -> Plan:
    def plan(_: object = None) -> Plan:
        return update.plan(world, identifier, opens=opens).plan

    planned = plan()
    if planned.steps:
        writes.settle(FakeWriters(world), world.settings.repository, plan, planned)
    return planned


def standings(world: FakeWorld) -> list[str]:
    return [one.standing for one in review.waiting(world, repositories.read(world))]


def says(repository: ConfigRepository, *lines: str) -> None:
    """Environment prod says more in ``rapt.yaml``."""
    text = repository.files()[layout.PROJECT]
    more = "".join(f"\n    {line}" for line in lines).encode()
    repository.commit({layout.PROJECT: text.replace(b"review: required", b"review: required" + more)})


def with_profile(repository: ConfigRepository) -> None:
    """Main says something that every rendered file of prod has to say too."""
    says(repository, "profile: small")
    repository.commit({layout.PROJECT: repository.files()[layout.PROJECT] + PROFILE})


def test_a_change_is_pushed_and_then_proposed_with_what_its_environment_gives(
    ann: FakeWorld, repository: ConfigRepository, forge: FakeForge
) -> None:
    says(repository, "reviewers: [sam, kim]", "reviewLabels: [prod]")
    made = added(ann)
    assert [type(step) for step in made.plan.steps] == [CommitFiles, Propose]
    (seen,) = forge.all.values()
    assert (seen.branch, seen.title, seen.reviewers, seen.labels, seen.is_draft) == (
        made.change.branch,
        made.change.summary,
        ("sam", "kim"),
        ("prod",),
        False,
    )
    for part in ("### hello in prod", "+ tool/hello", "image", "Rapt-Change: "):
        assert part in seen.body, part


@pytest.mark.parametrize("state", ["open", "closed"])
def test_a_branch_whose_commits_were_put_together_is_known_by_its_pull_request(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository, forge: FakeForge, state: str
) -> None:
    change = added(ann).change
    tree = repository.git("rev-parse", f"{change.branch}^{{tree}}").decode().strip()
    commit_tree(repository, change.branch, tree, "One commit of mine", "main")
    forge.say(1, state=state)
    (one,) = review.waiting(bob, repositories.read(bob))
    assert (one.change.id, one.change.edits, one.standing) == (change.id, change.edits, state)
    if state == "open":
        merge(bob, change.id)
        assert changes.read(repository.log()[0].message) == one.change
        assert list(repository.branches) == ["main"]


def test_what_needs_no_review_asks_no_forge(ann: FakeWorld, forge: FakeForge) -> None:
    made = added(ann, asked(environment="dev"))
    assert [type(step) for step in made.plan.steps] == [CommitFiles]
    assert forge.all == {}


def test_rapt_yaml_can_say_that_there_is_no_forge(
    ann: FakeWorld, repository: ConfigRepository, forge: FakeForge
) -> None:
    repository.commit({layout.PROJECT: repository.files()[layout.PROJECT] + b"forge:\n  kind: none\n"})
    made = added(ann)
    assert ([type(step) for step in made.plan.steps], made.has_forge) == ([CommitFiles], False)
    assert forge.all == {}


def test_the_same_wish_again_by_anybody_at_any_time_writes_nothing(
    ann: FakeWorld, bob: FakeWorld, forge: FakeForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(ann)
    told = forge.told
    later = bob.now().replace(year=2031)
    monkeypatch.setattr(type(bob), "now", lambda self: later)
    again = added(bob)
    assert (again.plan.steps, again.is_waiting) == ((), True)
    assert again.pull_request == forge.pull_request(
        propose.address(repositories.read(bob)), again.change.branch
    )
    assert (len(forge.all), forge.told) == (1, told)


@pytest.mark.parametrize(
    "what",
    [{"title": "Mine"}, {"body": "gone"}, {"labels": ()}, {"reviewers": ()}],
    ids=lambda what: next(iter(what)),
)
def test_a_pull_request_that_lacks_something_is_brought_up_to_date(
    ann: FakeWorld, repository: ConfigRepository, forge: FakeForge, what: dict[str, object]
) -> None:
    says(repository, "reviewers: [sam]", "reviewLabels: [prod]")
    added(ann)
    before = added(ann).pull_request
    forge.say(1, **what)
    assert [type(step) for step in added(ann).plan.steps] == [Propose]
    assert added(ann).pull_request == before


def test_what_people_add_to_the_description_stays(ann: FakeWorld, forge: FakeForge) -> None:
    added(ann)
    forge.say(1, body=forge.all[1].body.replace("### hello", "Please hurry.\n\n### hello"))
    assert added(ann).plan.steps == ()


def test_a_process_that_ended_between_push_and_proposal_is_finished_by_the_same_command(
    ann: FakeWorld, forge: FakeForge
) -> None:
    made = compose.plan(ann, add.draft(ann, asked(environment="prod")))
    writes.apply(FakeWriters(ann), made.plan.steps[0])
    assert [type(step) for step in added(ann).plan.steps] == [Propose]
    assert len(forge.all) == 1


@pytest.mark.parametrize("what", ["propose", "merge"])
def test_an_answer_that_is_lost_is_looked_for(
    ann: FakeWorld, repository: ConfigRepository, forge: FakeForge, what: str
) -> None:
    forge.loses = {what}
    made = added(ann)
    merge(ann, made.change.id)
    assert (len(forge.all), list(repository.branches), len(repository.log())) == (1, ["main"], 2)


def test_a_draft_stays_one_until_it_is_opened(ann: FakeWorld, forge: FakeForge) -> None:
    made = added(ann, is_draft=True)
    assert (standings(ann), added(ann).plan.steps) == (["draft"], ())
    with pytest.raises(Refused) as caught:
        merge(ann, made.change.id)
    assert (caught.value.code, caught.value.hint) == (
        "not-mergeable",
        f"kubectl rapt changes open {made.change.id}",
    )
    updated(ann, made.change.id, opens=True)
    assert standings(ann) == ["open"]


def test_a_merge_is_one_commit_that_names_the_change_and_takes_the_branch_away(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository, forge: FakeForge
) -> None:
    made = added(ann)
    merge(bob, made.change.id)
    assert changes.read(repository.log()[0].message) == made.change
    assert (forge.all[1].state, list(repository.branches), standings(ann)) == ("merged", ["main"], [])
    assert merging.plan(ann, made.change.id).is_merged
    assert added(ann).after == {}


def test_a_stale_branch_is_refreshed_before_it_is_merged(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository, forge: FakeForge
) -> None:
    made = added(ann)
    with_profile(repository)
    planned = merging.plan(bob, made.change.id).plan
    assert [type(step) for step in planned.steps] == [CommitFiles]
    merge(bob, made.change.id)
    assert b"team: storage" in repository.files()["rendered/prod/hello.yaml"]
    assert (len(forge.all), list(repository.branches)) == (1, ["main"])


def test_a_branch_that_is_behind_but_not_stale_is_merged_as_it_is(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    made = added(ann)
    repository.commit({"README.md": b"Ours\n"})
    steps = merging.plan(ann, made.change.id).plan.steps
    assert [type(step) for step in steps] == [MergeProposal, DeleteBranch]
    merge(ann, made.change.id)
    assert {"README.md", "tools/prod/hello.yaml"} <= repository.files().keys()


def test_a_main_that_moves_while_it_is_merged_is_rendered_for_again(
    ann: FakeWorld, repository: ConfigRepository, forge: FakeForge
) -> None:
    made = added(ann)
    other = f"rapt/prod/hello/{made.change.id}"

    def somebody_pushes() -> None:
        tip = repository.branches[other]
        tree = repository.git("rev-parse", f"{tip}^{{tree}}").decode().strip()
        message = made.change.message
        words = ("-c", "user.name=x", "-c", "user.email=x@example.com")
        commit = repository.git(*words, "commit-tree", tree, "-p", tip, "-m", message).decode().strip()
        repository.git("update-ref", f"refs/heads/{other}", commit)

    forge.on_merge = somebody_pushes
    assert merge(ann, made.change.id).pauses == [0]
    assert (list(repository.branches), len(repository.log())) == (["main"], 2)


def test_what_is_squashed_on_its_page_is_merged_and_its_branch_goes_with_the_next_merge(
    ann: FakeWorld, repository: ConfigRepository, forge: FakeForge
) -> None:
    made = added(ann)
    forge.squash(1, f"{forge.all[1].title} (#1)\n\n{forge.all[1].body}")
    assert (standings(ann), made.change.branch in repository.branches) == ([], True)
    planned = merging.plan(ann, made.change.id)
    assert (planned.is_merged, planned.change.id) == (True, made.change.id)
    merge(ann, made.change.id)
    assert list(repository.branches) == ["main"]


def test_a_branch_that_went_on_after_it_was_merged_is_not_deleted(
    ann: FakeWorld, repository: ConfigRepository, forge: FakeForge
) -> None:
    made = added(ann)
    forge.squash(1, made.change.message)
    repository.git("update-ref", f"refs/heads/{made.change.branch}", repository.main)
    assert merging.plan(ann, made.change.id).plan.steps == ()


def test_missing_approvals_are_told_with_the_page(ann: FakeWorld, forge: FakeForge) -> None:
    forge.needs = ("sam",)
    made = added(ann)
    with pytest.raises(Refused) as caught:
        merge(ann, made.change.id)
    assert caught.value.hint == "see https://forge.example/team/config/pulls/1 for what is missing"
    forge.say(1, approved_by=("sam",))
    assert standings(ann) == ["approved"]
    merge(ann, made.change.id)


def test_what_somebody_closed_is_neither_opened_nor_merged_unasked(ann: FakeWorld, forge: FakeForge) -> None:
    made = added(ann)
    forge.say(1, state="closed")
    again = added(ann)
    assert (again.plan.steps, again.pull_request and again.pull_request.state) == ((), "closed")
    assert standings(ann) == ["closed"]
    with pytest.raises(Conflict) as caught:
        merge(ann, made.change.id)
    assert caught.value.code == "proposal-closed"
    updated(ann, made.change.id, opens=True)
    assert ([one.state for one in forge.all.values()], standings(ann)) == (["closed", "open"], ["open"])
    forge.say(2, state="closed")
    forge.say(1, state="open")  # reopened by hand
    assert (added(ann).plan.steps, standings(ann)) == ((), ["open"])


def test_an_update_pushes_what_main_asks_for_and_nothing_the_second_time(
    ann: FakeWorld, repository: ConfigRepository, forge: FakeForge
) -> None:
    made = added(ann)
    assert updated(ann, made.change.id).steps == ()
    with_profile(repository)
    assert [type(step) for step in updated(ann, made.change.id).steps] == [CommitFiles]
    assert b"team: storage" in repository.files(made.change.branch)["rendered/prod/hello.yaml"]
    assert updated(ann, made.change.id).steps == ()
    assert len(forge.all) == 1


def test_a_change_that_is_given_up_says_so_and_can_be_made_again(
    ann: FakeWorld, repository: ConfigRepository, forge: FakeForge
) -> None:
    made = added(ann)
    for lost in ("close", ""):
        forge.loses = {lost}
        planned = abandon.plan(ann, made.change.id)
        abandon.execute(ann, FakeWriters(ann), planned)
        assert (list(repository.branches), standings(ann)) == (["main"], [])
        added(ann)
    assert forge.comments == ["Abandoned by ann."] * 2
    assert [one.state for one in forge.all.values()] == ["closed", "closed", "open"]


@pytest.mark.parametrize("verb", [merging.plan, update.plan, abandon.plan, wait.look])
def test_a_branch_that_somebody_deleted_is_told_and_made_again_by_the_same_command(
    ann: FakeWorld, repository: ConfigRepository, forge: FakeForge, verb: Callable[[FakeWorld, str], object]
) -> None:
    made = added(ann)
    repository.git("branch", "-D", made.change.branch)
    with pytest.raises(NotFound) as caught:
        verb(ann, made.change.id)
    assert caught.value.code == "no-change"
    forge.say(1, state="closed")  # as forges do then
    added(ann)
    assert standings(ann) == ["open"]


def test_what_people_put_on_the_branch_besides_is_never_dropped(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    made = added(ann)
    at = made.change.branch
    tip, main = repository.branches[at], repository.branches["main"]
    repository.git("update-ref", "refs/heads/main", tip)
    commit = repository.commit({"docs/why.md": b"because\n"}, made.change.message)
    repository.git("update-ref", f"refs/heads/{at}", commit)
    repository.git("update-ref", "refs/heads/main", main)
    for verb in (merging.plan, update.plan):
        with pytest.raises(Refused) as caught:
            verb(ann, made.change.id)
        assert caught.value.code == "foreign-files"
        assert [problem.where for problem in caught.value.problems] == ["docs/why.md"]
    assert repository.branches[at] == commit


def test_auto_merge_is_asked_for_once_and_needs_every_environment(
    ann: FakeWorld, repository: ConfigRepository, forge: FakeForge
) -> None:
    forge.needs = ("sam",)
    made = added(ann)
    found = repositories.read(ann)
    assert not propose.review(found, made.environments).is_merged_automatically
    both = [
        replace(one, review=replace(one.review, is_merged_automatically=True)) for one in made.environments
    ]
    assert propose.review(found, both).is_merged_automatically
    assert not propose.review(found, [*both, *made.environments]).is_merged_automatically
    (step,) = propose.plan_auto_merge(ann, found, made.change).steps
    writes.apply(FakeWriters(ann), step)
    assert standings(ann) == ["auto-merge"]
    assert propose.plan_auto_merge(ann, repositories.read(ann), made.change).steps == ()


@dataclass
class _Waited:
    """What happens at each look of somebody who waits."""

    looks: list[str]
    tries: list[str]


def waited(world: FakeWorld, identifier: str, *events: Callable[[], object], merges: bool = False) -> _Waited:
    found = _Waited([], [])
    left = iter(events)

    def goes_on(attempt: int) -> None:
        next(left)()

    writers = FakeWriters(world, on_pause=goes_on)

    def tell(seen: wait.Look) -> None:
        found.looks.append(seen.standing)
        found.tries.append(seen.why)

    def attempt() -> None:
        if merges:
            merge(world, identifier)

    wait.until_merged(world, writers, identifier, tell, attempt=attempt)
    return found


def test_waiting_tells_each_step_on_the_way_to_main(ann: FakeWorld, forge: FakeForge) -> None:
    made = added(ann)
    found = waited(
        ann,
        made.change.id,
        lambda: forge.say(1, checks="pending"),
        lambda: None,
        lambda: forge.say(1, checks="passed", approved_by=("sam",)),
        lambda: forge.squash(1, made.change.message),
    )
    assert found.looks == ["open", "checks pending", "approved", "merged"]


def test_a_merge_that_waits_merges_as_soon_as_the_forge_lets_it(ann: FakeWorld, forge: FakeForge) -> None:
    forge.needs = ("sam",)
    made = added(ann)
    found = waited(ann, made.change.id, lambda: None, lambda: forge.say(1, approved_by=("sam",)), merges=True)
    assert (found.looks, found.tries) == (["open", "merged"], ["approvals are missing", ""])


@pytest.mark.parametrize(("happens", "code"), [("closed", "proposal-closed"), ("deleted", "no-change")])
def test_waiting_ends_where_a_change_cannot_be_merged_any_more(
    ann: FakeWorld, repository: ConfigRepository, forge: FakeForge, happens: str, code: str
) -> None:
    made = added(ann)
    events: dict[str, Callable[[], object]] = {
        "closed": lambda: forge.say(1, state="closed"),
        "deleted": lambda: repository.git("branch", "-D", made.change.branch),
    }
    with pytest.raises(RaptError) as caught:
        waited(ann, made.change.id, events[happens])
    assert caught.value.code == code


def test_on_plain_git_a_change_whose_file_main_has_changed_is_a_conflict(
    someone: Callable[[str], FakeWorld], repository: ConfigRepository
) -> None:
    ann = someone("ann")
    made = added(ann)
    assert standings(ann) == ["open"]
    path = layout.definition("prod", "hello")
    text = repository.files(made.change.branch)[path]
    repository.commit({path: text.replace(b"busybox:1.35", b"busybox:latest")})
    assert standings(ann) == ["conflict"]
    with pytest.raises(Conflict) as caught:
        updated(ann, made.change.id)
    assert caught.value.code == "changed-since"


def test_what_does_not_answer_while_a_merge_is_under_way_is_asked_again(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository, forge: FakeForge
) -> None:
    """The branch is refreshed and pushed; then the forge is silent for a moment, twice."""
    change = added(ann).change
    with_profile(repository)
    silent = iter([False, True, True])
    writers = FakeWriters(bob)

    def decide() -> Plan:
        if next(silent, False):
            raise Unavailable("forge-down", "it does not answer in time")
        return merging.plan(bob, change.id).plan

    list(writes.pursue(writers, bob.settings.repository, decide))
    assert changes.read(repository.log()[0].message) == change
    assert list(repository.branches) == ["main"]


def test_who_cannot_be_asked_before_anything_was_begun_is_told_at_once(bob: FakeWorld) -> None:
    def decide() -> Plan:
        raise Unavailable("forge-down", "it cannot be reached")

    writers = FakeWriters(bob)
    with pytest.raises(Unavailable):
        list(writes.pursue(writers, bob.settings.repository, decide))
    assert writers.pauses == []


def test_a_conflict_that_is_found_while_a_merge_is_under_way_is_told_at_once(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository
) -> None:
    change = added(ann).change
    with_profile(repository)
    writers = FakeWriters(bob)
    decided: list[Plan] = []

    def decide() -> Plan:
        if decided:
            raise Conflict("changed-since", "main has changed it", "make it again")
        decided.append(merging.plan(bob, change.id).plan)
        return decided[0]

    with pytest.raises(Conflict):
        list(writes.pursue(writers, bob.settings.repository, decide))
    assert writers.pauses == []


def test_what_a_forge_merged_twice_is_merged_once_and_the_empty_commit_is_told(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository
) -> None:
    """Gitea merges a pull request once for each who asks at the same moment."""
    change = added(ann).change
    merge(bob, change.id)
    first, tree = repository.main, repository.git("rev-parse", "main^{tree}").decode().strip()
    found = repositories.read(bob)
    before = review.merged(bob, found, change.id)
    assert before and before.surplus == ()
    empty = [commit_tree(repository, "main", tree, change.message, "main") for _ in range(2)]
    repository.commit({"README.md": b"Ours\n"})
    found = repositories.read(bob)
    done = review.merged(bob, found, change.id)
    assert done is not None
    assert (done.commit.id, done.surplus) == (first, (empty[1], empty[0]))
    assert review.contents(bob, found, done) == review.contents(bob, found, before)
    assert merging.plan(bob, change.id).surplus == done.surplus


def test_a_second_commit_of_a_change_that_changed_something_is_no_empty_one(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository
) -> None:
    change = added(ann).change
    merge(bob, change.id)
    path = change.edits[0]
    newest = repository.commit({path: repository.files()[path] + b"# Ours\n"}, change.message)
    done = review.merged(bob, repositories.read(bob), change.id)
    assert done is not None
    assert (done.commit.id, done.surplus) == (newest, ())
