"""Which engine runs a template, and kind where a Docker answers: programs that write down what they are asked."""

from pathlib import Path

import pytest

from kubectl_rapt.adapters.programs import Programs
from tests.cli.conftest import Ask


@pytest.fixture
def programs(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, in a place that is no checkout of anything."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def template(tmp_path: Path) -> Path:
    (tmp_path / "registry" / "templates").mkdir(parents=True)
    folder = tmp_path / "registry" / "templates" / "say"
    folder.mkdir()
    (folder / "template.yaml").write_text(
        "apiVersion: rapt.dev/v1alpha1\nkind: Template\nname: say\nversion: 1.0.0\nsummary: Say a word\n"
        "parameters: [{name: word, type: string, example: hello}]\n"
    )
    (folder / "job.yaml.j2").write_text(
        "apiVersion: batch/v1\nkind: Job\nspec: {template: {spec: {restartPolicy: Never, containers: "
        '[{name: tool, image: "busybox:1.35", command: [echo, "{{ word }}"]}]}}}\n'
    )
    return folder


def a_program(folder: Path, name: str, script: str = "exit 0") -> None:
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "{name} $*" >> {folder}/asked\n{script}\n')
    path.chmod(0o755)


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().splitlines()


def test_the_first_engine_that_answers_runs_it_and_what_was_made_is_removed(
    ask: Ask, programs: Path, template: Path
) -> None:
    a_program(programs, "podman", "echo broken >&2; exit 125")
    a_program(programs, "docker", '[ "$1" != run ] || exit 4')
    ended = ask("dev", "run", str(template))
    assert (ended.exit_code, "the example of word is taken: hello" in ended.stderr) == (4, True), ended
    info, broken, run, removal = asked(programs)
    assert (info, broken) == ("podman info", "docker info")
    assert run.startswith("docker run --rm ") and run.endswith("--entrypoint=echo busybox:1.35 hello")
    assert removal.startswith("docker rm --force rapt-dev-")
    refused = ask("dev", "run", str(template), "--with", "podman")
    assert (refused.exit_code, "podman does not answer: broken" in refused.stderr) == (8, True), refused


def test_without_an_engine_it_says_what_each_answered(ask: Ask, programs: Path, template: Path) -> None:
    ended = ask("dev", "run", str(template))
    assert ended.exit_code == 8
    assert "error: there is no podman; there is no docker\n" in ended.stderr, ended


def test_kind_is_started_where_docker_answers_and_ended_again(
    ask: Ask, programs: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Programs, "testbed", lambda _: ())  # as it is where Rapt was installed
    none = ask("dev", "up")
    assert (none.exit_code, "neither Docker with the program kind" in none.stderr) == (8, True), none
    a_program(programs, "docker")
    a_program(programs, "kind")
    config = home / ".local" / "share" / "rapt" / "dev" / "kubeconfig"
    created, deleted = (
        f"kind {verb} cluster --name=rapt-dev --kubeconfig={config}" for verb in ("create", "delete")
    )
    assert "create cluster" in ask("dev", "up", "--dry-run").stdout
    for _ in range(2):
        assert ask("dev", "up").stdout == f"export KUBECONFIG={config}\n"
    assert [one for one in asked(programs) if one.startswith("kind")] == [created]
    assert ask("dev", "down").stdout == "down\n"
    assert ask("dev", "down").stdout == "nothing was up\n"
    assert asked(programs)[-1] == deleted


def test_a_kind_that_fails_leaves_no_record(ask: Ask, programs: Path) -> None:
    a_program(programs, "docker")
    a_program(programs, "kind", "exit 3")
    assert ask("dev", "up").exit_code == 3
    assert ask("dev", "down").stdout == "nothing was up\n"


def test_what_only_a_cluster_has_is_named_with_the_flag_that_gives_it(
    ask: Ask, programs: Path, template: Path
) -> None:
    a_program(programs, "docker")
    job = template / "job.yaml.j2"
    source = "{valueFrom: {secretKeyRef: {{ word }} }, name: PASSWORD}"
    text = job.read_text().replace('command: [echo, "{{ word }}"]', f"command: [env], env: [{source}]")
    job.write_text(text)
    definition = template / "template.yaml"
    definition.write_text(definition.read_text().replace("type: string, example: hello", "type: secretRef"))
    ended = ask("dev", "run", str(template), "--set", "word=db/password")
    assert (ended.exit_code, "PASSWORD  is from db, key password: --env PASSWORD=…" in ended.stderr) == (
        5,
        True,
    ), ended
    assert ask("dev", "run", str(template), "--set", "word=db/password", "--env", "PASSWORD=x").exit_code == 0
