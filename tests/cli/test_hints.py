"""Every refusal that has a code is provoked, and every command that it shows is typed in the same place."""

import itertools
import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.actions import locate
from kubectl_rapt.adapters.programs import Programs
from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.cli import main
from kubectl_rapt.config import location as locations
from kubectl_rapt.config.location import Location
from kubectl_rapt.config.project import Environment
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import RUN, TOOL, Kind, Manifest, Ref, ref_of
from kubectl_rapt.model.target import Target
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.runs import Attempt, Mount
from kubectl_rapt.ports.world import World
from tests import given, hints
from tests.fakes.cluster import FakeCluster
from tests.fakes.world import FakeWorld, FakeWriters
from tests.killing import Ended
from tests.registries import RegistryRepository
from tests.repositories import ConfigRepository

ROOT = Path(__file__).parents[2]
CODES = tuple(re.findall(r"^## (\S+)$", (ROOT / "docs/errors.md").read_text(), re.MULTILINE))
_BEYOND_THE_FAKE = "NotImplementedError"


class PlacedCluster(FakeCluster):
    """The fake, whose namespace is that of the environment that a command acts in; everybody may do everything."""

    location: Location | None = None
    named = ""

    def namespace(self) -> str:
        if self.location and not self.named:
            return locations.one_namespace(self.location)
        return self.named or super().namespace()

    def list(self, kind: Kind, namespace: str, *, labels: str = "", fields: str = "") -> Iterator[Manifest]:
        """As the real one: also where a label is not to be there, and by the state of a run."""
        terms = [one for one in labels.split(",") if one]
        absent = [one.removeprefix("!") for one in terms if one.startswith("!")]
        present = ",".join(one for one in terms if not one.startswith("!"))
        states = [
            one.partition("status.state")[2] for one in fields.split(",") if one.startswith("status.state")
        ]
        others = ",".join(one for one in fields.split(",") if not one.startswith("status.state"))
        for item in super().list(kind, namespace, labels=present, fields=others):
            has = item["metadata"].get("labels") or {}
            state = (item.get("status") or {}).get("state") or ""
            fits = [(one[2:] != state) if one[0] == "!" else (one[1:] == state) for one in states]
            if all(fits) and not any(one in has for one in absent):
                yield item

    def may(self, *_: Any, **__: Any) -> bool:  # type: ignore[override]
        return True


@dataclass
class Place:
    """A home, a config repository with two environments, and a fake cluster with tools and runs in each namespace."""

    folder: Path
    repository: ConfigRepository
    world: FakeWorld
    monkeypatch: pytest.MonkeyPatch
    capfd: pytest.CaptureFixture[str]

    def types(self, words: Sequence[str]) -> Ended:
        code = main.run(list(words))
        told = self.capfd.readouterr()
        if _BEYOND_THE_FAKE in told.err:
            return Ended(0, "", "")  # it got as far as what only a real cluster does
        return Ended(code, told.out, told.err)

    def write(self, path: str, content: str | bytes = "") -> Path:
        found = self.folder / path
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_bytes(content if isinstance(content, bytes) else content.encode())
        return found


Prepares = Callable[[Place], object]


@dataclass(frozen=True)
class Typed:
    """What is typed to provoke a refusal, in the place's folder, after something was prepared there."""

    words: str
    prepares: Prepares = field(default=lambda place: None)


_RUNS = (("waits", "", 0), ("failed", "Failed", 2), ("never", "NotStarted", 0), ("dead", "Exhausted", 2))


def _tool(name: str, namespace: str, environment: str, **labels: str) -> dict[str, Any]:
    at = "/spec/template/spec/containers/0/env"
    env: list[dict[str, Any]] = [
        {"name": "WORD", "value": ""},
        {"name": "PLACE", "value": "here"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "key", "optional": True}}},
    ]
    container = {"name": "tool", "image": "busybox:1.35", "env": env, "command": ["echo"]}
    container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    pod = {"restartPolicy": "Never", "containers": [container], "volumes": [{"name": "data", "emptyDir": {}}]}
    return {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "environment": environment,
            "parameters": [{"name": "word", "type": "string", "at": [f"{at}/0/value"]}],
            "job": {"metadata": {"labels": {"rapt.dev/tool": name}}, "spec": {"template": {"spec": pod}}},
        },
    }


def _run(name: str, namespace: str, environment: str, state: str = "", attempts: int = 0) -> dict[str, Any]:
    labels = {"rapt.dev/run": name, "rapt.dev/tool": "say", "rapt.dev/environment": environment}
    mounts = (Mount("ConfigMap", f"{name}-1", "sha256:aa", "/etc/x"),) if state == "Exhausted" else ()
    found = dict(
        runs.to_manifest(
            given.a_run(
                name=name,
                namespace=namespace,
                tool="say",
                answers={"word": "hello"},
                labels=labels,
                mounts=mounts,
            )
        )
    )
    if state:
        tried = [
            runs.attempt_to_data(
                Attempt(
                    n, f"{name}-{n}", f"uid-{n}", given.NOON, given.NOON, 137, "OOMKilled", container="tool"
                )
            )
            for n in range(1, attempts + 1)
        ]
        found["status"] = {"state": state, "attempts": tried}
    return found


@pytest.fixture(scope="module")
def renderer() -> Iterator[Sandbox]:
    renderer = Sandbox()
    yield renderer
    renderer.close()


@pytest.fixture
def place(
    home: Path,
    tmp_path: Path,
    renderer: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Place:
    cluster = PlacedCluster(namespace="nc-dev")
    system = cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}})
    uid = system["metadata"]["uid"]
    repository = ConfigRepository(
        tmp_path,
        Environment("dev", ("nc-dev",), cluster=uid, is_reviewed=False),
        Environment("prod", ("nc-prod",), cluster=uid),
        Environment("wide", ("nc-one", "nc-two"), cluster=uid),
    )
    monkeypatch.setenv("RAPT_REPOSITORY", str(repository.path))
    monkeypatch.setenv("RAPT_ENVIRONMENT", "dev")
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for environment, namespace in (("dev", "nc-dev"), ("prod", "nc-prod")):
        cluster.create(_tool("say", namespace, environment))
        for name, state, attempts in _RUNS:
            made = _run(f"{name}-{environment}", namespace, environment, state, attempts)
            cluster.create(made)
            if state:
                cluster.patch(
                    Ref(RUN, made["metadata"]["name"], namespace),
                    {"status": made["status"]},
                    subresource="status",
                )
    cluster.create(
        _tool("git", "nc-dev", "dev", **{"rapt.dev/repository": "r", "rapt.dev/environment": "dev"})
    )
    world = FakeWorld("ann", home, wiring.read_settings(os.environ), renderer, cluster)

    @contextmanager
    def open_world(
        target: Target, environment: str = "", *_: Any, **how: Any
    ) -> Iterator[tuple[World, FakeWriters]]:
        may_be_default = how.get("has_default", True) and not (target.namespace or target.context)
        world.location, world.settings = None, wiring.read_settings(os.environ)
        if environment or (may_be_default and world.settings.environment):
            world.location = locate.find(world, environment, target)
        cluster.location, cluster.named = world.location, target.namespace
        yield world, FakeWriters(world)

    monkeypatch.setattr(wiring, "open_world", open_world)
    return Place(folder, repository, world, monkeypatch, capfd)


def _add(place: Place) -> None:
    """A tool in the config repository, in both reviewed environments, from a template that came with Rapt."""
    for environment in ("prod", "wide -n nc-one"):
        _merge(place, f"add http-check --name hello --set url=http://a.example.com --in {environment}")


def _merge(place: Place, words: str) -> None:
    """Make a change, and take its branch for main."""
    before = place.repository.branches
    ended = place.types(shlex.split(words))
    after = place.repository.branches
    made = set(after) - set(before)
    assert (ended.exit_code, len(made)) == (0, 1), ended
    place.repository.move_main(after[made.copy().pop()])
    place.repository.git("branch", "-D", made.pop())


def _listed(place: Place) -> None:
    """A registry of the team, with a tool from it."""
    registry = RegistryRepository(place.folder, "team")
    registry.release("hello", "1.0.0")
    registry.release("command", "9.0.0")
    before = place.repository.main
    ended = place.types(["registry", "add", "team", str(registry.path)])
    assert ended.exit_code == 0, ended
    if place.repository.main == before:
        (made,) = set(place.repository.branches) - {"main"}
        place.repository.move_main(place.repository.branches[made])
        place.repository.git("branch", "-D", made)
    _merge(place, "add team/hello --in prod")


_SCHEDULED = "add http-check --in prod --set url=http://a.example.com"


def _twice(place: Place) -> None:
    _merge(place, f"{_SCHEDULED} --name hello --schedule @daily --schedule @hourly")


def _away(place: Place) -> None:
    _listed(place)
    shutil.move(place.folder / "team.git", place.folder / "away.git")
    shutil.rmtree(place.world.home / "git")
    place.world.__post_init__()  # another process, which remembers nothing


def _edited(place: Place) -> None:
    _add(place)
    _edited_by_hand(place, "rendered/prod/hello.yaml")


def _edited_by_hand(place: Place, path: str) -> None:
    place.repository.commit({path: place.repository.files()[path].replace(b"memory: ", b"memory:  ")})


def _broken(place: Place) -> None:
    _add(place)
    text = place.repository.files()["tools/prod/hello.yaml"]
    place.repository.commit(
        {f"tools/prod/{name}.yaml": text.replace(b"answers:", b"anwsers:") for name in ("one", "two")}
    )


def _without_cluster(place: Place) -> None:
    text = place.repository.files()["rapt.yaml"].decode()
    place.repository.commit({"rapt.yaml": re.sub("(?m)^ +cluster: .*\n", "", text).encode()})


def _changed(place: Place) -> None:
    place.types(["add", "http-check", "--name", "hello", "--in", "prod", "--set", "url=http://a.example.com"])
    (branch,) = set(place.repository.branches) - {"main"}
    place.write("change", branch.rpartition("/")[2])


def _foreign(place: Place) -> None:
    _add(place)
    path = "tools/prod/hello.yaml"
    text = (
        place.repository.files()[path]
        .decode()
        .replace("registry: bundled", "registry: https://git.invalid/x")
    )
    place.repository.commit({path: text.encode()})


def _new(place: Place) -> None:
    place.write("templates/keep")
    ended = place.types(["template", "new", "hello"])
    assert ended.exit_code == 0, ended


def _without_engine(place: Place) -> None:
    _new(place)
    place.world.programs = Programs({"PATH": "/nonexistent"})


def _files(**files: str | bytes) -> Prepares:
    def prepare(place: Place) -> None:
        for path, content in files.items():
            place.write(path.replace("__", "."), content)

    return prepare


def _many(place: Place) -> None:
    for number in range(201):
        place.write(f"many/{number}", "x")


def _registry(place: Place) -> None:
    place.write("templates/hello/template.yaml", "x: 1\n")


def _with_a_pod(place: Place) -> None:
    _registry(place)
    place.write("j.yaml", "kind: Pod\napiVersion: v1\n")


def _environ(**values: str) -> Prepares:
    def prepare(place: Place) -> None:
        for name, value in values.items():
            place.monkeypatch.setenv(name, value)

    return prepare


def _settings(text: str) -> Prepares:
    def prepare(place: Place) -> None:
        place.write("../home/.config/rapt/config.json", text)

    return prepare


def _with_a_missing_secret(place: Place) -> None:
    tool = _tool("needs", "nc-dev", "dev")
    tool["spec"]["parameters"] = []
    env = tool["spec"]["job"]["spec"]["template"]["spec"]["containers"][0]["env"]
    del env[2]["valueFrom"]["secretKeyRef"]["optional"]
    place.world.cluster.create(tool)


def _being_deleted(place: Place) -> None:
    _add(place)
    ended = place.types(["sync", "--in", "prod"])
    assert ended.exit_code == 0, ended
    place.world.cluster.patch(
        Ref(TOOL, "hello", "nc-prod"), {"metadata": {"deletionTimestamp": "2026-11-22T12:00:00Z"}}
    )


PROVOKED = {
    "bad-env": Typed("run say --set word=a --env 1A=x"),
    "bad-file": Typed("run say --set word=a --mount empty:/etc/x", lambda place: place.write("empty/..a")),
    "bad-flag": Typed("run say --set word"),
    "bad-jsonpath": Typed("runs -o jsonpath={.a"),
    "bad-kind": Typed("logs foo/say"),
    "bad-mount": Typed("run say --set word=a --mount x"),
    "bad-name": Typed("template new Hello_World", _registry),
    "bad-answers": Typed("run say --set wrod=a"),
    "bad-not-after": Typed("run say --in prod --review --set word=a --not-after 100d"),
    "bad-reference": Typed("show a/b/c@"),
    "bad-registry": Typed("registry add Team_A https://user:secret@example.com/x"),
    "bad-usage": Typed("runs a b"),
    "bad-yaml": Typed("run say --answers a.yaml", _files(a__yaml="a: 1\na: 2\n")),
    "bad-project": Typed("sync", lambda place: place.repository.commit({"rapt.yaml": b"environments: 3\n"})),
    "bad-definition": Typed("add hello --image busybox:1.35 --schedule '61 * * * *'"),
    "bad-settings": Typed("config view", _settings('{"repositry": "x"}')),
    "bad-address": Typed("registry add team ext::sh"),
    "cannot-convert": Typed(
        "template new x --from j.yaml",
        _with_a_pod,
    ),
    "held-by-git": Typed("delete git"),
    "held-env": Typed("run say --set word=a --env KEY=x"),
    "undeclared-env": Typed("run say --set word=a --env OTHER=x"),
    "literal-secret": Typed(
        "add hello --image busybox:1.35 -- sh -c TOKEN=ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"
    ),
    "missing-answers": Typed("run say"),
    "mount-taken": Typed("run say --set word=a --mount f:/data", _files(f="x")),
    "needs-files": Typed("dead replay dead-dev"),
    "no-attempt": Typed("logs failed-dev --attempt 9"),
    "no-change": Typed("changes merge 123456"),
    "no-checkout": Typed("template lint hello"),
    "no-command": Typed("rnu say"),
    "no-container": Typed("debug failed-dev -c nope"),
    "no-context": Typed("config set contexts.dev nope"),
    "no-dev-cluster": Typed("dev run hello --with cluster", _new),
    "no-engine": Typed("dev run hello", _without_engine),
    "no-environment": Typed("runs --in prd"),
    "no-file": Typed("run say --answers nope.yaml"),
    "no-flag": Typed("run say --sett word=a"),
    "no-key": Typed("explain hello nope --in prod", _add),
    "no-page": Typed("help errors no-tol"),
    "no-policy": Typed("policy show nope"),
    "no-project": Typed("sync", lambda place: place.repository.commit({"rapt.yaml": None})),
    "no-registry": Typed("registry remove nope"),
    "no-repository": Typed("list --repository", _environ(RAPT_REPOSITORY="", RAPT_ENVIRONMENT="")),
    "no-run": Typed("dead replay nope"),
    "no-schedule": Typed("schedule suspend say"),
    "no-setting": Typed("config set repositry x"),
    "no-template": Typed("add htp-check"),
    "no-tool": Typed("run sya"),
    "no-version": Typed("add http-check@9.9.9"),
    "not-asked": Typed(
        "delete other", lambda place: place.world.cluster.create(_tool("other", "nc-dev", "dev"))
    ),
    "not-dead": Typed("dead replay failed-dev"),
    "not-found": Typed("logs job/nope"),
    "not-set": Typed("config unset environment"),
    "not-shared": Typed("remove hello --in wide --from-namespace nc-two", _add),
    "not-text": Typed("run say --set-file word=f", _files(f=b"\xff\xfe")),
    "other-environment": Typed(
        "run say",
        lambda place: place.world.cluster.patch(
            Ref(TOOL, "say", "nc-dev"), {"spec": {"environment": "prod"}}
        ),
    ),
    "other-namespace": Typed("runs --in dev -n nc-prod"),
    "request-differs": Typed("run say --set word=other --request-id failed-dev"),
    "review-needed": Typed(
        "run say --in prod --set word=a",
        lambda place: place.world.cluster.patch(Ref(TOOL, "say", "nc-prod"), {"spec": {"runs": "reviewed"}}),
    ),
    "reviewed-default": Typed("runs", _environ(RAPT_ENVIRONMENT="prod")),
    "run-goes-on": Typed("retry waits-dev"),
    "run-is-over": Typed("cancel failed-dev"),
    "run-never-began": Typed("retry never-dev"),
    "run-succeeded": Typed(
        "retry failed-dev",
        lambda place: place.world.cluster.patch(
            Ref(RUN, "failed-dev", "nc-dev"), {"status": {"state": "Succeeded"}}, subresource="status"
        ),
    ),
    "secret-in-mount": Typed(
        "run say --set word=a --mount f:/etc/x",
        _files(f="token: ghp_0123456789abcdefghijklmnopqrstuvwxyzAB\n"),
    ),
    "several-namespaces": Typed("run say --in wide"),
    "several-registries": Typed("show command", _listed),
    "still-active": Typed("delete say"),
    "too-large": Typed("run say --set word=a --mount f:/etc/x", _files(f=b"x" * 3_000_000)),
    "too-many-files": Typed("run say --set word=a --mount many:/etc/x", _many),
    "template-exists": Typed("template new hello", _registry),
    "bad-template": Typed("dev run hello", _registry),
    "namespace-not-allowed": Typed("share hello --in prod --to-namespace kube-system", _add),
    "last-namespace": Typed("remove hello --in prod --from-namespace nc-prod", _add),
    "tool-exists": Typed("add http-check --name hello --in prod --set url=http://a", _add),
    "tool-proposed": Typed("add http-check --name hello --in prod --set url=http://b.example.com", _changed),
    "unknown-registry": Typed("upgrade hello --in prod", _foreign),
    "no-main": Typed("sync", lambda place: place.repository.git("branch", "-m", "main", "trunk")),
    "same-object": Typed(f"{_SCHEDULED} --name hello-2 --schedule @daily", _twice),
    "exists": Typed("registry add team /elsewhere", _listed),
    "registry-in-use": Typed("registry remove team", _listed),
    "no-registry-answer": Typed("add team/hello --name other --in prod", _away),
    "hand-edited": Typed("set hello --in prod url=http://b.example.com", _edited),
    "cannot-render": Typed("render --in prod", _broken),
    "no-cluster-recorded": Typed("sync", _without_cluster),
    "not-held": Typed("debug failed-dev --for 100d"),
    "not-running": Typed("shell failed-dev"),
    "no-forge": Typed("changes open CHANGE", _changed),
    "not-released": Typed("template publish hello", _new),
    "tool-differs": Typed("retry failed-dev --set word=x"),
    "not-ours": Typed(
        "completion install", lambda place: place.write("../home/.local/bin/kubectl_complete-rapt", "x")
    ),
    "no-log": Typed("logs failed-dev"),
    "not-measured": Typed("timing --self runs"),
    "missing-reference": Typed("run needs", _with_a_missing_secret),
    "being-deleted": Typed("sync --in prod", _being_deleted),
}
ELSEWHERE = {
    "tests/actions/test_install.py": ("newer-installed",),
    "tests/contract/test_webhook.py": (
        "webhook-refused",
        "webhook-silent",
    ),
    "tests/pure/cli/test_asking.py": ("not-confirmed",),
    "tests/pure/objects/test_reading.py": ("unreadable-object",),
    "tests/actions/test_add.py": (
        "plan-changed",
        "unreachable",
    ),
    "tests/actions/test_guard.py": (
        "encrypted-file",
        "no-resources",
        "over-quota",
    ),
    "tests/actions/test_lint.py": ("bad-checkout",),
    "tests/actions/test_proposed.py": (
        "changed-since",
        "foreign-files",
        "forge-down",
        "not-mergeable",
        "proposal-closed",
    ),
    "tests/actions/test_registry.py": (
        "bad-signature",
        "moved-version",
        "rapt-too-old",
        "yanked",
    ),
    "tests/actions/test_release.py": (
        "breaking-change",
        "no-origin",
        "released-version-changed",
        "template-not-ready",
    ),
    "tests/actions/test_retry.py": ("asked-otherwise", "no-account", "too-many-attempts"),
    "tests/actions/test_run.py": (
        "applied-folder",
        "name-taken",
    ),
    "tests/actions/test_upgrade.py": ("answers-needed",),
    "tests/actions/test_verbs.py": ("fixed-parameter",),
    "tests/api/test_blocked.py": (
        "foreign-object",
        "foreign-owner",
    ),
    "tests/api/test_clean.py": (
        "export-failed",
        "no-right",
    ),
    "tests/api/test_clock.py": ("clock-differs",),
    "tests/api/test_doctor.py": ("other-cluster",),
    "tests/api/test_late.py": (
        "cancelled-meanwhile",
        "switched-meanwhile",
    ),
    "tests/api/test_schedule.py": ("concurrency-forbidden",),
    "tests/api/test_sync.py": ("going-back",),
    "tests/attacks/test_registries.py": ("quarantined",),
    "tests/cli/test_faults.py": (
        "bad-selector",
        "cut-off",
        "no-cluster",
        "server-error",
        "too-many-requests",
    ),
    "tests/cli/test_folders.py": (
        "cannot-write-files",
        "no-home",
        "untrusted-folder",
    ),
    "tests/cli/test_reach.py": ("wide-access",),
    "tests/cli/test_surroundings.py": ("origin-inside",),
    "tests/cli/test_streams.py": (
        "bug",
        "no-output",
    ),
    "tests/contract/test_door.py": (
        "already-exists",
        "not-authenticated",
    ),
    "tests/contract/test_forge.py": ("already-merged",),
    "tests/contract/test_objects.py": ("changed-meanwhile",),
    "tests/contract/test_proxy.py": (
        "bad-kubeconfig",
        "no-kubectl",
    ),
    "tests/contract/test_real_server.py": ("not-installed",),
    "tests/forge/test_answers.py": (
        "already-proposed",
        "forge-busy",
        "forge-checking",
        "forge-invalid",
        "forge-login",
        "forge-refused",
        "head-moved",
        "merge-conflict",
        "merge-scheduled",
        "no-auto-merge",
        "no-forge-repository",
    ),
    "tests/forge/test_http.py": (
        "bad-forge",
        "bad-forge-answer",
    ),
    "tests/git/test_answers.py": (
        "bad-objects",
        "branch-busy",
        "branch-moved",
        "git-failed",
        "no-access",
        "no-commit",
        "no-git-identity",
        "push-refused",
        "repository-moved",
        "signing-failed",
        "stale-lock",
    ),
    "tests/git/test_commit.py": (
        "bad-branch",
        "bad-message",
        "bad-path",
        "branch-blocked",
        "git-timeout",
        "not-a-repository",
        "nothing-to-commit",
        "path-blocked",
    ),
    "tests/git/test_failures.py": (
        "git-missing",
        "git-too-old",
        "sha256-repository",
    ),
    "tests/git/test_listing.py": (
        "bad-commit",
        "folder-too-large",
    ),
    "tests/git/test_together.py": ("repository-busy",),
    "tests/node/test_lost_logs.py": ("log-incomplete",),
    "tests/node/test_retries.py": ("timed-out",),
    "tests/pure/cluster/test_classify.py": (
        "expired",
        "invalid-object",
        "namespace-terminating",
        "no-namespace",
        "not-started",
        "policy",
        "quota",
        "timeout",
        "webhook-down",
    ),
    "tests/pure/config/test_places.py": ("same-place",),
    "tests/pure/documents/test_edits.py": (
        "cannot-write-yaml",
        "no-such-value",
    ),
    "tests/pure/documents/test_reading.py": ("bad-text",),
    "tests/pure/objects/test_predecessor.py": ("bad-parameter",),
    "tests/pure/objects/test_retry_policies.py": ("bad-policy",),
    "tests/pure/runs/test_interleavings.py": ("run-deleted",),
    "tests/pure/templating/test_index.py": ("bad-index",),
    "tests/pure/templating/test_places.py": ("bad-place",),
    "tests/pure/templating/test_testing.py": ("bad-template-test",),
}
"""Codes that need a real system, or cannot be brought about by one command: the test that provokes or decides each."""

NOWHERE = (
    "bad-manifest",
    "bad-reviewed-run",
    "bad-shell",
    "needs-yes",
    "no-branch",
    "no-program",
    "no-renderer",
    "no-schemas",
    "no-secret-operator",
    "no-shell",
    "no-temporary-folder",
    "not-deleted",
    "not-equal",
    "not-established",
    "not-given",
    "other-cluster-up",
    "reviewed-run-refused",
    "still-stopping",
    "too-late",
)
"""Codes that no test provokes yet: this list may only become shorter."""

_CODE = re.compile(r"^  see: kubectl[ -]rapt help errors (\S+)", re.MULTILINE)


@pytest.mark.parametrize("code", PROVOKED)
def test_every_refusal_shows_commands_that_work(place: Place, code: str) -> None:
    row = PROVOKED[code]
    row.prepares(place)
    change = place.folder / "change"
    words = shlex.split(row.words.replace("CHANGE", change.read_text() if change.exists() else ""))
    ended = place.types(words)
    assert _CODE.findall(ended.stderr) == [code], f"{ended}"
    hints.Hints(place.types).follow(words, ended)


_TOKEN = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"
MEANT = [
    ("set hello --in prod --schedule @dialy", "set hello --in prod --schedule @daily"),
    (
        "add http-check --name x --in prod --set url=http://a --schedule @hourl",
        "add http-check --name x --in prod --set url=http://a --schedule @hourly",
    ),
    (
        "add http-check --name x --in prod --schedule 'every day'",
        "add http-check --name x --in prod --schedule '*/15 * * * *' --set url=http://example.com",
    ),
    ("set hello --in prod --schedule ''", "set --in prod hello --no-schedule"),
    ("set hello --in prod --schedule '' --no-schedule", "set --in prod hello --no-schedule"),
    ("set hello --in prod --schedule @daily --no-schedule", "set hello --in prod --schedule @daily"),
    ("set hello --in prod status=abc", "set hello --in prod status=200"),
    ("set hello --in prod statsu=200", "set hello --in prod status=200"),
    ("set hello --in prod image= status=200", "explain hello --in prod"),
    ("set hello --in prod image", "set hello --in prod image=…"),
    ("set hello --in prod --cleanup nope", "set hello --in prod --cleanup day"),
    ("run say --set word", "run say --set word=…"),
    ("run say --set word=a --set other=b", "run say --set word=a"),
    ("run say --set other=b", "run say --set word=text"),
    (
        "add http-check --name x --in prod --set urll=http://a --set status=abc",
        "add http-check --name x --in prod --set url=http://a --set status=200",
    ),
    (
        "add http-check --name x --in prod --set urll=http://a --set statsu=201 --set zzz=1",
        "add http-check --name x --in prod --set url=http://a --set status=201",
    ),
    ("share hello --in prod --to-environment dev,wdie", "share hello --in prod --to-environment dev,wide"),
    ("share hello --in prod --to-environment dev,staging", "share hello --in prod --to-environment dev,…"),
    ("run say --in staging", "run say --in …"),
    ("add w3 --image BUSY:BOX:x -- true", "add w3 --image busybox:1.35 -- true"),
    ("config set environment prdo", "config set environment …"),
    ("config set environment dve", "config set environment dev"),
    ("runs --status deadline", "runs --status DeadlineExceeded"),
    ("runs --status succeeded,oom", "runs --status succeeded,OOMKilled"),
    ("runs --status xyz", "runs --help"),
    ("clean --policy nope", "clean --policy day --dry-run client"),
    ("clean --policy dya", "clean --policy day"),
    ("schedule --tool syy", "schedule --tool say"),
    ("schedule --repository --tool helo", "schedule --repository --tool hello"),
    (
        f"add postgres-backup --in prod --set password={_TOKEN}",
        "add postgres-backup --in prod --set password=password/value",
    ),
    ("runs --in prd -l a=b --watch", "runs --in prod -l a=b --watch"),
    (
        "add postgres-backup --in prdo --set password=database/password",
        "add postgres-backup --in prod --set password=database/password",
    ),
    (
        f"add postgres-backup --in prdo --set password=database/{_TOKEN}",
        "add postgres-backup --in prod --set password=database/…",
    ),
    (
        "add postgres-backup --in prdo --set password=hunter2",
        "add postgres-backup --in prod --set password=…",
    ),
]


@pytest.mark.parametrize(("typed", "shown"), MEANT)
def test_a_refusal_shows_the_command_that_was_meant(place: Place, typed: str, shown: str) -> None:
    _add(place)
    ended = place.types(shlex.split(typed))
    assert ended.exit_code in (2, 4, 5, 6), ended
    assert f"kubectl rapt {shown}" in hints.shown(ended.stderr), ended
    assert _TOKEN not in ended.stderr


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("schedule suspend hello", ["schedule suspend hello --in prod", "schedule suspend hello --in wide"]),
        (
            "schedule backfill hello --from 2026-11-01",
            [f"schedule backfill hello --from 2026-11-01 --in {one}" for one in ("prod", "wide")],
        ),
        ("schedule suspend say", ["schedule"]),
        ("schedule trigger say", ["run say"]),
    ],
)
def test_who_wants_to_stop_something_is_led_to_where_it_is_and_not_told_to_start_it(
    place: Place, typed: str, shown: list[str]
) -> None:
    for environment in ("prod", "wide -n nc-one"):
        _merge(place, f"{_SCHEDULED.replace('prod', environment)} --name hello --schedule @daily")
    place.world.cluster.create(_tool("hello", "nc-dev", "dev"))
    ended = place.types(typed.split())
    assert ended.exit_code == 4, ended
    assert hints.shown(ended.stderr) == [f"kubectl rapt {one}" for one in shown], ended


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        ("--from 2026-01-05 --to 2026-01-01", "--from 2026-01-01T00:00:00Z --to 2026-01-05T00:00:00Z"),
        ("--from 2026-01-05 --to 2999-01-01", "--from 2026-01-05T00:00:00Z --to {now}"),
        ("--from 2999-01-05 --to 2026-01-01", "--from 2026-01-01T00:00:00Z --to {now}"),
        ("--from 2999-01-05", "--from {now} --to {now}"),
    ],
)
def test_times_of_a_backfill_that_are_wrong_are_shown_as_they_can_be(
    place: Place, span: str, shown: str
) -> None:
    _merge(place, f"{_SCHEDULED} --name hello --schedule @daily")
    synced = place.types(["sync", "--in", "prod"])
    assert synced.exit_code == 0, synced
    ended = place.types(["schedule", "backfill", "hello", "--in", "prod", *span.split()])
    assert ended.exit_code == 2, ended
    span = shown.format(now=times.spell(place.world.now()))
    assert hints.shown(ended.stderr) == [f"kubectl rapt schedule backfill hello --in prod {span}"]
    hints.Hints(place.types).follow(["schedule", "backfill", "hello", "--in", "prod"], ended)


@pytest.mark.parametrize(
    "words", ["run hello", "why hello", "status hello", "schedule --tool hello", "describe hello"]
)
def test_a_tool_that_is_merged_and_not_applied_is_told_with_the_command_that_applies_it(
    place: Place, words: str
) -> None:
    _add(place)
    place.types(["list", "--repository"])  # main is fetched
    ended = place.types([*words.split(), "--in", "prod"])
    assert ended.exit_code == 4, ended
    assert "; it is merged, and not applied yet\n" in ended.stderr
    assert hints.shown(ended.stderr) == ["kubectl rapt sync --in prod"]
    elsewhere = place.types([*words.split(), "--in", "wide", "-n", "nc-two"])
    assert "sync" not in elsewhere.stderr, "it is merged for another namespace"


def test_who_cancels_a_run_that_is_not_merged_is_shown_how_to_give_its_change_up(place: Place) -> None:
    words = ["run", "say", "--in", "prod", "--review", "--request-id", "once", "--set", "word=a"]
    assert place.types(words).exit_code == 0
    (change,) = (branch.rpartition("/")[2] for branch in place.repository.branches if branch != "main")
    ended = place.types(["cancel", "run/once", "--in", "prod"])
    assert ended.exit_code == 4, ended
    assert hints.shown(ended.stderr) == [f"kubectl rapt changes abandon {change}"]
    assert place.types(["changes", "merge", change, "--in", "prod"]).exit_code == 0
    ended = place.types(["cancel", "run/once", "--in", "prod"])
    assert ended.exit_code == 4, ended
    assert "try: remove runs/prod/once.yaml from main of the config repository\n" in ended.stderr


@pytest.mark.parametrize(
    ("resources", "verb"), [("", "test"), (", resources: {limits: {memory: 1Gi}}", "lint")]
)
def test_after_a_new_template_comes_what_its_release_would_refuse(
    place: Place, resources: str, verb: str
) -> None:
    place.write("templates/keep")
    container = f"{{name: main, image: 'busybox:1.36', command: [sleep, '60']{resources}}}"
    pod = f"{{restartPolicy: Never, containers: [{container}]}}"
    job = f"apiVersion: batch/v1\nkind: Job\nmetadata: {{name: h}}\nspec: {{template: {{spec: {pod}}}}}\n"
    place.write("job.yaml", job)
    ended = place.types(["template", "new", "hungry", "--from", "job.yaml"])
    assert ended.exit_code == 0, ended
    assert f"  next: kubectl rapt template {verb} hungry\n" in ended.stderr
    linted = place.types(["template", "lint", "hungry"])
    assert linted.exit_code == (verb == "lint"), linted


def test_a_wrong_schedule_is_told_together_with_the_answers(place: Place) -> None:
    ended = place.types(shlex.split("add http-check --name x --in prod --schedule 'every day'"))
    assert ended.exit_code == 5, ended
    assert "1 answer for http-check 1.0.0 is invalid, and so is the schedule\n" in ended.stderr
    assert "  url                 is missing: " in ended.stderr
    assert "  schedule every day  expects 5 fields " in ended.stderr


def test_of_a_change_that_main_has_overtaken_the_command_that_works_is_next(place: Place) -> None:
    _add(place)
    changed = place.types(["set", "hello", "status=201", "--in", "prod"])
    assert changed.exit_code == 0, changed
    (change,) = (branch.rpartition("/")[2] for branch in place.repository.branches if branch != "main")
    path = "tools/prod/hello.yaml"
    place.repository.commit({path: place.repository.files()[path].replace(b"a.example", b"b.example")})
    ended = place.types(["changes", "show", change])
    assert f"  next: kubectl rapt changes abandon {change}\n" in ended.stderr, ended
    assert place.types(["changes", "abandon", change]).exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        f"search {_TOKEN}",
        f"search token={_TOKEN}",
        f"list --in {_TOKEN}",
        f"cancel -l a={_TOKEN}",
        f"logs -l a={_TOKEN}",
        f"why --failed {_TOKEN}",
        f"why {_TOKEN}",
        f"events {_TOKEN}",
        f"describe {_TOKEN}",
        f"delete {_TOKEN}",
        f"explain {_TOKEN}",
    ],
)
def test_a_secret_that_was_typed_in_the_wrong_place_is_not_repeated(place: Place, words: str) -> None:
    ended = place.types(words.split())
    assert ended.exit_code in (0, 2, 4, 5), ended
    assert ended.stderr
    assert _TOKEN not in ended.stdout + ended.stderr, ended


def test_a_parameter_of_the_installation_is_told_to_whoever_runs_the_tool(place: Place) -> None:
    _add(place)
    synced = place.types(["sync", "--in", "prod"])
    assert synced.exit_code == 0, synced
    ended = place.types(["run", "hello", "--in", "prod", "--set", "timeout=4s"])
    assert ended.exit_code == 6, ended
    assert hints.shown(ended.stderr) == ["kubectl rapt set hello timeout=4s --in prod"]


@pytest.mark.parametrize(
    "words",
    [
        "set hello status=200 --in prod",
        "explain hello --in prod",
        "run hello --in prod",
        "history hello --in prod",
        "share hello --in prod --to-environment dev",
        "render hello --in prod",
        "render hello",
        "status hello --in prod",
        "schedule --tool hello --in prod",
        "schedule --tool hello --in prod --repository",
        "schedule --tool hello -A",
        "schedule --tool hello --repository",
        "status hello -A",
        "diff hello --in prod --with dev",
        "describe hello --in prod",
        "describe tool/hello --in prod",
        "logs tool/hello --in prod",
        "why hello --in prod",
        "delete hello --in prod",
        "timing hello --in prod",
    ],
)
def test_a_tool_that_is_not_there_yet_is_told_with_its_change(place: Place, words: str) -> None:
    _changed(place)
    (change,) = (branch.rpartition("/")[2] for branch in place.repository.branches if branch != "main")
    ended = place.types(words.split())
    assert ended.exit_code == 4, ended
    assert f"; change {change} is about it" in ended.stderr
    assert f"try: kubectl rapt changes show {change}" in ended.stderr


_ADDED = ["add", "http-check", "--name", "hello", "--in", "dev", "--set", "url=http://a.example.com"]


@pytest.mark.parametrize(
    "words", ["diff hello --in dev --with prod", "share hello --in prod --to-environment wide"]
)
def test_a_tool_that_another_environment_has_is_told_with_its_change(place: Place, words: str) -> None:
    _changed(place)
    (change,) = (branch.rpartition("/")[2] for branch in place.repository.branches if branch != "main")
    added = place.types(_ADDED)
    assert added.exit_code == 0, added
    ended = place.types(words.split())
    assert ended.exit_code == 4, ended
    assert hints.shown(ended.stderr) == [f"kubectl rapt changes show {change}"]


def test_a_reviewed_run_is_printed_in_the_form_that_was_asked_for(place: Place) -> None:
    words = ["run", "say", "--in", "prod", "--review", "--request-id", "once", "--set", "word=a"]
    assert place.types([*words, "--dry-run", "-o", "name"]).stdout == "run.rapt.dev/once\n"
    assert '"kind": "Run"' in place.types([*words, "--dry-run", "-o", "json"]).stdout
    pushed = place.types([*words, "-o", "name"])
    assert pushed.stdout == "run.rapt.dev/once\n", pushed
    assert any("once" in branch for branch in place.repository.branches)


@pytest.mark.parametrize("verb", ["why", "logs", "describe"])
def test_a_reviewed_run_that_has_not_begun_is_told_with_what_it_waits_for(place: Place, verb: str) -> None:
    words = ["run", "say", "--in", "prod", "--review", "--request-id", "once", "--set", "word=a"]
    assert place.types(words).exit_code == 0
    (change,) = (branch.rpartition("/")[2] for branch in place.repository.branches if branch != "main")
    for name in ("once", "run/once"):
        ended = place.types([verb, name, "--in", "prod"])
        assert ended.exit_code == 4, ended
        assert f'run "once" waits for the merge of change {change}\n' in ended.stderr
        assert hints.shown(ended.stderr) == [f"kubectl rapt changes show {change}"]
    assert place.types(["changes", "merge", change, "--in", "prod"]).exit_code == 0
    ended = place.types([verb, "once", "--in", "prod"])
    assert (ended.exit_code, hints.shown(ended.stderr)) == (4, ["kubectl rapt sync --in prod"]), ended
    assert 'run "once" is merged, and starts with the next sync' in ended.stderr


@pytest.mark.parametrize("verb", ["why", "logs", "timing"])
def test_of_a_tool_that_has_not_run_the_waiting_run_is_told_and_none_is_started_beside_it(
    place: Place, verb: str
) -> None:
    for one in list(place.world.cluster.list(RUN, "nc-prod")):
        place.world.cluster.delete(ref_of(one), uid=one["metadata"]["uid"])
    place.world.cluster.patch(Ref(TOOL, "say", "nc-prod"), {"spec": {"runs": "reviewed"}})
    ended = place.types([verb, "say", "--in", "prod"])
    assert hints.shown(ended.stderr) == ["kubectl rapt run --in prod say --review"], ended
    started = place.types(["run", "say", "--in", "prod", "--set", "word=a"])
    assert (started.exit_code, "are reviewed" in started.stderr) == (6, True), started
    words = ["run", "say", "--in", "prod", "--review", "--request-id", "once", "--set", "word=a"]
    assert place.types(words).exit_code == 0
    (change,) = (branch.rpartition("/")[2] for branch in place.repository.branches if branch != "main")
    ended = place.types([verb, "say", "--in", "prod"])
    assert ended.exit_code == 4, ended
    assert f"run once waits for the merge of change {change}" in ended.stderr
    assert hints.shown(ended.stderr) == [f"kubectl rapt changes show {change}"]


@pytest.mark.parametrize("verb", ["why", "logs", "describe", "timing"])
def test_a_name_that_nothing_has_is_neither_a_tool_nor_a_run_and_the_nearest_of_both_is_shown(
    place: Place, verb: str
) -> None:
    known = next(iter(place.world.cluster.list(RUN, "nc-dev")))["metadata"]["name"]
    ended = place.types([verb, known[:-1]])
    assert ended.exit_code == 4, ended
    assert f'no tool or run "{known[:-1]}" in namespace nc-dev' in ended.stderr
    assert hints.shown(ended.stderr) == [f"kubectl rapt {verb} {known}"]


def test_of_several_logs_the_exit_code_is_that_of_the_one_that_is_missing(place: Place) -> None:
    assert place.types(["logs", "never-dev", "nope"]).exit_code == 4


@pytest.mark.parametrize("is_edited", [True, False])
def test_check_outside_a_checkout_shows_a_command_that_renders_again(place: Place, is_edited: bool) -> None:
    _add(place)
    rendered, definition = "rendered/prod/hello.yaml", "tools/prod/hello.yaml"
    if is_edited:
        _edited_by_hand(place, rendered)
    else:  # the tool's file was edited by hand, and its rendered file is merely old
        text = place.repository.files()[definition]
        place.repository.commit({definition: text.replace(b"a.example.com", b"b.example.com")})
    checked = place.types(["check", "--in", "prod"])
    assert checked.exit_code == 1, checked
    assert f"{rendered}: is not what {definition} renders to" in checked.stdout
    (shown,) = hints.shown(checked.stdout)
    assert ("--overwrite" in shown) is is_edited, "what somebody wrote is dropped only where that is said"
    assert ("edited by hand" in checked.stdout) is is_edited
    words = hints.harmless(shown)
    assert words
    ended = place.types(words)
    assert ended.exit_code == 0, ended
    assert rendered in ended.stdout


def test_every_code_has_a_row() -> None:
    rows = [*PROVOKED, *itertools.chain.from_iterable(ELSEWHERE.values()), *NOWHERE]
    assert sorted(rows) == sorted(CODES), "provoke a new code in PROVOKED, and see that its hints work"


def test_the_tests_that_are_named_are_about_the_code() -> None:
    wrong = [
        f"{path}: {code}"
        for path, codes in ELSEWHERE.items()
        for code in codes
        if not re.search(rf"(?<![\w-]){code}(?![\w-])", (ROOT / path).read_text())
    ]
    assert not wrong
