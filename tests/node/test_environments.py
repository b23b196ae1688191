"""``--in`` chooses where a command acts: every command, in two environments with tools of the same names."""

import json
import re
import secrets
import subprocess
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kubectl_rapt.cli import table
from kubectl_rapt.config.project import Environment
from tests import namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Ended, Person
from tests.namespaces import Pair
from tests.repositories import ConfigRepository

ENVIRONMENTS = ("dev", "prod")
TWIN = "twin"
"""A third environment, in the namespace of dev: what is dev's is not its own."""


@dataclass(frozen=True)
class Stage:
    """Someone with environments in which the same names mean something else.

    Args:
        person: Who types.
        pair: Their namespaces.
        cluster: Where.
        folder: For files.
    """

    person: Person
    pair: Pair
    cluster: Cluster
    folder: Path

    def namespace(self, environment: str) -> str:
        return self.pair.prod if environment == "prod" else self.pair.dev

    def touches(self, *words: str) -> tuple[Ended, set[str]]:
        """Type a command; how it ended, and which namespaces the API server was asked about meanwhile."""
        assert self.cluster.audit_log is not None
        at, since = max(0, self.cluster.audit_log.stat().st_size - 1), datetime.now(UTC)
        ended = self.person.types(*words)
        last = f"last-{secrets.token_hex(4)}"
        self._kubectl(self.pair.kubeconfig, "get", "configmap", "x", f"-n{last}")
        found: set[str] = set()
        for _ in range(200):  # the log is written a moment after the answer
            found = self._asked_about(at, since)
            if last in found:
                break
            time.sleep(0.05)
        # Which cluster it is, is asked of everybody, and is the identity of the namespace kube-system.
        assert last in found
        return ended, found - {"", "kube-system", last}

    def _asked_about(self, at: int, since: datetime) -> set[str]:
        """The namespaces that this person has asked about since then, when the log had that length.

        The end of a watch of an earlier command may be logged later.
        """
        assert self.cluster.audit_log is not None
        with self.cluster.audit_log.open("rb") as log:
            log.seek(at)
            if at:
                log.readline()  # the rest of a line that was being written, or of one from before
            found = [json.loads(line) for line in log if line.endswith(b"\n")]
        mine = [
            one
            for one in found
            if one["user"].get("username") == self.pair.user
            and datetime.fromisoformat(one["requestReceivedTimestamp"]) >= since
        ]
        return {one.get("objectRef", {}).get("namespace", "") for one in mine}

    def _kubectl(self, kubeconfig: Path, *words: str) -> "subprocess.CompletedProcess[bytes]":
        command = [str(kubectl.program()), f"--kubeconfig={kubeconfig}", *words]
        return subprocess.run(command, check=False, capture_output=True, timeout=60)

    def does(self, *words: str) -> Ended:
        """Type a command that must succeed."""
        ended = self.person.types(*words)
        assert ended.exit_code == 0, (words, ended)
        return ended

    def add(self, environment: str, tool: str, script: str, *more: str) -> None:
        """Add a tool; in prod its change is merged and applied."""
        words = ("add", tool, "--image", "busybox:1.35", "--in", environment, *more, "--", "sh", "-c", script)
        added = self.does(*words)
        if found := re.search("change ([0-9a-f]{6}) pushed", added.stdout):
            self.does("changes", "merge", found[1])
            self.does("sync", "--in", environment)

    def ran(self, environment: str, name: str) -> str:
        """A run of that name that has failed."""
        assert (
            self.person.types("run", "big", "--in", environment, "--request-id", name, "--wait").exit_code
            == 7
        )
        return name

    def runs(self, environment: str, name: str) -> str:
        """A run of that name that goes on."""
        self.does("run", "long", "--in", environment, "--request-id", name, "--detach")
        pods = ("wait", "pods", f"-lrapt.dev/run={name}", "--for=condition=Ready", "--timeout=60s")
        namespaces.soon(self.cluster.kubeconfig, *pods, f"-n{self.namespace(environment)}")
        return name

    def died(self, environment: str, name: str) -> str:
        """A run of that name that has used up its attempts."""
        self.ran(environment, name)
        words = ("patch", "runs.rapt.dev", name, "--subresource=status", "--type=merge")
        state = '-p={"status":{"state":"Exhausted"}}'
        where = f"-n{self.namespace(environment)}"
        ended = ("wait", f"job/{name}-1", "--for=condition=Failed", "--timeout=60s", where)
        assert self._kubectl(self.cluster.kubeconfig, *ended).returncode == 0
        assert self._kubectl(self.cluster.kubeconfig, *words, state, where).returncode == 0
        return name


@pytest.fixture(scope="module")
def stage(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    home = tmp_path_factory.mktemp("environments")
    pair, uid = namespaces.pair(cluster), namespaces.uid(cluster)
    repository = ConfigRepository(
        home,
        Environment("dev", (pair.dev,), uid, is_reviewed=False),
        Environment("prod", (pair.prod,), uid),
        Environment(TWIN, (pair.dev,), uid, is_reviewed=False),
        has_twins=True,
    )
    stage = Stage(Person(home / "ann", pair.kubeconfig, repository=repository.path), pair, cluster, home)
    for environment in ENVIRONMENTS:
        stage.add(environment, "big", f"echo this is {environment}; exit 7", "--schedule", "0 0 1 1 *")
        stage.add(environment, "long", "sleep 300")
        stage.ran(environment, "once")
    return stage


Make = Callable[[Stage, str, str], str]
"""Makes what a command is about, in an environment, by a name."""


@dataclass(frozen=True)
class Verb:
    """How a command is typed for an environment.

    Args:
        words: What is typed; ``{it}`` is what ``makes`` makes.
        codes: How it may end.
        makes: Makes what it is about; None for what is there.
        is_about: Whether it names something that belongs to one environment.
        must_touch: Whether it asks the cluster about the environment's namespace; otherwise it may.
    """

    words: str
    codes: Collection[int] = (0,)
    makes: Make | None = None
    is_about: bool = False
    must_touch: bool = True


def about(words: str, *codes: int, makes: Make | None = None) -> Verb:
    """A command that names a tool or a run."""
    return Verb(words, codes or (0,), makes, is_about=True)


def in_git(words: str, *codes: int) -> Verb:
    """A command on the config repository, which asks the cluster at most about the environment's namespace."""
    return Verb(words, codes or (0,), must_touch=False)


ACTS = {
    "add": in_git("add tcp-check"),
    "set": in_git("set big --cleanup week"),
    "upgrade": in_git("upgrade big"),
    "remove": in_git("remove long --dry-run"),
    "share": in_git("share long --to-namespace elsewhere --dry-run", 6),
    "explain": in_git("explain big"),
    "history": in_git("history big"),
    "diff": in_git("diff big", 0, 1),
    "sync": Verb("sync"),
    "drift": Verb("drift", (0, 1)),
    "list": Verb("list"),
    "run": about("run big --follow", 7),
    "attach": about("attach once", 7),
    "retry": about("retry {it} --follow", 7, makes=Stage.ran),
    "runs": Verb("runs"),
    "describe": about("describe big"),
    "logs": about("logs once"),
    "schedule": Verb("schedule"),
    "schedule suspend": about("schedule suspend big"),
    "schedule resume": about("schedule resume big"),
    "schedule trigger": about("schedule trigger big"),
    "schedule backfill": about("schedule backfill big --from 2026-01-01T00:00:00Z --dry-run"),
    "why": about("why once"),
    "events": about("events once"),
    "timing": about("timing once"),
    "shell": about("shell {it} -- true", makes=Stage.runs),
    "debug": about("debug once -- true"),
    "cancel": about("cancel {it}", makes=Stage.runs),
    "dead replay": about("dead replay {it}", makes=Stage.died),
    "dead drop": about("dead drop {it} --yes", makes=Stage.died),
    "dead export": about("dead export {it} --to {folder}", makes=Stage.died),
    "clean": Verb("clean --dry-run"),
    "delete": Verb("delete --all --dry-run", (0, 1)),
    "reconcile": Verb("reconcile"),
    "policy": Verb("policy"),
    "policy show": Verb("policy show never"),
    "policy simulate": Verb("policy simulate never"),
    "status": Verb("status"),
    "doctor": in_git("doctor", 0, 1),
}
"""Every command that acts in an environment, as it is typed there."""

LOOKS_UP = {
    "search": "search check",
    "show": "show http-check",
    "registry": "registry",
    "registry add": "registry add more /nowhere",
    "registry remove": "registry remove more",
    "registry update": "registry update",
    "registry verify": "registry verify",
    "template new": "template new x",
    "template lint": "template lint",
    "template test": "template test",
    "template impact": "template impact http-check",
    "template release": "template release x",
    "template publish": "template publish x",
    "dev run": "dev run http-check",
    "dev up": "dev up --dry-run",
    "dev down": "dev down --dry-run",
    "render": "render big",
    "check": "check",
    "changes": "changes",
    "changes show": "changes show 7c1e42",
    "changes open": "changes open 7c1e42",
    "changes update": "changes update 7c1e42",
    "changes abandon": "changes abandon 7c1e42",
    "changes merge": "changes merge 7c1e42",
    "install": "install",
    "config set": "config set environment dev",
}
"""Commands about templates, the repository, changes or the whole cluster: they act in no environment's namespace."""

ASKS_NOBODY = {
    "schema": "prints what is in the program",
    "template": "prints its help",
    "dev": "prints its help",
    "dead": "prints its help",
    "config": "prints its help",
    "config view": "shows the settings, also while the repository cannot be read",
    "config unset": "removes a setting, also while the repository cannot be read",
    "help": "prints what is in the program",
    "completion": "prints its help",
    "completion install": "writes a file on this machine",
    "completion bash": "prints what is in the program",
    "completion zsh": "prints what is in the program",
    "completion fish": "prints what is in the program",
    "version": "prints what is in the program",
}
"""Commands that ask neither a repository nor a cluster, and why ``--in`` says nothing to them."""

REFUSES = {
    "init": "init sets up every environment, so it does not take --in",
    "purge": "purge deletes from a whole cluster, so it does not take --in",
}
"""Commands that refuse ``--in``."""


def test_every_command_is_known_here() -> None:
    """A new command is to be thought of: where does it act?"""
    known = [*ACTS, *LOOKS_UP, *ASKS_NOBODY, *REFUSES]
    assert sorted(known) == sorted(table.TABLE)


def _typed(stage: Stage, name: str, environment: str, made_in: str = "") -> list[str]:
    """The words of a command for an environment; what it is about is made there, or in another one."""
    verb = ACTS[name]
    made_in = made_in or environment
    it = verb.makes(stage, made_in, f"{name.replace(' ', '-')}-{environment}") if verb.makes else ""
    words = [word.format(it=it, folder=stage.folder / "letters") for word in verb.words.split(" ")]
    at = words.index("--") if "--" in words else len(words)
    return [*words[:at], "--in", environment, *words[at:]]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("name", ACTS)
def test_a_command_touches_the_namespace_of_its_environment_and_no_other(
    stage: Stage, name: str, environment: str
) -> None:
    ended, touched = stage.touches(*_typed(stage, name, environment))
    assert ended.exit_code in ACTS[name].codes, ended
    own = {stage.namespace(environment)}
    assert touched == own if ACTS[name].must_touch else touched <= own
    other = {"dev": "this is prod", "prod": "this is dev"}[environment]
    assert other not in ended.stdout + ended.stderr


@pytest.mark.parametrize("name", [name for name, verb in ACTS.items() if verb.is_about])
def test_what_belongs_to_another_environment_of_the_same_namespace_is_refused(
    stage: Stage, name: str
) -> None:
    words = _typed(stage, name, TWIN, made_in="dev")
    ended = stage.person.types(*words)
    assert ended.exit_code in (4, 6), ended
    assert ended.exit_code == 4 or 'to environment "dev", not to "twin"' in ended.stderr, ended


@pytest.mark.parametrize("name", ["list", "runs", "schedule", "clean", "delete", "reconcile", "sync"])
def test_what_belongs_to_another_environment_of_the_same_namespace_is_not_listed(
    stage: Stage, name: str
) -> None:
    ended = stage.person.types(*_typed(stage, name, TWIN))
    assert ended.exit_code in ACTS[name].codes, ended
    assert not re.search("big|long|once", ended.stdout + ended.stderr), ended


@pytest.mark.parametrize("name", [*ACTS, *LOOKS_UP])
def test_an_unknown_environment_is_refused_with_the_nearest_name(stage: Stage, name: str) -> None:
    words = LOOKS_UP[name] if name in LOOKS_UP else ACTS[name].words.format(it="once", folder="letters")
    before, dashes, after = words.partition(" -- ")
    ended, touched = stage.touches(*before.split(" "), "--in", "prodd", *(dashes + after).split())
    assert (ended.exit_code, ended.stdout, touched) == (4, "", set()), ended
    assert ended.stderr.startswith('error: no environment "prodd" in rapt.yaml\n  try: kubectl rapt '), ended
    assert "--in prod\n" in ended.stderr or "--in prod " in ended.stderr, ended


@pytest.mark.parametrize("name", REFUSES)
def test_a_command_that_is_about_more_than_an_environment_refuses_one(stage: Stage, name: str) -> None:
    ended, touched = stage.touches(name, "--in", "dev")
    assert (ended.exit_code, ended.stdout, touched) == (2, "", set()), ended
    assert ended.stderr.startswith(f"error: {REFUSES[name]}\n"), ended
