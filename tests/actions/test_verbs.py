"""The verbs that edit a config repository: each changes the lines it means, and what follows from them."""

import difflib

import pytest

from kubectl_rapt import documents, writes
from kubectl_rapt.actions import check, compose, explain, fixed, history, remove, set_, share
from kubectl_rapt.actions import repository as repositories
from kubectl_rapt.actions.composition import Composition, Make
from kubectl_rapt.config import layout
from kubectl_rapt.config.installation import Schedule
from kubectl_rapt.errors import Conflict, Invalid, NotFound, RaptError, Refused
from kubectl_rapt.objects import tools
from tests.actions.test_add import asked, carry_out
from tests.fakes.world import FakeWorld, FakeWriters
from tests.repositories import ConfigRepository

PATH = layout.definition("dev", "hello")


@pytest.fixture
def hello(ann: FakeWorld, repository: ConfigRepository) -> str:
    """A tool in dev, with a comment that somebody wrote; the text of its file."""
    text = repository.files()[layout.PROJECT].decode()
    shared = text.replace("    review: none\n", "    review: none\n    allowedNamespaces: [one, two]\n")
    repository.commit({layout.PROJECT: shared.encode()})
    carry_out(ann, asked())
    commented = "# who to ask: someone@example.com\n" + repository.files()[PATH].decode()
    compose_all(ann, repository, {PATH: commented.encode()})
    return commented


def compose_all(world: FakeWorld, repository: ConfigRepository, edits: dict[str, bytes | None]) -> None:
    """Commit edits of people's files with all that follows."""
    repository.commit(dict(compose.compose(world, repositories.read(world), edits).after))


def made(world: FakeWorld, make: Make, *, overwrite: bool = False) -> Composition:
    composition = compose.plan(world, make, overwrite=overwrite)
    writes.settle(
        FakeWriters(world),
        world.settings.repository,
        lambda _: compose.plan(world, make, overwrite=overwrite).plan,
        composition.plan,
    )
    return composition


def changed(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def errors(world: FakeWorld) -> list[str]:
    return [one.path for one in check.check(world, repositories.read(world)) if one.problems]


def test_set_changes_one_line_and_what_is_rendered(
    ann: FakeWorld, repository: ConfigRepository, hello: str
) -> None:
    made(ann, set_.draft(ann, set_.Request("hello", "dev", {"image": "busybox:1.36"})))
    after = repository.files()[PATH].decode()
    assert changed(hello, after) == ["-  image: busybox:1.35", "+  image: busybox:1.36"]
    assert b"busybox:1.36" in repository.files()["rendered/dev/hello.yaml"]
    assert errors(ann) == []


def test_set_adds_and_removes_schedules_and_policies(
    ann: FakeWorld, repository: ConfigRepository, hello: str
) -> None:
    daily = [Schedule("0 3 * * *", "Europe/Prague")]
    made(ann, set_.draft(ann, set_.Request("hello", "dev", {}, schedules=daily, policies={"cleanup": "day"})))
    found = repositories.read(ann).installation("dev", "hello")
    assert (found.schedules, found.cleanup_policy) == (tuple(daily), "day")
    assert b"kind: CronJob" in repository.files()["rendered/dev/hello.yaml"]
    made(ann, set_.draft(ann, set_.Request("hello", "dev", {}, schedules=[], policies={"cleanup": ""})))
    found = repositories.read(ann).installation("dev", "hello")
    assert (found.schedules, found.cleanup_policy) == ((), "")


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (set_.Request("hello", "dev", {"imag": "x"}), Invalid),
        (set_.Request("hello", "dev", {}, unset=["imag"]), Invalid),
        (set_.Request("hello", "dev", {}, schedules=[Schedule("every day")]), Invalid),
        (set_.Request("hello", "dev", {}, policies={"cleanup": "nobody"}), NotFound),
        (set_.Request("helo", "dev", {"image": "x:1"}), NotFound),
        (set_.Request("hello", "nowhere", {"image": "x:1"}), NotFound),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(
    ann: FakeWorld, repository: ConfigRepository, hello: str, request_: set_.Request, kind: type[RaptError]
) -> None:
    before = repository.branches
    with pytest.raises(kind):
        made(ann, set_.draft(ann, request_))
    assert repository.branches == before


def test_share_puts_one_tool_into_each_namespace_and_removing_one_leaves_the_others(
    ann: FakeWorld, repository: ConfigRepository, hello: str
) -> None:
    made(ann, share.draft("hello", "dev", ["one", "two"]))
    assert repositories.read(ann).installation("dev", "hello").namespaces == ("team", "one", "two")
    made(ann, remove.draft("hello", "dev", ["one"]))
    text = repository.files()["rendered/dev/hello.yaml"].decode()
    assert [text.count(f"namespace: {name}\n") > 0 for name in ("team", "one", "two")] == [True, False, True]
    (row,) = share.shares(repositories.read(ann))
    assert (row.tool, row.environment, row.namespaces) == ("hello", "dev", ("team", "two"))


def test_share_is_for_allowed_namespaces_only(
    ann: FakeWorld, repository: ConfigRepository, hello: str
) -> None:
    main = repository.main
    with pytest.raises(Refused) as caught:
        made(ann, share.draft("hello", "dev", ["one", "kube-system"]))
    assert (caught.value.code, [one.where for one in caught.value.problems]) == (
        "namespace-not-allowed",
        ["kube-system"],
    )
    assert repository.main == main


def test_share_with_another_environment_is_one_reviewed_change(
    ann: FakeWorld, repository: ConfigRepository, hello: str
) -> None:
    composition = made(ann, share.draft("hello", "dev", environments=["prod"]))
    assert composition.change.branch in repository.branches
    files = repository.files(composition.change.branch)
    assert files["tools/prod/hello.yaml"].decode() == hello
    assert b"rapt.dev/environment: prod" in files["rendered/prod/hello.yaml"]


def test_share_never_replaces_another_definition(
    ann: FakeWorld, repository: ConfigRepository, hello: str
) -> None:
    compose_all(ann, repository, {"tools/prod/hello.yaml": hello.replace("1.35", "1.34").encode()})
    with pytest.raises(Conflict) as caught:
        made(ann, share.draft("hello", "dev", environments=["prod"]))
    assert caught.value.code == "exists"


def test_remove_takes_both_files_and_the_last_namespace_is_kept(
    ann: FakeWorld, repository: ConfigRepository, hello: str
) -> None:
    with pytest.raises(Refused):
        made(ann, remove.draft("hello", "dev", ["team"]))
    with pytest.raises(NotFound):
        made(ann, remove.draft("hello", "dev", ["elsewhere"]))
    made(ann, remove.draft("hello", "dev"))
    assert sorted(repository.files()) == [layout.PROJECT]
    entries = list(history.history(ann, repositories.read(ann), "dev", "hello"))
    assert [one.template for one in entries] == ["", "command 1.0.0", "command 1.0.0"]
    assert [one.change is not None for one in entries] == [True, False, True]


def test_a_commit_after_which_a_tools_file_cannot_be_read_did_not_remove_it(
    ann: FakeWorld, repository: ConfigRepository, hello: str
) -> None:
    repository.commit({layout.definition("dev", "hello"): b"template: a\ntemplate: b\n"})
    newest = next(history.history(ann, repositories.read(ann), "dev", "hello"))
    assert newest.template == "<broken>"


def test_hand_edits_of_rendered_files_are_found_and_kept_until_they_are_dropped(
    ann: FakeWorld, repository: ConfigRepository, hello: str
) -> None:
    path = layout.rendered("dev", "hello")
    repository.commit({path: repository.files()[path].replace(b"memory: ", b"memory:  ")})
    assert errors(ann) == [path]
    wish = set_.draft(ann, set_.Request("hello", "dev", {"image": "busybox:1.36"}))
    with pytest.raises(Refused) as caught:
        made(ann, wish)
    assert (caught.value.code, [one.where for one in caught.value.problems]) == ("hand-edited", [path])
    made(ann, wish, overwrite=True)
    assert errors(ann) == []


def test_check_names_what_is_stale_missing_left_over_or_broken(
    ann: FakeWorld, repository: ConfigRepository, hello: str
) -> None:
    rendered = repository.files()[layout.rendered("dev", "hello")]
    repository.commit(
        {
            "rendered/dev/gone.yaml": rendered,
            "tools/dev/new.yaml": hello.encode(),
            "tools/dev/broken.yaml": hello.replace("image:", "imag:").encode(),
        }
    )
    assert sorted(errors(ann)) == ["rendered/dev/gone.yaml", "rendered/dev/new.yaml", "tools/dev/broken.yaml"]


def test_a_change_of_the_project_renders_every_tool_that_it_means(
    ann: FakeWorld, repository: ConfigRepository, hello: str
) -> None:
    text = repository.files()[layout.PROJECT].decode()
    profile = "\nprofiles:\n  small:\n    labels: {team: storage}\n"
    wanted = text.replace("    review: none\n", "    review: none\n    profile: small\n") + profile
    compose_all(ann, repository, {layout.PROJECT: wanted.encode()})
    assert b"team: storage" in repository.files()[layout.rendered("dev", "hello")]
    assert errors(ann) == []


def test_explain_names_who_says_so(ann: FakeWorld, repository: ConfigRepository, hello: str) -> None:
    found = repositories.read(ann)
    (image,) = explain.explain(ann, found, "dev", "hello", "image")
    assert image == ("answers.image", "busybox:1.35", PATH)
    assert explain.explain(ann, found, "dev", "hello", "policies.cleanup")[0].source == "template default"
    with pytest.raises(NotFound) as caught:
        explain.explain(ann, found, "dev", "hello", "imag")
    assert caught.value.hint == "kubectl rapt explain hello image"


def test_the_shares_of_a_repository_name_every_consumer(
    ann: FakeWorld, repository: ConfigRepository, hello: str
) -> None:
    compose_all(ann, repository, {"tools/prod/hello.yaml": hello.encode()})
    rows = [(one.environment, one.namespaces, one.version) for one in share.shares(repositories.read(ann))]
    assert rows == [("dev", ("team",), "1.0.0"), ("prod", ("live",), "1.0.0")]


def test_files_of_sops_are_no_tools_and_hinder_nobody(
    ann: FakeWorld, repository: ConfigRepository, hello: str
) -> None:
    encrypted = b"password: ENC[AES256_GCM,data:x]\nsops:\n    version: 3.9.0\n"
    repository.commit({"tools/dev/secret.yaml": encrypted, "rendered/dev/secret.yaml": encrypted})
    assert errors(ann) == []
    text = repository.files()[layout.PROJECT].decode()
    profile = "\nprofiles:\n  small:\n    labels: {team: storage}\n"
    wanted = text.replace("    review: none\n", "    review: none\n    profile: small\n") + profile
    compose_all(ann, repository, {layout.PROJECT: wanted.encode()})
    assert repository.files()["rendered/dev/secret.yaml"] == encrypted
    assert [one.tool for one in share.shares(repositories.read(ann))] == ["hello"]


def test_a_parameter_that_is_set_at_install_is_told_with_the_command_that_sets_it(
    ann: FakeWorld, hello: str, repository: ConfigRepository
) -> None:
    rendered = documents.load_all(repository.files()["rendered/dev/hello.yaml"], "hello.yaml")
    tool = tools.from_manifest(next(one for one in rendered if one["kind"] == "Tool"))
    with pytest.raises(Refused) as caught:
        fixed.check(ann, tool, {"image": "busybox:1 36"})
    assert caught.value.code == "fixed-parameter"
    assert caught.value.hint == "kubectl rapt set hello 'image=busybox:1 36' --in dev"
    fixed.check(ann, tool, {"imagee": "busybox"})
