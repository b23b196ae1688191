"""Canary secrets of every kind by every way in: none is ever seen in git, in the cluster, in any output or process."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubectl_rapt.config.project import Environment
from tests import namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.git.remotes import script, served
from tests.killing import Ended, Person
from tests.repositories import ConfigRepository
from tests.secrets import CANARIES, Canary

KINDS = "tools.rapt.dev,runs.rapt.dev,jobs,cronjobs,pods,configmaps,serviceaccounts,networkpolicies,secrets,events"
WAYS: Mapping[str, tuple[str, ...]] = {
    "answer": ("add", "script", "--name", "canary", "--set", "script=echo begin\n{}\n"),
    "command": ("add", "canary", "--image", "busybox:1.35", "--", "sh", "-c", "{}"),
    "dry-run": ("add", "script", "--name", "canary", "--set", "script={}", "--dry-run", "-o", "yaml"),
    "wrong-type": ("add", "http-check", "--name", "canary", "--set", "timeout={}"),
    "no-name": ("add", "http-check", "--name", "canary", "--set", "={}"),
    "run-set": ("run", "hello", "--set", 'args=["--word", {json}]', "--detach"),
    "run-env": ("run", "web", "--env", "URL={}", "--detach"),
    "run-wrong-type": ("run", "web", "--set", "status={}"),
    "run-dry": ("run", "hello", "--set", "args=[{json}]", "--dry-run", "-o", "yaml"),
}
EVERY_CANARY = ("answer", "command", "run-set", "run-env")
"""The ways on which the kind of the secret matters; on the others a few of each sort will do."""
PAIRS = [
    (canary, way)
    for number, canary in enumerate(CANARIES)
    for way in WAYS
    if way in EVERY_CANARY or number % 7 == 0
]
REFUSED_FOR_ANOTHER_REASON = {"no-name": 2}


@dataclass(frozen=True)
class Scene:
    """Someone whose git and kubectl are watched.

    Args:
        person: They.
        folder: Where everything of theirs is.
        argv: Where the arguments of every git, git helper and kubectl are written.
        repository: Their config repository.
        namespaces: Theirs.
        kubeconfig: To look at the cluster with.
    """

    person: Person
    folder: Path
    argv: Path
    repository: ConfigRepository
    namespaces: tuple[str, str]
    kubeconfig: Path

    def places(self) -> Iterator[tuple[str, str]]:
        """Every place where a secret could have been left, by name, with its text."""
        yield (
            "git objects",
            self.repository.git("cat-file", "--batch-all-objects", "--batch").decode(errors="replace"),
        )
        for mirror in self.folder.rglob("*.git"):
            if mirror != self.repository.path:
                command = ["git", "cat-file", "--batch-all-objects", "--batch"]
                found = subprocess.check_output(command, env={**os.environ, "GIT_DIR": str(mirror)})
                yield f"objects of {mirror.name}", found.decode(errors="replace")
        command = [str(kubectl.program()), f"--kubeconfig={self.kubeconfig}", "get", KINDS, "-o", "yaml"]
        cluster = ""
        for name in self.namespaces:
            cluster += subprocess.check_output([*command, "-n", name], text=True, timeout=60)
        yield "cluster", cluster
        yield "arguments of processes", self.argv.read_text(errors="replace")
        for path in self.folder.rglob("*"):
            if (
                path.is_file() and not path.is_symlink() and path != self.argv
            ):  # the links are git's own programs
                with suppress(FileNotFoundError):  # what goes meanwhile leaves nothing
                    yield str(path), path.read_text(errors="replace")


@pytest.fixture(scope="module")
def scene(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A person with two tools, one that takes arguments and one that takes variables."""
    folder = tmp_path_factory.mktemp("canaries")
    pair = namespaces.pair(cluster, is_in_dev=True)
    repository = ConfigRepository(
        folder / "remote",
        Environment("dev", (pair.dev,), cluster=namespaces.uid(cluster), is_reviewed=False),
        Environment("prod", (pair.prod,), cluster=namespaces.uid(cluster)),
    )
    person = Person(folder / "someone", pair.kubeconfig, repository=repository.path, environment="dev")
    argv = folder / "argv"
    watch(person, folder / "watching", argv)
    for words in (
        ("add", "script", "--name", "hello", "--set", 'script=echo "$1"'),
        ("add", "http-check", "--name", "web", "--set", "url=http://example.com"),
    ):
        ended = person.types(*words)
        assert ended.exit_code == 0, ended
    return Scene(person, folder, argv, repository, (pair.dev, pair.prod), cluster.kubeconfig)


def watch(person: Person, folder: Path, argv: Path) -> None:
    """Put programs before git, its helper for HTTP and kubectl that note their arguments."""
    core = Path(subprocess.check_output(["git", "--exec-path"], text=True).strip())
    helpers = folder / "helpers"
    shutil.copytree(core, helpers, symlinks=False, ignore=lambda _, names: [*names])
    for one in core.iterdir():
        if one.name not in ("git-remote-http", "git-remote-https"):
            (helpers / one.name).symlink_to(one)
    programs = {
        folder / "git": shutil.which("git"),
        folder / "kubectl": kubectl.program(),
        helpers / "git-remote-http": core / "git-remote-http",
        helpers / "git-remote-https": core / "git-remote-https",
    }
    for path, real in programs.items():
        script(path, f"printf '%s\\n' \"${{0##*/}} $*\" >> '{argv}'\nexec '{real}' \"$@\"\n")
    person.environ["PATH"] = f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    person.environ["GIT_EXEC_PATH"] = str(helpers)


@pytest.fixture(scope="module")
def told(scene: Scene) -> dict[tuple[str, str], Ended]:
    """How every canary ended by every way in."""

    def play(pair: tuple[Canary, str]) -> Ended:
        canary, way = pair
        quoted = json.dumps(canary.text)
        return scene.person.types(
            *(word.replace("{json}", quoted).replace("{}", canary.text) for word in WAYS[way])
        )

    with ThreadPoolExecutor(3) as pool:
        ended = list(pool.map(play, PAIRS))
    return {(canary.name, way): one for (canary, way), one in zip(PAIRS, ended, strict=True)}


@pytest.mark.parametrize(("canary", "way"), PAIRS, ids=lambda one: getattr(one, "name", one))
def test_a_secret_is_refused_and_no_output_repeats_it(
    told: dict[tuple[str, str], Ended], canary: Canary, way: str
) -> None:
    ended = told[canary.name, way]
    assert ended.exit_code == REFUSED_FOR_ANOTHER_REASON.get(way, 6), ended
    for spelling in spellings(canary):
        assert spelling not in ended.stdout + ended.stderr


def spellings(canary: Canary) -> set[str]:
    """A secret as it is, and as others would encode it."""
    coded = base64.b64encode(canary.value.encode()).decode().rstrip("=")
    return {canary.value, repr(canary.value)[1:-1], json.dumps(canary.value)[1:-1], coded}


def test_nothing_that_was_written_anywhere_holds_a_secret(
    scene: Scene, told: dict[tuple[str, str], Ended]
) -> None:
    places = dict(scene.places())
    for name, marker in {
        "git objects": "template: script",
        "cluster": "rapt.dev/tool",
        "arguments of processes": "kubectl",
    }.items():
        assert marker in places[name], f"the search sees what is in the {name}"
    found = [
        f"{canary.name} in {place}"
        for canary in CANARIES
        for spelling in spellings(canary)
        for place, text in places.items()
        if spelling in text
    ]
    assert found == []
    assert len(scene.repository.log()) == 3, "the beginning, and two tools"


@pytest.mark.parametrize("login", ["ann:{}", "{}"], ids=["password", "token"])
def test_a_password_in_the_address_of_the_repository_is_given_to_its_server_alone(
    scene: Scene, login: str, tmp_path: Path
) -> None:
    secret = next(one.value for one in CANARIES if one.name == "github")
    credentials = login.format(secret) if ":" in login else f"{secret}:"
    before = scene.argv.read_text()
    with served(scene.repository.path.parent, credentials) as remote:
        url = remote.url(scene.repository.path.name, login.format(secret))
        person = Person(
            scene.folder / f"of-{login[:3]}", Path(scene.person.environ["KUBECONFIG"]), environment="dev"
        )
        person.environ |= {"RAPT_REPOSITORY": url, "GIT_EXEC_PATH": scene.person.environ["GIT_EXEC_PATH"]}
        person.environ["PATH"] = scene.person.environ["PATH"]
        name = f"by-{'password' if ':' in login else 'token'}"
        outputs = [
            person.types("add", name, "--image", "busybox:1.35", "--", "true"),
            person.types("sync"),
            person.types("changes"),
            person.types("init", "--local"),
        ]
    outputs.append(person.types("sync"))
    assert [one.exit_code for one in outputs] == [0, 0, 0, 0, 8], [str(one) for one in outputs]
    after = scene.argv.read_text().removeprefix(before)
    assert "git-remote-http rapt http://127.0.0.1" in after, "the helper is watched"
    for text in (after, *(f"{one.stdout}{one.stderr}" for one in outputs)):
        assert secret not in text
        assert base64.b64encode(credentials.encode()).decode() not in text
    for place, text in scene.places():
        assert secret not in text, place
