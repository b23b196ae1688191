"""Changes on their way: merged once, by whom and however, and never over what others did."""

from dataclasses import replace

import pytest

from kubectl_rapt import writes
from kubectl_rapt.actions import merge as merging
from kubectl_rapt.actions import repository as repositories
from kubectl_rapt.actions import review, wait
from kubectl_rapt.actions.merge import Merge
from kubectl_rapt.config import changes, layout
from kubectl_rapt.errors import Conflict, NotFound, Refused
from kubectl_rapt.model.plan import Plan
from tests.actions.test_add import asked, carry_out
from tests.fakes.world import FakeWorld, FakeWriters
from tests.repositories import ConfigRepository


@pytest.fixture
def change(ann: FakeWorld, repository: ConfigRepository) -> changes.Change:
    """A change that waits for its review, based on an older main."""
    made = carry_out(ann, asked(environment="prod")).change
    repository.commit({"README.md": b"Ours\n"})
    return made


def merge(world: FakeWorld, identifier: str) -> Merge:
    found = merging.plan(world, identifier)
    if found.plan.steps:
        writes.settle(
            FakeWriters(world),
            world.settings.repository,
            lambda _: merging.plan(world, identifier).plan,
            found.plan,
        )
    return found


def waiting(world: FakeWorld) -> list[str]:
    return [one.change.id for one in review.waiting(world, repositories.read(world))]


def squash(repository: ConfigRepository, change: changes.Change) -> None:
    """What a forge does: the branch's files in a new commit on main; the branch stays."""
    files = dict(repository.files(repository.branches[change.branch]))
    files.pop("README.md", None)
    message = f"{change.summary} (#12)\r\n\r\n{change.message.partition(chr(10) * 2)[2]}".replace(
        "\n", "\r\n"
    )
    repository.commit(dict(files), message)


def test_a_merge_puts_the_change_on_todays_main_and_removes_its_branch(
    bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    assert waiting(bob) == [change.id]
    merge(bob, change.id)
    newest, moved, _ = repository.log()
    assert (changes.read(newest.message), newest.parents) == (change, (moved.id,))
    assert list(repository.branches) == ["main"]
    assert waiting(bob) == []


def test_a_merge_renders_anew_with_what_main_says_today(
    bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    text = repository.files()[layout.PROJECT]
    profile = b"\nprofiles:\n  small:\n    labels: {team: storage}\n"
    reviewed = text.replace(b"review: required", b"review: required\n    profile: small") + profile
    repository.commit({layout.PROJECT: reviewed})
    merge(bob, change.id)
    assert b"team: storage" in repository.files()["rendered/prod/hello.yaml"]


def test_a_merge_again_finds_that_it_is_done(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    merge(bob, change.id)
    main = repository.main
    assert merge(ann, change.id) == Merge(change, Plan(), is_merged=True)
    assert repository.main == main


def test_a_main_that_was_rewritten_is_told_before_the_merge_is_committed(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository
) -> None:
    cluster = ann.cluster
    uid = cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}})[
        "metadata"
    ]["uid"]
    text = repository.files()[layout.PROJECT]
    older = repository.commit({layout.PROJECT: text.replace(b"cluster: uid\n", f"cluster: {uid}\n".encode())})
    change = carry_out(ann, asked(environment="prod")).change
    lost = repository.commit({"README.md": b"Ours\n"})
    record = {"name": "rapt-sync-prod", "namespace": "live"}
    cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": record, "data": {"commit": lost}})
    assert merging.plan(bob, change.id).plan.steps, "main has what prod was synced to"
    repository.move_main(older)
    before = repository.branches
    with pytest.raises(Refused) as caught:
        merge(bob, change.id)
    assert (caught.value.code, caught.value.hint) == (
        "going-back",
        "kubectl rapt sync --in prod --rollback",
    )
    assert f"it has no commit {lost[:7]} any more, which prod was synced to" in caught.value.message
    assert repository.branches == before


def test_two_who_merge_at_once_merge_once(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    agreed = merging.plan(ann, change.id).plan
    merge(bob, change.id)
    writes.settle(FakeWriters(ann), str(repository.path), lambda _: merging.plan(ann, change.id).plan, agreed)
    assert repository.log()[0].author == "bob <bob@example.com>"
    assert len(repository.log()) == 3


def test_a_squashed_change_is_merged_though_its_branch_is_still_there(
    bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    squash(repository, change)
    assert change.branch in repository.branches
    assert waiting(bob) == []
    assert merge(bob, change.id).plan.steps == ()


def test_a_commit_whose_message_names_a_change_does_not_make_it_merged(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    """Whether it touches none of its files, another tool, or the right file with other content."""
    other = layout.definition("dev", "else")
    path = layout.definition("prod", "hello")
    edited = dict(repository.files(change.branch))[path].replace(b"busybox:1.35", b"busybox:latest")
    claims = replace(change, edits=(other,)).message
    for files, message in (
        ({"README.md": b"Not yours\n"}, change.message),
        ({other: b"kind: Tool\n"}, claims),
        ({other: None}, change.message),
        ({path: edited}, change.message),
    ):
        repository.commit(files, message)
        found = repositories.read(bob)
        assert review.merged(bob, found, change.id) is None
        assert waiting(bob) == [change.id]
        assert wait.look(ann, change.id).standing != "merged"
        assert review.find(bob, found, change.id).change == change
    repository.commit({path: None})
    repository.move_main(repository.log()[-2].id)
    merge(bob, change.id)
    assert waiting(bob) == []
    assert wait.look(ann, change.id).standing == "merged"


def test_a_claim_after_the_merge_does_not_hide_the_commit_that_merged_it(
    bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    merge(bob, change.id)
    merged = repository.main
    repository.commit({"README.md": b"Not yours\n"}, change.message)
    done = review.merged(bob, repositories.read(bob), change.id)
    assert done is not None
    assert (done.commit.id, done.surplus) == (merged, ())


def test_a_change_that_a_forge_rebased_commit_by_commit_is_merged(
    bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    """The second commit has no trailers and changes what the first one wrote."""
    path = layout.definition("prod", "hello")
    first = dict(repository.files(change.branch))
    second = {**first, path: first[path].replace(b"busybox:1.35", b"busybox:1.36")}
    commit_tree(repository, change.branch, tree_of(repository, second), "Use 1.36", change.branch)
    first.pop("README.md", None)
    repository.commit(dict(first), change.message)
    assert waiting(bob) == [change.id], "main lacks the second commit"
    repository.commit({path: second[path]}, "Use 1.36\n")
    repository.commit({path: second[path].replace(b"1.36", b"1.37")}, "Later\n")
    assert waiting(bob) == []
    done = review.merged(bob, repositories.read(bob), change.id)
    assert done is not None
    assert done.change == change


def test_a_squash_of_a_file_that_main_had_changed_too_is_merged(
    bob: FakeWorld, repository: ConfigRepository
) -> None:
    """The forge puts the lines of both together, so the file is neither as on the branch nor as it was."""
    text = repository.files()[layout.PROJECT]
    change = changes.Change("abcdef", (layout.PROJECT,), "Say more")
    ours = text + b"# Ours\n"
    files = {**repository.files(), layout.PROJECT: ours}
    repository.git("branch", change.branch, "main")
    commit_tree(repository, change.branch, tree_of(repository, files), change.message, "main")
    theirs = b"# Theirs\n" + text
    repository.commit({layout.PROJECT: theirs})
    assert waiting(bob) == [change.id]
    repository.commit({layout.PROJECT: theirs + b"# Ours\n"}, change.message)
    assert waiting(bob) == []
    assert review.merged(bob, repositories.read(bob), change.id)


def test_after_a_squash_the_same_add_has_nothing_to_do(
    ann: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    squash(repository, change)
    branches = repository.branches
    assert carry_out(ann, asked(environment="prod")).plan.steps == ()
    assert repository.branches == branches


def test_a_tool_file_that_changed_on_main_since_is_never_overwritten(
    bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    files = repository.files(repository.branches[change.branch])
    path = layout.definition("prod", "hello")
    repository.commit({path: files[path].replace(b"busybox:1.35", b"busybox:latest")})
    main = repository.main
    with pytest.raises(Conflict) as caught:
        merge(bob, change.id)
    assert (caught.value.code, caught.value.exit_code) == ("changed-since", 7)
    assert repository.main == main
    assert waiting(bob) == [change.id]


def test_a_tool_file_that_changes_while_the_merge_is_agreed_to_is_never_overwritten(
    bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    agreed = merging.plan(bob, change.id).plan
    files = repository.files(repository.branches[change.branch])
    path = layout.definition("prod", "hello")
    main = repository.commit({path: files[path].replace(b"busybox:1.35", b"busybox:latest")})
    with pytest.raises(Conflict):
        writes.settle(
            FakeWriters(bob), str(repository.path), lambda _: merging.plan(bob, change.id).plan, agreed
        )
    assert repository.main == main


def test_a_branch_that_moves_while_it_is_merged_is_not_deleted_unseen(
    bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    (step,) = merging.plan(bob, change.id).plan.steps
    repository.git("update-ref", f"refs/heads/{change.branch}", repository.main)
    main = repository.main
    with pytest.raises(Conflict):
        writes.apply(FakeWriters(bob), step)
    assert repository.branches == {"main": main, change.branch: main}


def test_what_merges_while_others_push_is_planned_again(
    bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    agreed = merging.plan(bob, change.id).plan
    repository.commit({"first": b""})
    moves = iter(range(1))

    def plan_again(_: object) -> Plan:
        plan = merging.plan(bob, change.id).plan
        if (number := next(moves, None)) is not None:
            repository.commit({f"other-{number}": b""})
        return plan

    writers = FakeWriters(bob)
    writes.settle(writers, str(repository.path), plan_again, agreed)
    assert writers.pauses == [0, 1]
    assert changes.read(repository.log()[0].message) == change


def test_a_locked_main_keeps_change_and_branch(
    bob: FakeWorld, repository: ConfigRepository, change: changes.Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "ATTEMPTS", 3)
    branches = repository.branches
    with repository.locked(), pytest.raises(Conflict) as caught:
        merge(bob, change.id)
    assert caught.value.exit_code == 7
    assert repository.branches == branches
    merge(bob, change.id)
    assert list(repository.branches) == ["main"]


def test_an_unknown_change_is_told_with_the_nearest(bob: FakeWorld, change: changes.Change) -> None:
    with pytest.raises(NotFound) as caught:
        merge(bob, mistyped := change.id[1] + change.id[0] + change.id[2:])
    assert caught.value.typo == (mistyped, change.id)


def test_a_merged_change_is_told_as_merged_and_where_to_read_on(
    bob: FakeWorld, change: changes.Change
) -> None:
    merge(bob, change.id)
    with pytest.raises(NotFound) as caught:
        review.find(bob, repositories.read(bob), change.id)
    assert caught.value.message == f"change {change.id} is merged: {change.summary}"
    assert caught.value.hint == f"kubectl rapt changes show {change.id}"


def test_a_merged_change_still_shows_what_it_did(bob: FakeWorld, change: changes.Change) -> None:
    found = repositories.read(bob)
    waiting = review.contents(bob, found, review.find(bob, found, change.id))
    merge(bob, change.id)
    found = repositories.read(bob)
    done = review.merged(bob, found, change.id)
    assert done is not None
    assert (done.change, done.commit.id) == (change, found.head)
    assert review.contents(bob, found, done) == waiting


def update_branch(repository: ConfigRepository, branch: str) -> str:
    """What a forge's "Update branch" does: main is merged into the branch, under the forge's own words."""
    left = repository.git("merge-base", "main", branch).decode().strip()
    base, main, tip = repository.files(left), repository.files(), dict(repository.files(branch))
    for path in {*base, *main}:
        if main.get(path) != base.get(path):
            tip[path] = main[path]
    tree = tree_of(repository, tip)
    return commit_tree(repository, branch, tree, f"Merge branch 'main' into {branch}", branch, "main")


def tree_of(repository: ConfigRepository, files: dict[str, bytes]) -> str:
    """Write a tree of files; its id."""
    lines = [b"commit refs/scratch", b"committer Someone <someone@example.com> now", b"data 0"]
    lines += [
        b"M 100644 inline %s\ndata %d\n%s" % (path.encode(), len(text), text) for path, text in files.items()
    ]
    repository.git("fast-import", "--quiet", "--force", "--date-format=now", stdin=b"\n".join(lines) + b"\n")
    tree = repository.git("rev-parse", "refs/scratch^{tree}").decode().strip()
    repository.git("update-ref", "-d", "refs/scratch")
    return tree


def commit_tree(repository: ConfigRepository, branch: str, tree: str, message: str, *parents: str) -> str:
    """Put a commit on a branch, as somebody else's git does; its id."""
    words = (
        "-c",
        "user.name=Forge",
        "-c",
        "user.email=forge@example.com",
        "commit-tree",
        tree,
        "-m",
        message,
    )
    more = [word for one in parents for word in ("-p", one)]
    commit = repository.git(*words, *more).decode().strip()
    repository.git("update-ref", f"refs/heads/{branch}", commit)
    return commit


def test_a_branch_that_the_forge_updated_still_holds_its_change(
    bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    tip = update_branch(repository, change.branch)
    assert waiting(bob) == [change.id]
    one = review.find(bob, repositories.read(bob), change.id)
    assert (one.change, one.tip, one.commit.author) == (change, tip, "ann <ann@example.com>")
    merge(bob, change.id)
    assert changes.read(repository.log()[0].message) == change
    assert list(repository.branches) == ["main"]
    assert waiting(bob) == []


def test_the_same_add_finds_its_change_on_a_branch_that_the_forge_updated(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    tip = update_branch(repository, change.branch)
    made = carry_out(ann, asked(environment="prod"))
    assert (made.is_waiting, repository.branches[change.branch]) == (True, tip)


def test_a_commit_that_somebody_adds_to_a_branch_is_part_of_its_change(
    bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    path = layout.definition("prod", "hello")
    files = dict(repository.files(change.branch))
    files[path] = files[path].replace(b"busybox:1.35", b"busybox:1.36")
    commit_tree(repository, change.branch, tree_of(repository, files), "Use 1.36", change.branch)
    assert waiting(bob) == [change.id]
    merge(bob, change.id)
    assert b"busybox:1.36" in repository.files()["rendered/prod/hello.yaml"]


def test_a_change_that_main_got_by_a_merge_commit_waits_no_more(
    bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    update_branch(repository, change.branch)
    repository.move_main(repository.branches[change.branch])
    assert waiting(bob) == []
    with pytest.raises(NotFound) as caught:
        review.find(bob, repositories.read(bob), change.id)
    assert caught.value.message == f"change {change.id} is merged: {change.summary}"


def test_a_branch_that_holds_the_commits_of_another_change_too_is_known_by_its_own(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    """Somebody put one change on top of the other."""
    other = carry_out(ann, asked("bye", "prod")).change
    both = {**repository.files(change.branch), **repository.files(other.branch)}
    tree = tree_of(repository, both)
    commit_tree(repository, other.branch, tree, "Join both", other.branch, change.branch)
    assert sorted(waiting(bob)) == sorted([change.id, other.id])


def test_a_branch_that_only_looks_like_a_change_does_not_wait(
    bob: FakeWorld, repository: ConfigRepository, change: changes.Change
) -> None:
    repository.git("branch", "rapt/prod/hello/abcdef", "main")
    assert waiting(bob) == [change.id]
