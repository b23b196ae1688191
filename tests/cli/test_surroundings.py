"""Every command in a folder full of traps: nothing of the folder that a person stands in is started or imported."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubectl_rapt.config import layout
from kubectl_rapt.config.project import Environment
from tests.cli.test_offline import ANSWERS, NEEDS_CLUSTER, WORKS, commands
from tests.registries import RegistryRepository
from tests.repositories import ConfigRepository

PROGRAM = Path(sys.executable).parent / "kubectl-rapt"
"""As it is installed: ``python -m`` itself would import from the current folder."""
PROGRAMS = (
    *(
        "kubectl",
        "git",
        "ssh",
        "docker",
        "podman",
        "kind",
        "less",
        "more",
        "vi",
        "editor",
        "sh",
        "env",
        "python",
    ),
    *(
        "python3",
        "gpg",
        "gpgsm",
        "ssh-keygen",
        "sops",
        "git-upload-pack",
        "git-remote-https",
        "kubectl-rapt",
        "xdg-open",
    ),
)
MODULES = (
    *(
        "sitecustomize",
        "usercustomize",
        "jinja2",
        "yaml",
        "json",
        "typer",
        "git",
        "urllib3",
        "kubernetes",
        "re",
    ),
    *(
        "tests/__init__",
        "tests/__main__",
        "tests/cluster/__init__",
        "tests/cluster/__main__",
        "kubectl_rapt/__init__",
    ),
    *("kubectl_rapt/__main__", "kubectl_rapt/wiring", "conftest", "setup"),
)
HOOKS = (
    *(
        "post-index-change",
        "post-checkout",
        "post-commit",
        "post-merge",
        "post-rewrite",
        "pre-push",
        "pre-commit",
    ),
    *("commit-msg", "prepare-commit-msg", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman"),
)


@dataclass(frozen=True)
class Trapped:
    """A checkout of a registry that is a checkout of a config repository too, in which everything is a trap.

    Args:
        folder: The checkout.
        ran: Where each trap that was stepped into leaves a line.
        registry: The registry that it was cloned from.
    """

    folder: Path
    ran: Path
    registry: Path

    def marks(self) -> str:
        return self.ran.read_text() if self.ran.exists() else ""


@pytest.fixture
def trapped(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Trapped:
    registry = RegistryRepository(tmp_path, "team")
    registry.release("greet", "1.0.0")
    config = ConfigRepository(tmp_path / "config", Environment("prod", ("team",)))
    registry.commit({layout.PROJECT: config.files()[layout.PROJECT]})
    folder, ran = tmp_path / "team", tmp_path / "ran"
    _git(tmp_path, "clone", "-q", str(registry.path), str(folder))
    module = _repository(tmp_path / "module")
    _git(
        folder,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        str(module),
        "registry/module",
    )
    trap = f'#!/bin/sh\necho "$0 $*" >> {ran}\n'
    for name in PROGRAMS:
        _program(folder / name, trap)
    for name in MODULES:
        path = folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(f"open({str(ran)!r}, 'a').write('{name}\\n')\n")
    for place in (folder / ".git", folder / ".git" / "modules" / "registry" / "module"):
        for hook in HOOKS:
            _program(place / "hooks" / hook, trap)
        _set_traps(place, folder / "git")
    for tree in (folder, folder / "registry" / "module"):
        (tree / ".gitattributes").write_text("* filter=trap diff=trap merge=trap\n")
    for path in folder.rglob("*"):
        if path.is_file() and ".git" not in path.parts:
            os.utime(path, (1, 1))  # as if changed: git looks at the content, and so through the filters
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f".::{PROGRAM.parent}:{os.environ['PATH']}:")
    return Trapped(folder, ran, registry.path)


def _set_traps(place: Path, trap: Path) -> None:
    for key, value in {
        "core.fsmonitor": trap, "core.sshCommand": trap, "core.pager": trap, "core.editor": trap,
        "core.askPass": trap, "core.alternateRefsCommand": trap, "core.hooksPath": place / "hooks",
        "filter.trap.clean": trap, "filter.trap.smudge": trap, "filter.trap.process": trap,
        "filter.trap.required": "true", "diff.external": trap, "diff.trap.command": trap, "diff.trap.textconv": trap,
        "merge.trap.driver": trap, "credential.helper": f"!{trap}", "gpg.program": trap, "gpg.ssh.program": trap,
        "gpg.x509.program": trap, "alias.status": f"!{trap}", "alias.rev-parse": f"!{trap}", "pager.status": trap,
        "remote.origin.uploadpack": trap, "remote.origin.receivepack": trap, "uploadpack.packObjectsHook": trap,
        "protocol.ext.allow": "always", "gc.auto": "1", "maintenance.auto": "true", "commit.gpgSign": "true",
        "core.gitProxy": trap, "sequence.editor": trap, "gc.recentObjectsHook": trap, "http.cookieFile": trap,
    }.items():  # fmt: skip
        _git(place, "config", "--file", str(place / "config"), key, str(value))


def _repository(folder: Path) -> Path:
    folder.mkdir()
    _git(folder, "init", "--quiet")
    (folder / "file").write_text("a\n")
    _git(folder, "add", ".")
    _git(folder, "commit", "--quiet", "-m", "x")
    return folder


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, timeout=60)


def _program(path: Path, script: str) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(script)
    path.chmod(0o755)


def types(line: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [PROGRAM, *line.split(), "--request-timeout", "0.1"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_no_command_that_works_without_a_cluster_steps_into_a_trap(silent: None, trapped: Trapped) -> None:
    change = ""
    for line in [*commands(WORKS), *ANSWERS, "timing --self policy"]:
        ended = types(line.format(registry=trapped.registry, change=change))
        assert trapped.marks() == "", f"{line}\n{ended.stdout}{ended.stderr}"
        assert "Traceback" not in ended.stderr, line
        made = re.search(r"changes show ([0-9a-f]{6,})", ended.stdout + ended.stderr)
        change = made[1] if made else change
    assert change, "the commands that make something did so"


def test_no_command_that_needs_a_cluster_steps_into_a_trap(silent: None, trapped: Trapped) -> None:
    lines = [f"{line} --repository" if line == "list" else line for line in commands(NEEDS_CLUSTER)]
    with ThreadPoolExecutor(2) as several:
        for line, ended in zip(lines, several.map(types, lines), strict=True):
            assert "Traceback" not in ended.stderr, line
    assert trapped.marks() == ""


@pytest.mark.parametrize(
    "address", ["own.git", "./own.git", "{folder}/own.git", "file://{folder}/own%2Egit", "{link}"]
)
def test_nothing_is_pushed_to_an_origin_inside_the_checkout_whose_hooks_would_run(
    silent: None, trapped: Trapped, tmp_path: Path, address: str
) -> None:
    own, link = trapped.folder / "own.git", tmp_path / "link.git"
    _git(tmp_path, "init", "-q", "--bare", str(own))
    link.symlink_to(own)
    for hook in ("pre-receive", "update", "post-receive", "post-update", "reference-transaction"):
        _program(own / "hooks" / hook, f'#!/bin/sh\necho "$0 $*" >> {trapped.ran}\n')
    config = str(trapped.folder / ".git" / "config")
    _git(
        tmp_path,
        "config",
        "--file",
        config,
        "remote.origin.url",
        address.format(folder=trapped.folder, link=link),
    )
    ended = types("template publish greet")
    assert trapped.marks() == "", f"{ended.stdout}{ended.stderr}"
    assert ended.returncode == 6, ended
    assert "is a folder inside it" in ended.stderr
    assert "errors origin-inside" in ended.stderr


def test_the_traps_work(trapped: Trapped) -> None:
    subprocess.run(["/usr/bin/git", "status"], capture_output=True, timeout=60, check=False)
    assert "fsmonitor" in trapped.marks() or "git" in trapped.marks()
    trapped.ran.unlink()
    subprocess.run([sys.executable, "-m", "tests.cluster"], capture_output=True, timeout=60, check=False)
    assert "tests/cluster/__main__" in trapped.marks()
