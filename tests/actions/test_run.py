"""What a person asks of ``run``, and runs that are reviewed in a config repository of real git."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import writes
from kubectl_rapt.actions import awaited, check, compose, desired, reviewed
from kubectl_rapt.actions import merge as merging
from kubectl_rapt.actions import repository as repositories
from kubectl_rapt.actions import run as running
from kubectl_rapt.actions.composition import Composition
from kubectl_rapt.actions.reviewed import Executed
from kubectl_rapt.actions.run import Request
from kubectl_rapt.config import layout
from kubectl_rapt.errors import Conflict, Invalid, NotFound, RaptError, Refused, UsageError
from kubectl_rapt.model.kinds import JOB, NAMESPACE, RUN, SECRET, TOOL, Ref
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.runs import mounts
from kubectl_rapt.runs.lifecycle import Seen
from tests.fakes.world import FakeWorld, FakeWriters
from tests.given import NOON
from tests.repositories import ConfigRepository

AT = "/spec/template/spec/containers/0/env"
DAY = {"name": "day", "type": "string", "at": [f"{AT}/0/value"]}
TRIES = {"name": "tries", "type": "integer", "minimum": 1, "at": [f"{AT}/1/value"]}
ZONE = {"name": "zone", "type": "string", "default": "utc", "at": [f"{AT}/2/value"]}
PASSWORD = {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}}
NAMESPACES = {"dev": "team", "prod": "live"}


@pytest.fixture
def report(ann: FakeWorld) -> None:
    """A tool with three questions in each environment, each in its namespace."""
    env: list[dict[str, Any]] = [{"name": name, "value": ""} for name in ("DAY", "TRIES", "ZONE")]
    env += [{"name": "LEVEL", "value": "info"}, PASSWORD]
    container = {"name": "tool", "image": "busybox:1.35", "env": env}
    pod = {"restartPolicy": "Never", "containers": [container]}
    job = {"metadata": {"labels": {"rapt.dev/tool": "report"}}, "spec": {"template": {"spec": pod}}}
    for environment, namespace in NAMESPACES.items():
        spec = {"environment": environment, "parameters": [DAY, TRIES, ZONE], "job": job}
        for kind, name, more in (
            (TOOL, "report", {"spec": spec}),
            (SECRET, "database", {"data": {"password": ""}}),
        ):
            metadata = {"name": name, "namespace": namespace}
            ann.cluster.create(
                {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata, **more}
            )


def ask(**more: Any) -> Request:
    return replace(Request("report", "live", {"day": "mon", "tries": "3"}, {}), **more)


def env_of(run: Run) -> dict[str, Any]:
    variables = run.job["spec"]["template"]["spec"]["containers"][0]["env"]
    return {one["name"]: one.get("value") for one in variables}


@pytest.mark.usefixtures("report")
def test_flags_win_over_a_file_whose_answers_are_typed(ann: FakeWorld, tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text("tries: 5\nday: sun\nzone: cet\n")
    values = running.read_answers(ann, str(tmp_path / "answers.yaml"))
    run = running.plan(ann, ask(answers={"day": "mon"}, values=values))
    assert run.answers == {"tries": 5, "day": "mon", "zone": "cet"}
    assert (env_of(run)["DAY"], env_of(run)["TRIES"], env_of(run)["ZONE"]) == ("mon", "5", "cet")
    with pytest.raises(Invalid, match="1 answer"):
        running.plan(ann, ask(answers={"day": "mon"}, values={"tries": "five"}))


@pytest.mark.usefixtures("report")
def test_all_that_is_missing_is_said_at_once_and_is_the_commands_fault(ann: FakeWorld) -> None:
    with pytest.raises(UsageError) as caught:
        running.plan(ann, ask(answers={}))
    assert [problem.where for problem in caught.value.problems] == ["day", "tries"]
    assert caught.value.hint == "kubectl rapt run report --set day=… --set tries=…"
    with pytest.raises(Invalid) as wrong:
        running.plan(ann, ask(answers={"tries": "0", "dya": "mon"}))
    assert {problem.where for problem in wrong.value.problems} == {"day", "dya", "tries"}
    tool = running.tool(ann, ask())
    assert [one.name for one in running.open_questions(tool, ask(answers={"day": "mon"}))] == ["tries"]


def test_the_text_of_a_file_is_an_answer_without_its_last_line_end(ann: FakeWorld, tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"one\ntwo\r\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "list").write_text("[1]")
    assert running.read_text(ann, str(tmp_path / "text")) == "one\ntwo"
    with pytest.raises(Invalid, match="not UTF-8"):
        running.read_text(ann, str(tmp_path / "bytes"))
    with pytest.raises(Invalid, match="map parameters to values"):
        running.read_answers(ann, str(tmp_path / "list"))
    with pytest.raises(NotFound):
        running.read_answers(ann, str(tmp_path / "nothing"))


@pytest.mark.usefixtures("report")
def test_env_replaces_what_the_tool_declares_but_no_answer_and_nothing_from_a_secret(ann: FakeWorld) -> None:
    run = running.plan(ann, ask(env={"LEVEL": "debug"}))
    assert list(env_of(run)) == ["DAY", "TRIES", "ZONE", "LEVEL", "PASSWORD"]
    assert env_of(run)["LEVEL"] == "debug"
    for name, hint in (("DAY", "--set day=…"), ("PASSWORD", "kubectl edit secret database"), ("NEW", "")):
        with pytest.raises(UsageError) as caught:
            running.plan(ann, ask(env={name: "x"}))
        assert caught.value.hint.startswith(hint)


@pytest.mark.usefixtures("report")
def test_what_was_found_on_this_machine_is_refused_by_name(ann: FakeWorld, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "right").write_text("right")
    (folder / "link").symlink_to("right")
    os.mkfifo(folder / "pipe")
    with pytest.raises(Invalid) as caught:
        running.read_mounts(ann, mounts.parse([f"{folder}:/given"], []))
    assert [(Path(one.where).name, one.what) for one in caught.value.problems] == [
        ("link", "is a symbolic link"),
        ("pipe", "is a named pipe"),
    ]
    with pytest.raises(Invalid, match="holds what cannot"):
        running.read_mounts(ann, mounts.parse([f"{folder / 'link'}:/given"], []))
    with pytest.raises(NotFound):
        running.read_mounts(ann, mounts.parse([f"{tmp_path / 'nothing'}:/given"], []))


@pytest.mark.usefixtures("report")
def test_a_file_that_looks_like_a_credential_goes_into_a_secret_only(ann: FakeWorld, tmp_path: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    (tmp_path / "token").write_text(f"# mine\n{token}\n")
    place = f"{tmp_path / 'token'}:/run/token"
    with pytest.raises(Refused) as caught:
        running.plan(ann, ask(mounts=running.read_mounts(ann, mounts.parse([place], []))))
    assert (caught.value.code, caught.value.hint) == ("secret-in-mount", "--secret-mount LOCAL:PATH")
    assert caught.value.problems[0].where.endswith("token:2")
    assert token[:8] not in str(caught.value.problems)
    run = running.plan(ann, ask(mounts=running.read_mounts(ann, mounts.parse([], [place]))))
    assert run.mounts[0].kind == "Secret"
    assert token not in repr(runs.to_manifest(run))


@pytest.mark.usefixtures("report")
def test_a_configmap_of_that_name_that_is_somebody_elses_is_not_taken_for_the_runs(
    ann: FakeWorld, tmp_path: Path
) -> None:
    (tmp_path / "word").write_text("word")
    request = ask(id="one", mounts=running.read_mounts(ann, mounts.parse([f"{tmp_path / 'word'}:/w"], [])))
    run = running.plan(ann, request)
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one-1", "namespace": "live"}}
    ann.cluster.create(theirs)
    with pytest.raises(Conflict) as caught:
        running.start(ann, FakeWriters(ann), Seen(run, contents=mounts.contents(run, request.mounts)))
    assert caught.value.code == "name-taken"
    assert list(ann.cluster.list(JOB, "live")) == []


@pytest.mark.usefixtures("report")
def test_where_runs_are_reviewed_the_way_out_is_the_same_command_with_review(ann: FakeWorld) -> None:
    tool = replace(running.tool(ann, ask()), is_reviewed=True)
    with pytest.raises(Refused) as caught:
        running.check_direct(tool, ["run", "report", "--set", "day=a b"])
    assert caught.value.code == "review-needed"
    assert caught.value.hint == "kubectl rapt run report --set 'day=a b' --review"


@pytest.fixture
def own_cluster(ann: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desired, "check_cluster", lambda *_: None)


def propose(world: FakeWorld, request: Request, environment: str = "prod") -> Composition:
    """Push the change that asks for a reviewed run."""
    run = running.plan(world, replace(request, not_after=NOON + timedelta(hours=24)))
    make = reviewed.draft(world, run, environment)
    made = compose.plan(world, make)
    url = world.settings.repository
    writes.settle(FakeWriters(world), url, lambda _: compose.plan(world, make).plan, made.plan)
    return made


def merge(world: FakeWorld, made: Composition) -> None:
    planned = merging.plan(world, made.change.id)
    writes.settle(
        FakeWriters(world),
        world.settings.repository,
        lambda refs: merging.plan(world, made.change.id, refs).plan,
        planned.plan,
    )


def execute(world: FakeWorld, environment: str = "prod") -> list[Executed]:
    told: list[Executed] = []
    reviewed.execute(world, FakeWriters(world), repositories.read(world), environment, told.append)
    return told


def names(world: FakeWorld, namespace: str = "live") -> list[str]:
    return [one["metadata"]["name"] for one in world.cluster.list(RUN, namespace)]


@pytest.mark.usefixtures("report", "own_cluster")
@pytest.mark.parametrize("environment", ["prod", "dev"])
def test_a_reviewed_run_is_started_once_after_its_merge_whoever_looks_and_however_often(
    ann: FakeWorld, bob: FakeWorld, repository: ConfigRepository, environment: str
) -> None:
    namespace = NAMESPACES[environment]
    made = propose(ann, ask(id="once", namespace=namespace), environment)
    assert made.is_reviewed, "also where other changes need no review"
    assert made.change.branch == f"rapt/{environment}/once/{made.change.id}"
    assert execute(bob, environment) == []
    merge(bob, made)
    path = layout.run(environment, "once")
    assert path in repository.files()
    assert not layout.is_inside(path, layout.rendered_folder(environment))
    assert [one.what for one in execute(bob, environment)] == ["started"]
    assert execute(ann, environment) == execute(bob, environment) == []
    assert names(ann, namespace) == ["once"]
    (job,) = ann.cluster.list(JOB, namespace)
    assert job["spec"]["suspend"] is False


@pytest.mark.usefixtures("report", "own_cluster")
def test_a_run_that_waits_for_its_merge_is_known_without_asking_the_git_server(
    ann: FakeWorld, bob: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = propose(ann, ask(id="once"))
    assert awaited.found(bob, "prod") == [], "bob has not fetched it yet"
    repositories.read(bob)
    with monkeypatch.context() as patched:
        patched.setattr(bob.git, "fetch", lambda *_: pytest.fail("it asks the git server"))
        (one,) = awaited.found(bob, "prod")
    assert (one.run.name, one.run.tool, one.change) == ("once", "report", made.change.id)
    assert (one.status, one.next_step) == ("Review", f"kubectl rapt changes show {made.change.id}")
    assert awaited.found(bob, "dev") == []
    merge(ann, made)
    repositories.read(bob)
    (one,) = awaited.found(bob, "prod")
    assert (one.run.name, one.status, one.next_step) == ("once", "Merged", "kubectl rapt sync --in prod")
    execute(bob, "prod")
    assert awaited.found(bob, "prod") == []


@pytest.mark.usefixtures("report", "own_cluster")
def test_the_same_request_is_the_same_change_and_another_one_is_refused(ann: FakeWorld) -> None:
    made = propose(ann, ask(id="once"))
    again = propose(ann, ask(id="once"))
    assert (again.change.id, again.is_waiting) == (made.change.id, True)
    with pytest.raises(Conflict) as caught:
        propose(ann, ask(id="once", answers={"day": "tue", "tries": "3"}))
    assert caught.value.code == "request-differs"
    merge(ann, made)
    assert propose(ann, ask(id="once")).plan.steps == ()


@pytest.mark.usefixtures("report", "own_cluster")
def test_who_half_started_it_is_followed_by_whoever_looks_next(ann: FakeWorld) -> None:
    merge(ann, propose(ann, ask(id="once")))
    run = reviewed.read(ann, repositories.read(ann), "prod", "once")
    ann.cluster.create(runs.to_manifest(run))
    assert [one.what for one in execute(ann)] == ["started"]
    assert len(list(ann.cluster.list(JOB, "live"))) == 1


@pytest.mark.usefixtures("report", "own_cluster")
@pytest.mark.parametrize(("late", "told"), [(timedelta(0), ["too late"]), (timedelta(days=8), [])])
def test_what_comes_too_late_is_never_started_and_that_is_said_for_a_week(
    ann: FakeWorld, monkeypatch: pytest.MonkeyPatch, late: timedelta, told: list[str]
) -> None:
    merge(ann, propose(ann, ask(id="once")))
    monkeypatch.setattr(FakeWorld, "now", lambda _: NOON + timedelta(hours=24) + late)
    assert [one.what for one in execute(ann)] == told
    assert names(ann) == []


EDITS: list[tuple[str, Callable[[str], str]]] = [
    ("answers that differ", lambda text: text.replace("tries: 3", "tries: 4")),
    ("another name", lambda text: text.replace("name: once", "name: twice")),
    ("another namespace", lambda text: text.replace("namespace: live", "namespace: team")),
    ("no end", lambda text: "".join(line for line in text.splitlines(True) if "notAfter" not in line)),
    ("an end far away", lambda text: text.replace('notAfter: "2026', 'notAfter: "2036')),
    ("a privileged pod", lambda text: text.replace("restartPolicy: Never", "hostPID: true")),
    ("an adopted job", lambda text: text.replace("spec:\n", "spec:\n  adopted: {job: a, uid: b}\n", 1)),
    ("another kind", lambda text: text.replace("kind: Run", "kind: Pod")),
    ("no object", lambda text: "[]"),
    ("no YAML", lambda text: "{"),
]


@pytest.mark.usefixtures("report", "own_cluster")
@pytest.mark.parametrize("edit", [edit for _, edit in EDITS], ids=[name for name, _ in EDITS])
def test_a_file_that_was_edited_into_something_else_is_refused_and_the_others_go_on(
    ann: FakeWorld, repository: ConfigRepository, edit: Callable[[str], str]
) -> None:
    merge(ann, propose(ann, ask(id="once")))
    merge(ann, propose(ann, ask(id="zoe")))
    path = layout.run("prod", "once")
    before = repository.files()[path].decode()
    assert edit(before) != before
    repository.commit({path: edit(before).encode()})
    checked = {one.path: bool(one.problems) for one in check.check(ann, repositories.read(ann))}
    assert checked == {path: True, layout.run("prod", "zoe"): False}, "a review can see it already"
    assert [(one.name, one.what) for one in execute(ann)] == [("once", "refused"), ("zoe", "started")]
    assert names(ann) == ["zoe"]


@pytest.mark.usefixtures("report")
def test_a_run_is_not_asked_for_in_a_namespace_or_for_a_time_that_is_not_the_environments(
    ann: FakeWorld,
) -> None:
    run = running.plan(ann, ask(id="once", not_after=NOON + timedelta(days=15)))
    found = repositories.read(ann)
    for wanted, code in (
        (run, "bad-not-after"),
        (replace(run, not_after=NOON), "bad-not-after"),
        (replace(run, namespace="elsewhere", not_after=NOON + timedelta(hours=1)), "other-namespace"),
    ):
        with pytest.raises(Refused) as caught:
            reviewed.draft(ann, wanted, "prod")(found)
        assert caught.value.code == code


@pytest.mark.usefixtures("report")
@pytest.mark.parametrize(
    ("path", "is_refused"), [("./", True), ("runs", True), ("./runs/prod", True), ("./rendered/prod", False)]
)
def test_no_folder_that_a_controller_applies_may_hold_reviewed_runs(
    ann: FakeWorld, path: str, is_refused: bool
) -> None:
    marks = {"kustomize.toolkit.fluxcd.io/name": "tools", "kustomize.toolkit.fluxcd.io/namespace": "flux"}
    run = running.plan(ann, ask(id="once"))
    tool = Ref(TOOL, "report", "live")
    ann.cluster.patch(tool, {"metadata": {"labels": marks}})
    ann.cluster.create(
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": "tools", "namespace": "flux"},
            "spec": {"path": path},
        }
    )
    try:
        reviewed.check_folder(ann, run, "prod")
    except RaptError as error:
        assert (error.code, is_refused) == ("applied-folder", True)
    else:
        assert not is_refused


def test_the_environment_of_another_cluster_starts_nothing(ann: FakeWorld, report: None) -> None:
    merge(ann, propose(ann, ask(id="once")))
    other = {"apiVersion": "v1", "kind": NAMESPACE.name, "metadata": {"name": "kube-system"}}
    ann.cluster.create(other)
    with pytest.raises(Refused) as caught:
        execute(ann)
    assert caught.value.code == "other-cluster"
    assert names(ann) == []
