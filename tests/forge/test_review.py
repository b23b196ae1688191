"""Changes on a real Gitea, with the real command: from ``add`` to main, whatever is killed, lost or done by others."""

import base64
import json
import os
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.config import changes, layout, project
from kubectl_rapt.config.project import Environment, Project
from tests import namespaces
from tests.cluster.clusters import Cluster
from tests.forge.gitea import PEOPLE, Gitea, Repository
from tests.forge.servers import Answer, Between, served
from tests.killing import Ended, Kill, Person, each, end, kills, let_pass
from tests.registries import RegistryRepository

OWNER, REVIEWER, THIRD = PEOPLE
ADD = ("add", "hello", "--in", "prod", "--image", "busybox:1.35", "--", "true")
PROD = Environment("prod", ("live",), "uid")
UPGRADE = ("upgrade", "say", "--in", "prod")


@dataclass(frozen=True)
class Scene:
    """A config repository on the forge, and its owner, who types commands.

    Args:
        gitea: The forge.
        repository: The repository.
        person: The owner.
    """

    gitea: Gitea
    repository: Repository
    person: Person

    def get(self, path: str) -> Any:
        return self.gitea.call("GET", f"{self.repository.path}{path}")

    def post(self, method: str, path: str, body: Any = None) -> Any:
        return self.gitea.call(method, f"{self.repository.path}{path}", body)

    def is_merged_on_its_page(self, number: int, body: dict[str, str]) -> None:
        """Somebody merges it there, as soon as the forge has found out whether it can be merged."""
        path = f"{self.repository.path}/pulls/{number}/merge"
        for _ in range(120):
            answer = self.gitea.call("POST", path, body, fails=True)
            if not answer:
                return
            assert "try again later" in answer["message"], answer
            time.sleep(0.5)
        raise AssertionError(answer)

    @property
    def pulls(self) -> list[dict[str, Any]]:
        """Every pull request, whatever became of it, oldest first."""
        return sorted(self.get("/pulls?state=all"), key=lambda one: int(one["number"]))

    @property
    def branches(self) -> list[str]:
        return sorted(one["name"] for one in self.get("/branches"))

    @property
    def branch(self) -> str:
        """The branch of the one change that waits."""
        (branch,) = (name for name in self.branches if name.startswith("rapt/"))
        return branch

    @property
    def id(self) -> str:
        return self.branch.rpartition("/")[2]

    def log(self, at: str = "main") -> list[str]:
        """The messages of the commits, newest first."""
        return [one["commit"]["message"] for one in self.get(f"/commits?sha={at}&stat=false&files=false")]

    def file(self, path: str) -> str:
        return base64.b64decode(self.get(f"/contents/{path}")["content"]).decode()

    def says(self, **what: str) -> None:
        """Main's ``rapt.yaml`` says more about prod."""
        text = self.file(layout.PROJECT)
        more = "".join(f"\n    {key}: {value}" for key, value in what.items())
        self.gitea.push(
            self.repository,
            "main",
            {layout.PROJECT: text.replace("review: required", f"review: required{more}")},
        )

    def succeeds(self, *words: str) -> Ended:
        ended = self.person.types(*words)
        assert ended.exit_code == 0, ended
        assert self.gitea.tokens[OWNER] not in ended.stdout + ended.stderr
        return ended

    def refuses(self, exit_code: int, *words: str) -> str:
        """What the command says that ends so."""
        ended = self.person.types(*words)
        assert ended.exit_code == exit_code, ended
        assert "Traceback" not in ended.stderr
        return ended.stderr

    def is_proposed_once(self, ended: Ended) -> None:
        """The change is one commit on its branch, with one pull request."""
        assert ended.exit_code == 0, ended
        (pull,) = self.pulls
        assert (pull["state"], pull["head"]["ref"]) == ("open", self.branch)
        assert pull["html_url"] in ended.stderr, ended
        found = [changes.read(message) for message in self.log(self.branch)]
        assert [one.id for one in found if one].count(self.id) == 1

    def is_merged_once(self, count: int) -> None:
        """The change is the newest of so many commits on main, its branch is gone."""
        assert self.branches == ["main"]
        assert len(self.log()) == count
        assert changes.read(self.log()[0])


class Scenes:
    """Makes scenes.

    Args:
        gitea: The forge.
        folder: Where homes are.
    """

    def __init__(self, gitea: Gitea, folder: Path) -> None:
        self._gitea, self._folder = gitea, folder

    def make(
        self,
        name: object = "ann",
        *,
        files: dict[str, str] | None = None,
        url: str = "",
        user: Path = Path(os.devnull),
        prod: Environment = PROD,
    ) -> Scene:
        """One with a free and a reviewed environment.

        Args:
            name: The owner's.
            files: What else is in the repository.
            url: How the forge is reached.
            user: The owner's kubeconfig; without one there is no cluster.
            prod: The reviewed environment.
        """
        repository = self._gitea.repository()
        free = Environment("dev", ("team",), is_reviewed=False)
        environments = {one.name: one for one in (free, prod)}
        text = project.spell(Project("1a2b3c4d", environments))
        self._gitea.push(repository, "main", {layout.PROJECT: text, **(files or {})})
        address = self._gitea.clone_url(repository)
        if url:
            address = address.replace(self._gitea.url.removeprefix("http://"), url.removeprefix("http://"))
        person = Person(self._folder / str(name), user, repository=address)
        return Scene(self._gitea, repository, person)


@pytest.fixture
def scenes(gitea: Gitea, tmp_path: Path) -> Scenes:
    return Scenes(gitea, tmp_path)


@pytest.fixture
def scene(scenes: Scenes) -> Scene:
    return scenes.make()


def approve(scene: Scene, who: str = REVIEWER) -> None:
    scene.gitea.review(scene.repository, scene.pulls[-1]["number"], who)


def test_a_run_is_reviewed_by_all_that_is_to_be_known_of_it_and_started_once_after_its_merge(
    scenes: Scenes, cluster: Cluster
) -> None:
    namespace = namespaces.prepare(cluster)
    user = cluster.user(f"user-of-{namespace}", namespace=namespace)
    containers = [{"name": "tool", "image": "busybox:1.35", "env": [{"name": "WORD", "value": ""}]}]
    pod = {"restartPolicy": "Never", "containers": containers}
    word = {
        "name": "word",
        "type": "string",
        "at": ["/spec/template/spec/containers/0/env/0/value"],
    }
    tool = {"parameters": [word], "job": {"spec": {"template": {"spec": pod}}}}
    kind = {"apiVersion": "rapt.dev/v1alpha1", "kind": "Tool", "metadata": {"name": "hello"}, "spec": tool}
    namespaces.apply(user, kind)
    scene = scenes.make(user=user, prod=Environment("prod", (namespace,), namespaces.uid(cluster)))
    asked = ("run", "hello", "--in", "prod", "--review", "--request-id", "once", "--set", "word=@everyone")
    scene.is_proposed_once(scene.succeeds(*asked))
    scene.is_proposed_once(scene.succeeds(*asked))
    (pull,) = scene.pulls
    said = pull["body"].splitlines()
    assert "### Run once in prod, once" in said
    for line in (
        r"tool +hello \(written by hand\)",
        rf"asked by +user-of-{namespace}",
        r"not after +\S+Z",
        "word: @everyone",
    ):
        assert any(re.fullmatch(line, one) for one in said), (line, pull["body"])
    assert scene.person.types("runs", "-o", "name").stdout == ""
    scene.succeeds("changes", "merge", scene.id)
    for _ in range(2):
        scene.succeeds("sync", "--in", "prod")
    assert scene.person.types("runs", "-o", "name").stdout == "run.rapt.dev/once\n"


def _settled(pull: dict[str, Any]) -> dict[str, Any]:
    """A pull request without what Gitea finds out later: whether it can be merged, and the repository's own state."""
    ends = {end: {**pull[end], "repo": pull[end]["repo"]["full_name"]} for end in ("base", "head")}
    return {**pull, **ends, "mergeable": True}


def test_from_an_add_through_its_review_to_main(scene: Scene) -> None:
    scene.says(reviewers=f"[{REVIEWER}]", reviewLabels="[prod, rapt]")
    first = scene.succeeds(*ADD)
    scene.is_proposed_once(first)
    (pull,) = scene.pulls
    assert pull["title"] == "Add hello (command) 1.0.0 in prod"
    assert [one["login"] for one in pull["requested_reviewers"]] == [REVIEWER]
    assert sorted(one["name"] for one in pull["labels"]) == ["prod", "rapt"]
    assert "+ tool/hello" in pull["body"]
    assert f"  review: {pull['html_url']}\n  merge:  kubectl rapt changes merge {scene.id}\n" in first.stderr
    scene.is_proposed_once(scene.succeeds(*ADD))
    assert [_settled(one) for one in scene.pulls] == [_settled(pull)]

    listed = scene.succeeds("changes").stdout.splitlines()
    assert listed[0].split() == ["ID", "ENVIRONMENT", "TOOL", "STATE", "BY", "AGE", "SUMMARY"]
    assert re.match(rf"{scene.id} +prod +hello +open ", listed[1])
    approve(scene)
    shown = scene.succeeds("changes", "show", scene.id)
    for line in ("state      approved", f"review     {pull['html_url']}", f"approved   {REVIEWER}"):
        assert line in shown.stdout.splitlines(), shown
    assert '"state": "approved"' in scene.succeeds("changes", "-o", "json").stdout
    data = json.loads(scene.succeeds("changes", "show", scene.id, "-o", "json").stdout)
    assert (data["state"], data["approved"], data["pullRequest"]) == (
        "approved",
        [REVIEWER],
        pull["html_url"],
    )
    assert "tools/prod/hello.yaml" in data["files"]

    identifier = scene.id
    merged = scene.succeeds("changes", "merge", identifier)
    assert f"change {identifier} merged: Add hello" in merged.stdout
    scene.is_merged_once(4)
    assert scene.succeeds("changes").stderr == "No open changes.\n"
    assert "was merged already" in scene.succeeds("changes", "merge", identifier).stdout
    scene.succeeds(*ADD)
    assert (scene.branches, len(scene.pulls)) == (["main"], 1)


def test_a_protected_branch_waits_for_approvals_and_so_does_who_waits(scene: Scene) -> None:
    scene.gitea.protect(scene.repository, approvals=1)
    scene.succeeds(*ADD)
    identifier, url = scene.id, scene.pulls[0]["html_url"]
    said = scene.refuses(6, "changes", "merge", identifier)
    assert f"  try: see {url} for what is missing" in said
    assert scene.person.types("changes", "merge", identifier, "--wait", "--timeout", "1s").exit_code == 124
    waits = scene.person.starts("changes", "merge", identifier, "--wait", "--timeout", "240s")
    approve(scene)
    ended = end(waits)
    assert ended.exit_code == 0, ended
    assert f"change {identifier} is merged" in ended.stderr
    scene.is_merged_once(3)


def test_auto_merge_leaves_it_to_the_forge_and_an_add_can_wait_for_it(scene: Scene) -> None:
    scene.says(autoMerge="true")
    scene.gitea.protect(scene.repository, approvals=1)
    scene.succeeds(*ADD)
    assert [one["state"] for one in scene.pulls] == ["open"]
    waits = scene.person.starts(*ADD[:4], "--wait", "--timeout", "240s", *ADD[4:])
    approve(scene)
    ended = end(waits)
    assert ended.exit_code == 0, ended
    assert changes.read(scene.log()[0])


def test_a_draft_is_one_until_it_is_opened(scene: Scene) -> None:
    scene.succeeds(*ADD[:4], "--draft", *ADD[4:])
    assert scene.pulls[0]["draft"]
    assert f"try: kubectl rapt changes open {scene.id}" in scene.refuses(6, "changes", "merge", scene.id)
    scene.succeeds("changes", "open", scene.id)
    assert not scene.pulls[0]["draft"]
    scene.succeeds("changes", "merge", scene.id)


@pytest.mark.parametrize("says", ["its text", "nothing"])
def test_what_is_squashed_on_the_page_of_the_forge_is_merged(scene: Scene, says: str) -> None:
    scene.succeeds(*ADD)
    identifier, (pull,) = scene.id, scene.pulls
    text = {"merge_message_field": pull["body"]} if says == "its text" else {}
    scene.is_merged_on_its_page(pull["number"], {"do": "squash", **text})
    assert scene.succeeds("changes").stderr == "No open changes.\n"
    assert "was merged already" in scene.succeeds("changes", "merge", identifier).stdout
    assert (scene.branches, len(scene.log())) == (["main"], 3)
    scene.succeeds(*ADD)
    assert (scene.branches, len(scene.pulls)) == (["main"], 1)


def test_a_stale_branch_is_refreshed_and_then_merged(scene: Scene) -> None:
    scene.succeeds(*ADD)
    profiles = "\nprofiles:\n  small:\n    labels: {team: storage}\n"
    text = scene.file(layout.PROJECT).replace("review: required", "review: required\n    profile: small")
    scene.gitea.push(scene.repository, "main", {layout.PROJECT: text + profiles})
    merged = scene.succeeds("changes", "merge", scene.id)
    assert "rendered again on the current main branch" in merged.stderr
    assert "team: storage" in scene.file("rendered/prod/hello.yaml")
    assert (scene.branches, len(scene.pulls)) == (["main"], 1)


@pytest.mark.parametrize("style", ["merge", "rebase"])
def test_a_branch_that_is_updated_on_the_page_of_the_forge_still_holds_its_change(
    scene: Scene, style: str
) -> None:
    scene.succeeds(*ADD)
    identifier, (pull,) = scene.id, scene.pulls
    scene.gitea.push(scene.repository, "main", {"NOTES.md": "Ours\n"})
    path = f"/pulls/{pull['number']}"
    for _ in range(60):  # Gitea finds out by and by that the branch is behind
        scene.gitea.call("POST", f"{scene.repository.path}{path}/update?style={style}", fails=True)
        if scene.get(f"/branches/{scene.branch.replace('/', '%2F')}")["commit"]["id"] != pull["head"]["sha"]:
            break
        time.sleep(0.5)
    else:
        raise AssertionError("Gitea does not update the branch")
    for _ in range(60):  # a busy Gitea says for a moment that it cannot be merged, until it has looked
        if (listed := scene.succeeds("changes").stdout) and " conflict " not in listed:
            break
        time.sleep(0.5)
    assert re.search(rf"^{identifier} +prod +hello +open ", listed, re.MULTILINE)
    shown = scene.succeeds("changes", "show", identifier)
    assert f"review     {pull['html_url']}" in shown.stdout.splitlines()
    assert "NOTES.md" not in shown.stdout
    scene.is_proposed_once(scene.succeeds(*ADD))
    merged = scene.succeeds("changes", "merge", identifier)
    assert f"change {identifier} merged: Add hello" in merged.stdout
    scene.is_merged_once(4)


def test_a_change_that_somebody_edits_on_the_page_of_the_forge_is_merged_with_the_edit(scene: Scene) -> None:
    scene.succeeds(*ADD)
    path = layout.definition("prod", "hello")
    text = base64.b64decode(scene.get(f"/contents/{path}?ref={scene.branch}")["content"]).decode()
    scene.gitea.push(scene.repository, scene.branch, {path: text.replace("busybox:1.35", "busybox:1.36")})
    identifier = scene.id
    assert identifier in scene.succeeds("changes").stdout
    scene.succeeds("changes", "merge", identifier)
    assert "busybox:1.36" in scene.file("rendered/prod/hello.yaml")
    assert scene.branches == ["main"]


def test_a_quarter_of_all_answers_lost_merges_all_the_same(scenes: Scenes, between: Between) -> None:
    scene = scenes.make(url=between.url)
    chance = random.Random(7)
    between.lose(lambda line: "/api/" in line and chance.random() < 0.25)
    for count in (3, 4, 5):
        scene.succeeds("add", f"hello-{count}", *ADD[2:])
        scene.succeeds("changes", "merge", scene.id)
        scene.is_merged_once(count)
    assert len(scene.pulls) == 3
    assert [one["state"] for one in scene.pulls] == ["closed"] * 3


def test_two_who_merge_at_the_same_moment_are_told_of_the_empty_commit(
    scenes: Scenes, tmp_path: Path
) -> None:
    """On one machine the second finds it merged; on two, Gitea 1.26 takes both, and the later one says so."""
    here, elsewhere = scenes.make("here"), scenes.make("elsewhere")
    for scene in (here, elsewhere):
        scene.succeeds(*ADD)
    merge = ("changes", "merge", here.id)
    ended = [end(one) for one in [here.person.starts(*merge) for _ in range(2)]]
    assert [one.exit_code for one in ended] == [0, 0], ended
    here.is_merged_once(3)

    other = Person(
        tmp_path / "other", Path(os.devnull), repository=elsewhere.person.environ["RAPT_REPOSITORY"]
    )
    gate = tmp_path / "gate"
    gate.mkdir()
    both = [one.hesitates(gate, "changes", "merge", elsewhere.id) for one in (elsewhere.person, other)]
    identifier = elsewhere.id
    let_pass(gate, 2)
    ended = [end(one) for one in both]
    assert [one.exit_code for one in ended] == [0, 0], ended
    elsewhere.is_merged_once(4)
    notes = {line for one in ended for line in one.stderr.splitlines() if "is empty" in line}
    assert notes == {
        "  note: the forge merged it twice, as two asked at the same moment: "
        f"commit {elsewhere.get('/commits?sha=main')[0]['sha'][:7]} is empty, and changes nothing"
    }, ended
    shown = elsewhere.succeeds("changes", "show", identifier)
    assert shown.stdout.count("+++ b/tools/prod/hello.yaml") == 1


def test_what_is_closed_can_be_opened_again_or_given_up(scene: Scene) -> None:
    scene.succeeds(*ADD)
    identifier, number = scene.id, scene.pulls[0]["number"]
    scene.post("PATCH", f"/pulls/{number}", {"state": "closed"})
    again = scene.succeeds(*ADD)
    assert f"  reopen: kubectl rapt changes open {identifier}" in again.stderr
    assert f"try: kubectl rapt changes open {identifier}" in scene.refuses(7, "changes", "merge", identifier)
    scene.post("PATCH", f"/pulls/{number}", {"state": "open"})
    assert re.search(rf"{identifier} .* open ", scene.succeeds("changes").stdout)
    scene.post("PATCH", f"/pulls/{number}", {"state": "closed"})
    scene.succeeds("changes", "open", identifier)
    assert [one["state"] for one in scene.pulls] == ["closed", "open"]
    scene.succeeds("changes", "abandon", identifier, "-m", "Not needed.")
    assert scene.branches == ["main"]
    comments = scene.get(f"/issues/{scene.pulls[1]['number']}/comments")
    assert "Not needed." in [one["body"] for one in comments]


def test_a_branch_that_somebody_deleted_is_made_again_by_the_same_command(scene: Scene) -> None:
    scene.succeeds(*ADD)
    identifier = scene.id
    scene.post("DELETE", f"/branches/{scene.branch.replace('/', '%2F')}")
    assert f'no open change "{identifier}"' in scene.refuses(4, "changes", "merge", identifier)
    for _ in range(300):  # the forge closes it by and by
        if scene.pulls[0]["state"] == "closed":
            break
        time.sleep(0.2)
    scene.succeeds(*ADD)
    assert [one["state"] for one in scene.pulls] == ["closed", "open"]


def test_a_main_that_is_protected_refuses_what_needs_no_review_with_both_ways_out(scene: Scene) -> None:
    scene.gitea.protect(scene.repository)
    said = scene.refuses(6, "add", "hello", "--in", "dev", "--image", "busybox:1.35", "--", "true")
    assert "dev needs no review, and main takes no pushes" in said
    assert "try: say review: required for dev in rapt.yaml, or let main take your pushes" in said


def test_an_expired_token_and_a_repository_one_may_only_read_are_told(scene: Scene, gitea: Gitea) -> None:
    address = scene.person.environ["RAPT_REPOSITORY"]
    scene.person.environ["RAPT_REPOSITORY"] = address.replace(gitea.tokens[OWNER], "f" * 40)
    assert "  try: " in scene.refuses(6, *ADD)
    reader = {"permission": "read"}
    scene.post("PUT", f"/collaborators/{THIRD}", reader)
    scene.person.environ["RAPT_REPOSITORY"] = gitea.clone_url(scene.repository, THIRD)
    said = scene.person.types(*ADD)
    assert (said.exit_code, "  try: " in said.stderr) == (6, True), said
    assert scene.branches == ["main"]


@pytest.fixture
def between(gitea: Gitea) -> Iterator[Between]:
    between = Between(gitea.url)
    with served(between):
        yield between


@pytest.mark.parametrize(
    "pattern",
    ["POST .*/git-receive-pack", "POST .*/pulls$", "POST .*/labels$", "POST .*/requested_reviewers$"],
)
def test_an_answer_that_is_lost_leaves_one_commit_and_one_pull_request(
    scenes: Scenes, between: Between, pattern: str
) -> None:
    scene = scenes.make(url=between.url)
    scene.says(reviewers=f"[{REVIEWER}]", reviewLabels="[prod]")
    between.next(pattern, Answer(is_lost=True))
    scene.is_proposed_once(scene.person.types(*ADD))
    (pull,) = scene.pulls
    assert [one["login"] for one in pull["requested_reviewers"]] == [REVIEWER]


def test_a_merge_whose_answer_is_lost_is_merged_once(scenes: Scenes, between: Between) -> None:
    scene = scenes.make(url=between.url)
    scene.succeeds(*ADD)
    between.next("POST .*/merge$", Answer(is_lost=True))
    scene.succeeds("changes", "merge", scene.id)
    scene.is_merged_once(3)


def test_a_request_that_is_forbidden_is_told_and_finished_by_the_same_command(
    scenes: Scenes, between: Between
) -> None:
    scene = scenes.make(url=between.url)
    between.next("POST .*/pulls$", Answer(403, b'{"message": "token has no scope write:issue"}'))
    assert "token has no scope write:issue" in scene.refuses(6, *ADD)
    scene.is_proposed_once(scene.succeeds(*ADD))


def test_an_add_that_is_killed_before_or_after_any_write_is_proposed_and_merged_once(scenes: Scenes) -> None:
    undisturbed = scenes.make("undisturbed")
    ended, written = undisturbed.person.writes(*ADD)
    undisturbed.is_proposed_once(ended)
    ended, merging = undisturbed.person.writes("changes", "merge", undisturbed.id)
    assert ended.exit_code == 0, ended
    assert (len(written), len(merging)) == (2, 2), "\n".join([*written, *merging])

    def scenario(kill: Kill) -> None:
        scene = scenes.make(kill)
        killed = scene.person.is_killed(kill, *ADD)
        assert killed.was_killed, killed
        scene.is_proposed_once(scene.person.types(*ADD))
        merge = ("changes", "merge", scene.id)
        killed = scene.person.is_killed(kill, *merge)
        assert killed.was_killed, killed
        ended = scene.person.types(*merge)
        assert ended.exit_code == 0, ended
        scene.is_merged_once(3)
        assert len(scene.pulls) == 1

    each(scenario, kills(written))


def test_an_upgrade_that_is_killed_before_or_after_any_write_is_proposed_once(
    scenes: Scenes, tmp_path: Path
) -> None:
    team = RegistryRepository(tmp_path / "registries", "team")
    team.release("say", "1.0.0")
    first = scenes.make("first")
    text = first.file(layout.PROJECT) + f"registries:\n  team:\n    url: {team.path}\n"
    first.gitea.push(first.repository, "main", {layout.PROJECT: text})
    first.succeeds("add", "team/say", "--in", "prod")
    first.succeeds("changes", "merge", first.id)
    paths = (layout.PROJECT, layout.definition("prod", "say"), layout.rendered("prod", "say"))
    files = {path: first.file(path) for path in paths}
    team.release("say", "1.1.0")
    ended, written = first.person.writes(*UPGRADE)
    assert (ended.exit_code, len(written)) == (0, 2), ended

    def scenario(kill: Kill) -> None:
        scene = scenes.make(f"of-{kill}", files=files)
        killed = scene.person.is_killed(kill, *UPGRADE)
        assert killed.was_killed, killed
        scene.is_proposed_once(scene.person.types(*UPGRADE))

    each(scenario, kills(written))


def test_giving_up_that_is_killed_before_or_after_any_write_is_finished(scenes: Scenes) -> None:
    def scenario(kill: Kill) -> None:
        scene = scenes.make(kill)
        scene.succeeds(*ADD)
        abandon = ("changes", "abandon", scene.id)
        killed = scene.person.is_killed(kill, *abandon)
        assert killed.was_killed, killed
        ended = scene.person.types(*abandon)
        is_done = kill == Kill("after", 2)
        assert ended.exit_code == (4 if is_done else 0), ended
        assert (scene.branches, [one["state"] for one in scene.pulls]) == (["main"], ["closed"])

    each(scenario, kills(["the pull request", "the branch"]))


def test_init_completes_a_repository_that_exists_with_its_owners(scene: Scene) -> None:
    address = scene.person.environ["RAPT_REPOSITORY"]
    first = scene.succeeds("init", address, "--owners", f"{OWNER},@team/ops")
    assert "commit CODEOWNERS to main" in first.stdout
    assert "environments      dev (review: none, the default), prod (review: required)" in first.stdout
    assert rf"tools/.* @{OWNER} @team/ops" in scene.file("CODEOWNERS").splitlines()
    count = len(scene.log())
    scene.succeeds("init", address, "--owners", f"{OWNER},@team/ops")
    other = scene.succeeds("init", address, "--owners", REVIEWER)
    assert "CODEOWNERS is there already, and was left as it is" in other.stderr
    assert len(scene.log()) == count
