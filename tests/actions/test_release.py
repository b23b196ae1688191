"""Releasing and publishing a template: real git, a checkout of one's own, and a remote that others write."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_rapt import writes
from kubectl_rapt.actions import checkout, draft, publish, release
from kubectl_rapt.actions.publish import Publication
from kubectl_rapt.actions.release import Releasing
from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.config.settings import Settings
from kubectl_rapt.errors import Conflict, NotFound, Refused, Unavailable
from kubectl_rapt.model.versions import Version
from kubectl_rapt.templating import index
from kubectl_rapt.templating.compatibility import Level
from tests.fakes.forge import FakeForge
from tests.fakes.world import FakeWorld, FakeWriters
from tests.repositories import SOMEONE, ConfigRepository

ROOT = Path(__file__).parents[2]
DEFINITION = Path("templates/say/template.yaml")
BRANCH, OTHER_BRANCH = "rapt/template/say/0.1.0", "rapt/template/tell/0.1.0"


def git(*words: str, at: Path | str = ".") -> str:
    environ = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "GIT_CONFIG_NOSYSTEM": "1", **SOMEONE}
    return subprocess.run(
        ["git", "-C", str(at), *words], env=environ, check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    path = tmp_path / "registry.git"
    git("init", "--quiet", "--bare", "--initial-branch=main", str(path), at=tmp_path)
    return path


@pytest.fixture
def author(
    tmp_path: Path, remote: Path, renderer: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeWorld]:
    """Someone in a checkout of the remote, with the template say, which is not released."""
    root = tmp_path / "checkout"
    (root / "templates").mkdir(parents=True)
    shutil.copytree(ROOT / "policies", root / "policies")
    monkeypatch.chdir(root)
    git("init", "--quiet", "--initial-branch=main")
    git("remote", "add", "origin", "../registry.git")
    save("Begin")
    git("push", "--quiet", "origin", "main")
    world = FakeWorld("ann", tmp_path / "ann", Settings(), renderer)
    for step in draft.plan(world, "say", "Say a word", None).plan.steps:
        writes.apply(FakeWriters(world), step)
    yield world


def save(message: str) -> None:
    git("add", "--all")
    git("commit", "--quiet", "--message", message)


def released(author: FakeWorld, bump: Level | None = None) -> Releasing:
    planned = release.plan(author, "say", bump)
    for step in planned.plan.steps:
        writes.apply(FakeWriters(author), step)
    return planned


def published(author: FakeWorld, writers: FakeWriters | None = None, name: str = "say") -> Publication:
    planned = publish.plan(author, name)
    if planned.plan.steps:
        plan_again = lambda _: publish.plan(author, name).plan  # noqa: E731
        writes.settle(writers or FakeWriters(author), planned.remote.url, plan_again, planned.plan)
    return planned


def edit(old: str, new: str, path: Path = DEFINITION) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def merge(remote: Path, branch: str = BRANCH) -> None:
    """What a forge does with the pull request: a squash on main."""
    git("fetch", "--quiet", "origin")
    work = remote.with_name("forge")
    git("clone", "--quiet", str(remote), str(work), at=remote.parent)
    git("merge", "--quiet", "--squash", f"origin/{branch}", at=work)
    git("commit", "--quiet", "--message", "Release say", at=work)
    git("push", "--quiet", "origin", "main", at=work)
    shutil.rmtree(work)


def add_on(remote: Path, branch: str, path: str, text: str) -> None:
    """Somebody else puts a file on a branch of the remote."""
    work = remote.with_name("somebody")
    git("clone", "--quiet", "--branch", branch, str(remote), str(work), at=remote.parent)
    (work / path).write_text(text)
    git("add", "--all", at=work)
    git("commit", "--quiet", "--message", f"Write {path}", at=work)
    git("push", "--quiet", "origin", f"HEAD:{branch}", at=work)
    shutil.rmtree(work)


def known(author: FakeWorld) -> list[str]:
    registry, _ = checkout.find(author, ["say"])
    return [str(version) for version in registry.index().versions("say")]


def test_a_release_says_in_the_index_which_rapt_it_needs(author: FakeWorld, remote: Path) -> None:
    edit("version: 0.1.0\n", "version: 0.1.0\nminRapt: 0.1.0\n")
    released(author)
    registry, _ = checkout.find(author, ["say"])
    assert registry.index().release("say", Version(0, 1, 0)).min_rapt == Version(0, 1, 0)
    assert released(author).plan.steps == ()
    published(author)
    text = git("show", f"{BRANCH}:registry/index.yaml", at=remote)
    assert index.load(text, "").release("say", Version(0, 1, 0)).min_rapt == Version(0, 1, 0)


def test_a_first_release_is_one_line_more_than_the_index(author: FakeWorld) -> None:
    before = DEFINITION.read_text()
    planned = released(author)
    assert (planned.old, str(planned.template.version), known(author)) == (None, "0.1.0", ["0.1.0"])
    assert DEFINITION.read_text() == before
    registry, _ = checkout.find(author, ["say"])
    assert registry.index().release("say", Version(0, 1, 0)) == index.release_of(registry.template("say"))


def test_a_release_again_is_nothing_to_do_whatever_the_bump(author: FakeWorld) -> None:
    released(author)
    bumps: tuple[Level | None, ...] = (None, "patch", "major")
    for bump in bumps:
        assert released(author, bump).plan.steps == ()
    assert known(author) == ["0.1.0"]


def test_the_identity_is_the_one_that_git_gives_the_folder(author: FakeWorld) -> None:
    released(author)
    save("Release")
    registry, _ = checkout.find(author, ["say"])
    assert registry.index().release("say", Version(0, 1, 0)).tree == git("rev-parse", "HEAD:templates/say")


def test_a_bump_changes_one_line_of_the_declaration(author: FakeWorld) -> None:
    released(author)
    save("Release 0.1.0")
    edit("Say a word", "Say one word")
    edit("0.1.0", '"0.1.0"   # ours')
    planned = released(author, "minor")
    assert (
        'version: "0.2.0"   # ours' in DEFINITION.read_text()
        or "version: 0.2.0   # ours" in DEFINITION.read_text()
    )
    assert (known(author), [change.what for change in planned.changes]) == (
        ["0.1.0", "0.2.0"],
        ["is another one"],
    )


def test_files_that_changed_ask_for_another_version(author: FakeWorld) -> None:
    released(author)
    edit("Say a word", "Say one word")
    with pytest.raises(Refused) as caught:
        release.plan(author, "say")
    assert caught.value.code == "released-version-changed"


def test_a_version_before_the_newest_is_refused(author: FakeWorld) -> None:
    released(author)
    edit("0.1.0", "0.0.9")
    with pytest.raises(Refused) as caught:
        release.plan(author, "say")
    assert caught.value.code == "released-version-changed"


def test_a_breaking_change_without_a_major_version_is_refused_with_all_of_it(author: FakeWorld) -> None:
    edit("0.1.0", "1.0.0")
    released(author)
    save("Release 1.0.0")
    edit("  at: run\n  default: hello\n", "  example: hi\n")
    edit("maximum: 100", "maximum: 50")
    refused = "answers: {word: ''}\nrefused: 'word: expected text of 1 to 50 characters'"
    Path("templates/say/tests/no-word.yaml").write_text(refused)
    edit("answers: {}", "answers: {word: hello}", Path("templates/say/tests/defaults.yaml"))
    with pytest.raises(Refused) as caught:
        release.plan(author, "say", "minor")
    assert caught.value.code == "breaking-change", caught.value.problems
    assert [problem.where for problem in caught.value.problems] == ["word"] * 3
    assert known(author) == ["1.0.0"]
    assert str(released(author, "major").template.version) == "2.0.0"


@pytest.mark.parametrize(
    ("file", "old", "new", "verb"),
    [
        ("README.md", "`word`", "word", "lint"),
        ("tests/golden/defaults.yaml", "hello", "goodbye", "test"),
    ],
)
def test_what_does_not_pass_is_not_released(
    author: FakeWorld, file: str, old: str, new: str, verb: str
) -> None:
    edit(old, new, Path("templates/say", file))
    with pytest.raises(Refused) as caught:
        release.plan(author, "say")
    assert (caught.value.code, caught.value.message) == ("template-not-ready", f"say does not pass {verb}")
    assert caught.value.problems


def test_without_git_a_release_says_that_it_was_not_compared(author: FakeWorld) -> None:
    released(author)
    shutil.rmtree(".git")
    edit("Say a word", "Say one word")
    (note,) = released(author, "patch").plan.notes
    assert note.startswith(
        "say 0.1.1 could not be compared with 0.1.0: the checkout's git repository cannot be read"
    )


def test_a_release_that_was_never_committed_cannot_be_compared(author: FakeWorld) -> None:
    released(author)
    edit("Say a word", "Say one word")
    (note,) = released(author, "patch").plan.notes
    assert note.endswith("its files are in no commit of the checkout's git repository")


def test_publishing_pushes_a_branch_with_the_release(author: FakeWorld, remote: Path) -> None:
    released(author)
    Path("templates/unfinished").mkdir()
    Path("templates/unfinished/template.yaml").write_text("not ready")
    planned = published(author)
    assert planned.proposal.branch == BRANCH
    changed = git("diff", "--name-only", "main", BRANCH, at=remote).splitlines()
    assert all(path.startswith(("templates/say/", "registry/index.yaml")) for path in changed)
    body = git("log", "-1", "--format=%B", BRANCH, at=remote)
    assert body.startswith("Release say 0.1.0\n\nSay a word\n")
    assert "```diff" in body
    assert "+        image: busybox:1.35" in body


def test_publishing_again_does_nothing(author: FakeWorld, remote: Path) -> None:
    released(author)
    published(author)
    tip = git("rev-parse", BRANCH, at=remote)
    assert published(author).plan.steps == ()
    assert git("rev-parse", BRANCH, at=remote) == tip
    merge(remote)
    after = publish.plan(author, "say")
    assert (after.is_merged, after.plan.steps) == (True, ())


class Existing(ConfigRepository):
    """A bare repository that was made already."""

    def __init__(self, path: Path) -> None:
        self.path = path


@pytest.mark.parametrize("lost", ["", "propose"])
def test_on_a_forge_a_release_has_one_pull_request_that_follows_it(
    author: FakeWorld, remote: Path, lost: str
) -> None:
    forge = FakeForge(Existing(remote))
    author.forge = forge  # type: ignore[assignment]
    forge.loses = {lost}
    released(author)
    planned = published(author)
    (seen,) = forge.all.values()
    assert (seen.branch, seen.base, seen.title, seen.body) == (
        BRANCH,
        "main",
        planned.proposal.title,
        planned.proposal.body,
    )
    assert published(author).plan.steps == ()
    edit("Say a word", "Say one word")
    Path("registry/index.yaml").unlink()
    released(author)
    published(author)
    assert "Say one word" in forge.all[1].body
    assert published(author).plan.steps == ()
    forge.say(1, state="closed")
    again = published(author)
    assert (again.plan.steps, again.pull_request and again.pull_request.state) == ((), "closed")
    merge(remote)
    assert published(author).is_merged
    assert len(forge.all) == 1


def test_a_lost_reply_makes_no_second_commit(
    author: FakeWorld, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released(author)
    push = author.git.commit
    lost: list[str] = []

    def commit(*words: object, **more: object) -> str:
        pushed = push(*words, **more)  # type: ignore[arg-type]
        if not lost:
            lost.append(pushed)
            raise Unavailable("git-unavailable", "the answer was lost", outcome_unknown=True)
        return pushed

    monkeypatch.setattr(author.git, "commit", commit)
    published(author)
    assert git("rev-parse", BRANCH, at=remote) == lost[0]
    assert git("rev-list", "--count", f"main..{BRANCH}", at=remote) == "1"


def test_a_release_that_changed_before_its_merge_follows_on_the_branch(
    author: FakeWorld, remote: Path
) -> None:
    released(author)
    published(author)
    first = git("rev-parse", BRANCH, at=remote)
    edit("Say a word", "Say one word")
    Path("registry/index.yaml").unlink()
    planned = released(author)
    published(author)
    assert git("rev-parse", f"{BRANCH}^", at=remote) == first
    text = git("show", f"{BRANCH}:registry/index.yaml", at=remote)
    assert index.load(text, "index").release("say", Version(0, 1, 0)) == index.release_of(
        planned.registry.template("say")
    )
    assert published(author).plan.steps == ()


def test_the_body_shows_what_changes_in_the_rendered_examples(author: FakeWorld, remote: Path) -> None:
    released(author)
    save("Release 0.1.0")
    published(author)
    merge(remote)
    edit("default: hello", "default: goodbye")
    edit("hello", "goodbye", Path("templates/say/tests/golden/defaults.yaml"))
    edit("hello", "goodbye", Path("templates/say/README.md"))
    released(author, "minor")
    planned = published(author)
    assert planned.proposal.title == "Release say 0.2.0 (after 0.1.0)"
    assert '- minor: `word` has the default "goodbye", which was "hello"' in planned.proposal.body
    assert "-          value: hello\n+          value: goodbye" in planned.proposal.body
    text = git("show", "rapt/template/say/0.2.0:registry/index.yaml", at=remote)
    assert [str(one) for one in index.load(text, "index").versions("say")] == ["0.1.0", "0.2.0"]


def test_two_authors_publish_at_once(author: FakeWorld, remote: Path) -> None:
    """Another template's release reaches main in between: the index has both."""
    released(author)
    other = index.append(
        index.Index({}), "other", Version(1, 0, 0), index.Release("a" * 40, "sha256:" + "b" * 64)
    )
    work = remote.with_name("other")
    git("clone", "--quiet", str(remote), str(work), at=remote.parent)
    (work / "registry").mkdir()
    (work / "registry" / "index.yaml").write_text(index.dump(other))
    git("add", "--all", at=work)
    git("commit", "--quiet", "--message", "Release other", at=work)
    git("push", "--quiet", "origin", "main", at=work)
    published(author)
    text = git("show", f"{BRANCH}:registry/index.yaml", at=remote)
    assert list(index.load(text, "index").templates) == ["other", "say"]


@pytest.fixture
def both(author: FakeWorld, remote: Path) -> FakeWorld:
    """The author has published two new templates, say and tell, and say is merged."""
    for step in draft.plan(author, "tell", "Tell a word", None).plan.steps:
        writes.apply(FakeWriters(author), step)
    for name in ("say", "tell"):
        for step in release.plan(author, name).plan.steps:
            writes.apply(FakeWriters(author), step)
        published(author, name=name)
    merge(remote)
    return author


def test_a_second_template_takes_in_the_first_when_it_is_published_again(
    both: FakeWorld, remote: Path
) -> None:
    with pytest.raises(subprocess.CalledProcessError):  # nobody can merge it as it was pushed
        merge(remote, OTHER_BRANCH)
    shutil.rmtree(remote.with_name("forge"))
    published(both, name="tell")
    text = git("show", f"{OTHER_BRANCH}:registry/index.yaml", at=remote)
    assert list(index.load(text, "index").templates) == ["say", "tell"]
    merge(remote, OTHER_BRANCH)
    assert publish.plan(both, "tell").is_merged
    text = git("show", "main:registry/index.yaml", at=remote)
    assert list(index.load(text, "index").templates) == ["say", "tell"]
    assert git("ls-tree", "-r", "--name-only", "main", "templates/say", at=remote)


def test_taking_in_main_keeps_what_a_reviewer_added_to_the_branch(both: FakeWorld, remote: Path) -> None:
    first = git("rev-parse", OTHER_BRANCH, at=remote)
    add_on(remote, OTHER_BRANCH, "CODEOWNERS", "* @team\n")
    published(both, name="tell")
    assert git("show", f"{OTHER_BRANCH}:CODEOWNERS", at=remote) == "* @team"
    assert git("merge-base", first, OTHER_BRANCH, at=remote) == first
    merge(remote, OTHER_BRANCH)


def test_what_a_reviewer_added_and_main_has_otherwise_is_a_conflict_for_people(
    both: FakeWorld, remote: Path
) -> None:
    add_on(remote, OTHER_BRANCH, "CODEOWNERS", "* @team\n")
    add_on(remote, "main", "CODEOWNERS", "* @others\n")
    with pytest.raises(Conflict) as caught:
        publish.plan(both, "tell")
    assert (caught.value.code, "CODEOWNERS" in caught.value.message) == ("changed-since", True)


def test_main_that_moved_elsewhere_is_not_taken_in(both: FakeWorld, remote: Path) -> None:
    published(both, name="tell")
    add_on(remote, "main", "README.md", "Ours\n")
    assert publish.plan(both, "tell").plan.steps == ()


def test_a_release_that_is_published_stays_so_when_a_newer_one_is(author: FakeWorld, remote: Path) -> None:
    released(author)
    save("Release 0.1.0")
    published(author)
    merge(remote)
    edit("Say a word", "Say one word")
    released(author, "minor")
    published(author)
    merge(remote, "rapt/template/say/0.2.0")
    git("checkout", "--quiet", "main", "--", "templates", "registry")
    older = publish.plan(author, "say")
    assert (str(older.template.version), older.is_merged, older.plan.steps) == ("0.1.0", True, ())


def test_an_older_release_is_not_published_over_a_newer_one(author: FakeWorld, remote: Path) -> None:
    released(author)
    save("Release 0.1.0")
    edit("Say a word", "Say one word")
    released(author, "minor")
    published(author)
    merge(remote, "rapt/template/say/0.2.0")
    git("checkout", "--quiet", "main", "--", "templates", "registry")
    with pytest.raises(Refused) as caught:
        publish.plan(author, "say")
    assert (caught.value.code, caught.value.message) == (
        "released-version-changed",
        "main of the registry has say 0.2.0 already, and 0.1.0 is older",
    )


def test_a_version_that_someone_else_published_with_other_files_is_refused(
    author: FakeWorld, remote: Path
) -> None:
    released(author)
    published(author)
    merge(remote)
    Path("registry/index.yaml").unlink()
    edit("Say a word", "Say one word")
    released(author)
    with pytest.raises(Refused) as caught:
        publish.plan(author, "say")
    assert caught.value.code == "released-version-changed"


def test_what_is_not_released_is_not_published(author: FakeWorld) -> None:
    with pytest.raises(Refused) as caught:
        publish.plan(author, "say")
    assert caught.value.code == "not-released"


@pytest.mark.parametrize(
    ("words", "code"),
    [(("remote", "remove", "origin"), "no-origin"), (("config", "core.bare", "false"), "no-main")],
)
def test_without_a_remote_that_has_a_main_nothing_is_published(
    author: FakeWorld, remote: Path, words: tuple[str, ...], code: str
) -> None:
    released(author)
    git(*words)
    git("branch", "--move", "main", "trunk", at=remote)
    with pytest.raises(NotFound) as caught:
        publish.plan(author, "say")
    assert caught.value.code == code


def test_the_first_release_in_an_empty_registry_is_the_first_commit_of_main(
    author: FakeWorld, remote: Path
) -> None:
    git("update-ref", "-d", "refs/heads/main", at=remote)
    edit("retry: never", "retry: ours")
    Path("policies/retry/never.yaml").rename("policies/retry/ours.yaml")
    edit("name: never", "name: ours", Path("policies/retry/ours.yaml"))
    edit("restartPolicy", "restartPolicy", Path("templates/say/tests/golden/defaults.yaml"))
    released(author)
    planned = published(author)
    assert (planned.is_first, planned.proposal.branch) == (True, "main")
    assert git("rev-list", "--count", "main", at=remote) == "1"
    names = git("ls-tree", "-r", "--name-only", "main", at=remote).splitlines()
    assert {"registry/index.yaml", "policies/retry/ours.yaml", str(DEFINITION)} <= set(names)
    assert "policies/retry/spot.yaml" not in names
    again = publish.plan(author, "say")
    assert (again.is_merged, again.plan.steps) == (True, ())


def test_two_who_publish_into_an_empty_registry_at_once_lose_nothing(author: FakeWorld, remote: Path) -> None:
    git("update-ref", "-d", "refs/heads/main", at=remote)
    released(author)
    planned = publish.plan(author, "say")
    work = remote.with_name("other")
    git("init", "--quiet", "--initial-branch=main", str(work), at=remote.parent)
    git("commit", "--quiet", "--allow-empty", "--message", "Begin", at=work)
    git("push", "--quiet", str(remote), "main", at=work)
    with pytest.raises(Conflict):
        writes.settle(
            FakeWriters(author), planned.remote.url, lambda _: publish.plan(author, "say").plan, planned.plan
        )
    assert git("log", "--format=%s", "main", at=remote) == "Begin"
    assert published(author).proposal.branch == BRANCH


def test_a_registry_inside_another_repository_is_not_published(author: FakeWorld) -> None:
    released(author)
    Path(".git").rename("../.git")
    with pytest.raises(NotFound) as caught:
        publish.plan(author, "say")
    assert caught.value.code == "no-origin"
