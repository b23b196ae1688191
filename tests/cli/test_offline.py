"""Every command while the API server is silent: what can work does, the others end in time with one clear message."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from kubectl_rapt.cli import table
from kubectl_rapt.config.project import Environment
from tests.cli.conftest import Ask
from tests.registries import RegistryRepository
from tests.repositories import ConfigRepository

WORKS = """
version
help errors no-cluster
schema tool
search tcp
show tcp-check
policy
policy show transient
init --local
registry
registry add team {registry}
changes merge {change}
registry update
registry verify
registry remove team --dry-run
add tcp-check --in prod --set host=db.example.com
changes
changes show {change}
changes update {change}
changes merge {change}
set tcp-check port=5433 --in prod --dry-run
upgrade tcp-check --in prod
share tcp-check --in prod --to-environment dev --dry-run
remove tcp-check --in prod
changes abandon {change}
explain tcp-check --in prod
history tcp-check --in prod
diff tcp-check --in prod --version ^1
render --in prod
check
schedule --in prod --repository
template
template new hello
template lint hello
template test hello
template release hello
template publish hello --dry-run
template impact hello
dev
dev run hello --dry-run
dev up --dry-run
dev down --dry-run
dead
config
config view
config set environment dev
config unset environment
completion
completion bash
completion zsh
completion fish
completion install --dry-run
"""
"""In this order: what one makes, others work with."""

ANSWERS = {"status": 1, "doctor": 1, "changes open {change}": 4}
"""These say how things stand, and that there is no such change any more."""

NEEDS_CLUSTER = """
list
run tcp-check
attach tcp-check-1
retry tcp-check-1
runs
describe tcp-check
logs tcp-check
schedule
schedule suspend tcp-check
schedule resume tcp-check
schedule trigger tcp-check
schedule backfill tcp-check --from 2026-11-01T00:00:00Z
why tcp-check
timing tcp-check
debug tcp-check-1
shell tcp-check-1
events tcp-check
cancel tcp-check-1
dead replay tcp-check-1
dead drop tcp-check-1 -y
dead export tcp-check-1
clean -y
delete tcp-check -y
reconcile
policy simulate transient
install
purge --yes
drift --in dev
sync --in dev
"""


def commands(lines: str) -> list[str]:
    return lines.strip().splitlines()


def name(line: str) -> str:
    """The command's name in the table: its longest beginning that stands there."""
    words = line.split()
    return next(found for size in (2, 1) if (found := " ".join(words[:size])) in table.TABLE)


def test_every_command_has_its_place_in_these_lists() -> None:
    placed = {name(line) for line in (*commands(WORKS), *ANSWERS, *commands(NEEDS_CLUSTER))}
    assert placed == set(table.TABLE), "say in this file what it does without a cluster"


def test_what_can_work_without_a_cluster_does(
    ask: Ask, silent: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = RegistryRepository(tmp_path, "team")
    registry.release("greet", "1.0.0")
    authors = tmp_path / "authors"
    authors.mkdir()
    subprocess.run(["git", "clone", "-q", str(registry.path), str(authors / "team")], check=True, timeout=60)
    monkeypatch.chdir(authors / "team")
    for program in ("podman", "docker", "kind"):
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    change = ""
    for line in [*commands(WORKS), *ANSWERS]:
        words = line.format(registry=registry.path, change=change).split()
        ended = ask(*words, "--request-timeout", "0.1")
        assert ended.exit_code == ANSWERS.get(line, 0), f"{line}\n{ended}"
        made = re.search(r"changes show ([0-9a-f]{6,})", ended.stdout + ended.stderr)
        change = made[1] if made else change


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> ConfigRepository:
    """A config repository whose environment has a cluster."""
    return ConfigRepository(tmp_path_factory.mktemp("config"), Environment("dev", ("team",), cluster="uid"))


@pytest.mark.parametrize("line", commands(NEEDS_CLUSTER))
def test_what_needs_a_cluster_ends_in_time_with_one_message(
    ask: Ask, silent: None, repository: ConfigRepository, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setenv("RAPT_REPOSITORY", str(repository.path))
    begun = time.monotonic()
    ended = ask(*line.split(), "--request-timeout", "0.1")
    assert time.monotonic() - begun < 10, "in time, on a busy machine too"
    told = ended.stderr.splitlines()
    assert (ended.exit_code, ended.stdout, len(told)) == (8, "", 3), f"{line}\n{ended}"
    assert re.match(r"error: cannot .+: no answer within 0\.1 s$", told[0]), told
    assert told[1:] == ["  try: kubectl get --raw /readyz", "  see: kubectl rapt help errors timeout"]


def test_an_upgrade_that_would_be_applied_at_once_writes_nothing_while_the_cluster_is_silent(
    ask: Ask, silent: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = RegistryRepository(tmp_path, "team")
    registry.release("greet", "1.0.0")
    repository = ConfigRepository(tmp_path, Environment("dev", ("team",), cluster="uid"))
    monkeypatch.setenv("RAPT_REPOSITORY", str(repository.path))
    short = ("--request-timeout", "0.1")
    for words in (f"registry add team {registry.path}", "add greet --in dev"):
        done = ask(*words.split(), *short)
        if made := re.search(r"changes show ([0-9a-f]{6,})", done.stdout + done.stderr):
            assert ask("changes", "merge", made[1], *short).exit_code == 0
    text = repository.files()["rapt.yaml"].decode()
    repository.commit({"rapt.yaml": text.replace("review: required", "review: none").encode()})
    registry.release("greet", "1.1.0")
    assert ask("registry", "update", *short).exit_code == 0
    before = repository.branches
    ended = ask("upgrade", "--all", "--in", "dev", *short)
    told = ended.stderr.splitlines()
    assert (ended.exit_code, ended.stdout, len(told)) == (8, "", 3), ended
    assert "no answer within 0." in told[0]
    assert repository.branches == before
    shown = ask("upgrade", "--all", "--in", "dev", "--dry-run", *short)
    assert "from 1.0.0 to 1.1.0 in dev: nothing was written (dry run)" in shown.stdout, shown


def test_policies_say_what_nobody_could_look_up(ask: Ask, silent: None) -> None:
    why = 'in namespace "team": no answer within 0.1 s'
    listed = ask("policy", "-o", "name", "--request-timeout", "0.1")
    assert {"never", "standard", "transient"} <= set(listed.stdout.split())
    assert (
        listed.stderr == f"note: only those that came with Rapt: cannot list retrypolicies.rapt.dev {why}\n"
    )
    shown = ask("policy", "show", "transient", "--request-timeout", "0.1")
    assert shown.stdout.startswith("transient (rapt)")
    assert shown.stderr.startswith(
        "note: the cluster may have another one of this name: cannot get retrypolicy/"
    )
    own = ask("policy", "show", "ours", "--request-timeout", "0.1")
    assert (own.exit_code, own.stdout) == (8, "")
