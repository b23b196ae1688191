"""Where a run comes from, proved by digests: also after its registry was rewritten, and with who reviewed it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import edits
from kubectl_rapt.actions import catalogs, history, origin, registry, repository, why
from kubectl_rapt.actions.find import Found
from kubectl_rapt.actions.origin import Origin
from kubectl_rapt.actions.why import Explanation
from kubectl_rapt.cli import explanations
from kubectl_rapt.cli.commands import history as history_told
from kubectl_rapt.config import installation, layout, project, reviewed_runs
from kubectl_rapt.config.changes import Change
from kubectl_rapt.config.installation import Installation
from kubectl_rapt.config.project import Environment, Project, Registry
from kubectl_rapt.errors import Unavailable
from kubectl_rapt.model.proposals import Address, PullRequest
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.tools import Source
from kubectl_rapt.templating.reference import Reference
from tests import given
from tests.fakes.world import FakeWorld
from tests.registries import RegistryRepository, template
from tests.repositories import ConfigRepository

PATH = layout.definition("prod", "say")
CHANGE = Change("1a2b3c", (PATH,), "Add say", requester="Ann <ann@example.com>")


@dataclass
class Scene:
    """A tool of a registry in a config repository, and the source that its Runs have."""

    world: FakeWorld
    repository: ConfigRepository
    registry: RegistryRepository
    released: str
    source: Source
    commit: str

    def find(self, world: FakeWorld | None = None, **other: str) -> Origin:
        found, why = origin.find(world or self.world, replace(self.source, **other), "prod", "say")
        assert found, why
        return found


@pytest.fixture
def scene(ann: FakeWorld, repository: ConfigRepository, tmp_path: Path) -> Scene:
    team = RegistryRepository(tmp_path, "team")
    released = team.release("say", "1.0.0")
    environment = Environment("prod", ("team",), "uid", is_reviewed=True)
    wanted = Project(
        repository.id, {"prod": environment}, registries={"team": Registry("team", str(team.path), 50)}
    )
    repository.commit({layout.PROJECT: project.spell(wanted).encode()})
    entry = registry.find(ann, catalogs.read(ann, wanted, fresh=True), Reference.parse("say"))
    tool = Installation("say", "say", "1.0.0", entry.lock(), {"word": "hello"})
    text = installation.spell(tool).encode()
    commit = repository.commit({PATH: text}, CHANGE.message)
    repository.commit({PATH: text + b"# later\n"}, "By hand\n")
    digest = installation.digest(text)
    source = Source("team", "say", "1.0.0", entry.lock().tree, entry.lock().digest, digest, repository.id)
    return Scene(ann, repository, team, released, source, commit)


def test_the_commit_is_the_one_whose_file_has_the_digest_and_not_the_newest(scene: Scene) -> None:
    found = scene.find()
    assert found.commit.id == scene.commit
    assert found.change == CHANGE
    assert found.installation
    assert (found.installation.lock.commit, found.installation.answers) == (scene.released, {"word": "hello"})
    assert (found.template, found.is_template_sure) == ("", True)
    assert (found.review, found.no_review) == (None, "")


def test_a_definition_that_no_commit_has_is_not_guessed(scene: Scene) -> None:
    found, why = origin.find(scene.world, replace(scene.source, definition="sha256:aa"), "prod", "say")
    assert found is None
    assert why == f"no commit of {scene.repository.path} has that definition"


def test_a_run_that_has_another_tree_than_the_lock_is_told(scene: Scene) -> None:
    found = scene.find(tree="f" * 40)
    assert not found.is_template_sure
    assert found.template.startswith("the run has tree fffffff, and the lock of that commit has ")


def rewrite(scene: Scene) -> None:
    """What a forced push does: the same version in a history that never had the commit."""
    git = scene.registry.git
    tree = git("rev-parse", "main^{tree}").decode().strip()
    words = ("-c", "user.name=Eve", "-c", "user.email=eve@example.com")
    scene.registry.move_main(git(*words, "commit-tree", "-m", "Another history", tree).decode().strip())


def test_a_registry_that_was_rewritten_is_told_and_what_ran_is_still_proved(scene: Scene) -> None:
    rewrite(scene)
    scene.world.git.fetch(catalogs.remote_of(Registry("team", str(scene.registry.path), 50)))
    found = scene.find()
    assert found.commit.id == scene.commit
    assert found.is_template_sure, found
    assert found.template == (
        f"{scene.registry.path} was rewritten: commit {scene.released[:7]} is in no history any more; "
        "what it held is as locked"
    )


def test_a_registry_that_has_lost_the_commit_is_told_and_the_lock_still_names_what_ran(
    scene: Scene, bob: FakeWorld
) -> None:
    rewrite(scene)
    scene.registry.git("reflog", "expire", "--expire=now", "--all")
    scene.registry.git("gc", "--quiet", "--prune=now")
    found = scene.find(bob)
    assert not found.is_template_sure
    assert found.template == (
        f"{scene.registry.path} has no commit {scene.released[:7]} any more; "
        "tree and digest of the lock still name what ran"
    )


def test_a_commit_that_holds_something_else_than_its_lock_says_is_told(scene: Scene) -> None:
    other = scene.registry.release("say", "2.0.0", template("say", "2.0.0"))
    text = scene.repository.files()[PATH].replace(scene.released.encode(), other.encode())
    scene.repository.commit({PATH: text})
    scene.world.git.fetch(catalogs.remote_of(Registry("team", str(scene.registry.path), 50)))
    found = scene.find(definition=installation.digest(text))
    assert not found.is_template_sure
    assert (
        found.template
        == f"commit {other[:7]} of {scene.registry.path} holds something else than the lock says"
    )


def test_a_registry_that_cannot_be_read_leaves_the_rest(scene: Scene, bob: FakeWorld) -> None:
    with scene.registry.unreachable():
        found = scene.find(bob)
    assert found.commit.id == scene.commit
    assert not found.is_template_sure
    assert found.template


class Forge:
    """A forge with one pull request."""

    def __init__(self, fails: bool = False, merge_commit: str = "", head: str = "") -> None:
        self.fails, self.merge_commit, self.head = fails, merge_commit, head

    def kind(self, address: Address) -> str:
        return "gitea"

    def pull_request(self, address: Address, branch: str) -> PullRequest | None:
        if self.fails:
            raise Unavailable("no-forge-answer", "git.example.com does not answer")
        return PullRequest(
            28,
            "https://git.example.com/pulls/28",
            branch,
            self.head,
            "main",
            "merged",
            "Add say",
            "",
            "ann",
            approved_by=("petr",),
            merged_by="petr",
            merge_commit=self.merge_commit,
        )


def test_who_reviewed_it_is_what_the_forge_says_of_the_change(scene: Scene) -> None:
    forge: Any = Forge(merge_commit=scene.commit)
    scene.world.forge = forge
    review = scene.find().review
    assert review
    assert (review.branch, review.approved_by, review.merged_by) == (CHANGE.branch, ("petr",), "petr")
    forge.fails = True
    found = scene.find()
    assert (found.review, found.no_review) == (None, "git.example.com does not answer")


@pytest.mark.parametrize("is_head", [True, False])
def test_a_pull_request_that_was_merged_without_a_squash_brought_its_commits(
    scene: Scene, is_head: bool
) -> None:
    text = scene.repository.files()[PATH] + b"# reviewed\n"
    before = scene.repository.main
    reviewed = scene.repository.commit({PATH: text}, CHANGE.message)
    tree = scene.repository.git("rev-parse", "main^{tree}").decode().strip()
    words = ("-c", "user.name=Eve", "-c", "user.email=eve@example.com", "commit-tree", "-m", "Merge", tree)
    merge = scene.repository.git(*words, "-p", before, "-p", reviewed).decode().strip()
    forge: Any = Forge(head=reviewed) if is_head else Forge(merge_commit=merge)
    if not is_head:
        scene.repository.move_main(merge)
    scene.world.forge = forge
    found = scene.find(definition=installation.digest(text))
    assert (found.commit.id, found.no_review) == (reviewed, "")
    assert found.review


def test_a_commit_that_claims_a_change_is_not_what_the_pull_request_of_that_change_brought(
    scene: Scene,
) -> None:
    """The branch of the change is gone: only the forge knows which commit came of it."""
    forge: Any = Forge(merge_commit=scene.commit)
    scene.world.forge = forge
    text = scene.repository.files()[PATH].replace(b"hello", b"evil")
    forged = scene.repository.commit({PATH: text}, CHANGE.message)
    found = scene.find(definition=installation.digest(text))
    assert (found.commit.id, found.review) == (forged, None)
    assert found.no_review == f"pull request 28 is of change 1a2b3c, and did not bring commit {forged[:7]}"
    assert scene.find().review, "the commit that it did bring"
    explained = Explanation(Found(None, None, ()), "say", "prod", "", {}, scene.source, found, "", None)
    told = dict(explanations.lines(explained, given.NOON))
    assert told["change"] == "1a2b3c by Someone for Ann: Add say", "Ann is what Someone wrote"
    assert told["review"] == f"unknown: {found.no_review}"


def test_a_reviewer_whom_only_the_message_names_is_told_as_that(scene: Scene) -> None:
    text = scene.repository.files()[PATH] + b"# again\n"
    scene.repository.commit({PATH: text}, f"{CHANGE.message}Reviewed-by: Petr <petr@example.com>\n")
    found = scene.find(definition=installation.digest(text))
    explained = Explanation(Found(None, None, ()), "say", "prod", "", {}, scene.source, found, "", None)
    told = dict(explanations.lines(explained, given.NOON))
    assert told["review"] == "by Petr, says the commit's message"


def test_the_history_names_the_author_and_whom_the_message_names_after_it(scene: Scene) -> None:
    found = repository.read(scene.world)
    shown = {
        one.commit.id: history_told.by(one) for one in history.history(scene.world, found, "prod", "say")
    }
    assert shown == {scene.commit: "Someone for Ann", scene.repository.main: "Someone"}


def test_without_a_forge_the_reviewers_are_those_that_the_commit_names(scene: Scene) -> None:
    text = scene.repository.files()[PATH] + b"# again\n"
    message = f"{CHANGE.message}Reviewed-by: Petr <petr@example.com>\nApproved-By: Eva <eva@example.com>\n"
    scene.repository.commit({PATH: text}, message)
    found = scene.find(definition=installation.digest(text))
    assert found.reviewers == ("Petr <petr@example.com>", "Eva <eva@example.com>")
    assert scene.find().reviewers == ()


def test_a_commit_by_hand_has_no_change_and_asks_no_forge(scene: Scene) -> None:
    forge: Any = Forge(fails=True)
    scene.world.forge = forge
    found = scene.find(definition=installation.digest(scene.repository.files()[PATH]))
    assert (found.change, found.review, found.no_review) == (None, None, "")


def test_a_reviewed_run_is_told_with_the_change_that_asks_for_it(scene: Scene) -> None:
    digest = runs.digest("say", {"word": "hello"}, {})
    run = given.a_run(name="once", tool="say", answers={"word": "hello"}, digest=digest)
    path = layout.run("prod", "once")
    change = Change("4d5e6f", (path,), "Run say once", requester="Eva <eva@example.com>")
    commit = scene.repository.commit({path: reviewed_runs.spell(run)}, change.message)
    found = origin.of_run(scene.world, run, "prod")
    assert found
    assert (found.commit.id, found.change) == (commit, change)
    explained = Explanation(
        Found(run, None, ()),
        "say",
        "prod",
        "eva",
        run.answers,
        scene.source,
        scene.find(),
        "",
        None,
        request=found,
    )
    told = [line for line in explanations.lines(explained, given.NOON) if line[0].endswith("change")]
    assert [(key, text.partition(" ")[0]) for key, text in told] == [
        ("run change", "4d5e6f"),
        ("change", "1a2b3c"),
    ]
    assert origin.of_run(scene.world, replace(run, digest="sha256:aa"), "prod") is None, (
        "another run of that name"
    )


def test_a_change_of_rapt_yaml_that_decides_what_the_tool_has_is_in_its_history_and_named_by_why(
    scene: Scene,
) -> None:
    text = scene.repository.files()[layout.PROJECT].decode()
    small = text + "profiles:\n  small:\n    nodeSelector: {disk: ssd}\n"
    scene.repository.commit({layout.PROJECT: small.encode()}, "A profile that nothing uses\n")
    other = edits.put(small, "/environments/other", {"namespaces": ["else"]})
    scene.repository.commit({layout.PROJECT: other.encode()}, "Another environment\n")
    used = edits.put(other, "/environments/prod/profile", "small")
    deciding = scene.repository.commit({layout.PROJECT: used.encode()}, "Prod is small\n")
    found = repository.read(scene.world)
    entries = list(history.history(scene.world, found, "prod", "say"))
    assert [one.commit.message.strip() for one in entries][:2] == ["Prod is small", "By hand"]
    assert [[str(change) for change in one.settings] for one in entries] == [
        ["environments.prod.profile: (nothing) → small"],
        [],
        [],
    ]
    assert entries[0].commit.id == deciding
    put = Registry("team", str(scene.registry.path), 50, branch="stable")
    pinned = edits.put(used, "/registries/team", project.spell_registry(put))
    scene.repository.commit({layout.PROJECT: pinned.encode()}, "Pinned\n")
    newest = next(history.history(scene.world, repository.read(scene.world), "prod", "say"))
    assert [change.label for change in newest.settings] == ["registries.team.branch"]
    run = given.a_run(name="once", tool="say", source=scene.source, created_at=newest.commit.time)
    told = why.settings(scene.world, scene.find(), "prod", "say", run.created_at)
    assert told == newest
    explained = Explanation(
        Found(run, None, ()), "say", "prod", "eva", {}, scene.source, scene.find(), "", None, settings=told
    )
    lines = dict(explanations.lines(explained, given.NOON))
    assert lines["settings"].startswith(f"rapt.yaml of commit {newest.commit.id[:7]} by ")
    assert lines["settings"].endswith(": registries.team.branch: (nothing) → stable")
    earlier = newest.commit.time - timedelta(days=1)
    assert why.settings(scene.world, scene.find(), "prod", "say", earlier) is None, "it came after the run"


def test_what_was_made_without_a_config_repository_says_so(ann: FakeWorld) -> None:
    assert origin.find(ann, None, "", "") == (None, "the tool was not made from a config repository")
