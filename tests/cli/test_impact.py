"""``template impact`` as it is typed, and the upgrade that it foretells."""

import json
import subprocess
from pathlib import Path

import pytest

from kubectl_rapt.config import layout, project
from kubectl_rapt.config.project import Environment, Project, Registry
from tests.cli.conftest import Ask
from tests.cli.endings import refused
from tests.registries import RegistryRepository, template
from tests.repositories import ConfigRepository

FOLDER = Path("templates/say")
ASKED = [{"name": "text", "type": "string", "default": "x", "renamedFrom": ["word"]}]


@pytest.fixture
def team(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> RegistryRepository:
    """A registry with say, the current folder a checkout of it; prod has say twice, one in review no longer."""
    team = RegistryRepository(tmp_path, "team")
    team.release("say", "1.0.0")
    config = ConfigRepository(tmp_path, Environment("dev", ("team",), "uid", is_reviewed=False))
    environments = {"prod": Environment("prod", ("team",), "uid", is_reviewed=True)}
    known = Project(config.id, environments, registries={"team": Registry("team", str(team.path))})
    config.commit({layout.PROJECT: project.spell(known).encode()})
    monkeypatch.setenv("RAPT_REPOSITORY", str(config.path))
    subprocess.run(["git", "clone", "-q", str(team.path), str(tmp_path / "checkout")], check=True, timeout=60)
    monkeypatch.chdir(tmp_path / "checkout")
    return team


@pytest.fixture
def installed(ask: Ask, team: RegistryRepository) -> None:
    for name, more in (("say", ["--set", "word=hello"]), ("shout", ["--schedule", "0 3 * * *"])):
        ended = ask("add", "team/say", "--name", name, "--in", "prod", *more)
        assert ended.exit_code == 0, ended.stderr
    for change in ask("changes", "-o", "name").stdout.split():
        assert ask("changes", "merge", change.rpartition("/")[2]).exit_code == 0


def write(version: str, *parameters: dict[str, object]) -> dict[str, bytes]:
    files = template("say", version, parameters=[*ASKED, *parameters])
    source = b'"{{ text }}"' if not parameters else b'"{{ text }}", "{{ loud }}"'
    files["job.yaml.j2"] = files["job.yaml.j2"].replace(b'"{{ word }}"', source)
    for path, content in files.items():
        (FOLDER / path).write_bytes(content)
    return files


@pytest.mark.usefixtures("installed")
def test_what_a_version_would_do_is_told_tool_by_tool_and_comes_true(
    ask: Ask, team: RegistryRepository
) -> None:
    files = write("1.1.0")
    ended = ask("template", "impact", "say")
    assert (ended.exit_code, ended.stderr) == (0, "say 1.1.0: 1 would change, 1 would stay the same\n")
    lines = ended.stdout.splitlines()
    assert lines[:3] == [
        "prod/say 1.0.0 → 1.1.0: stays the same",
        "  renamed  word → text",
        "prod/shout 1.0.0 → 1.1.0: 2 changes",
    ]
    assert "  ~ tool/shout spec.job.spec.template.spec.containers[tool].command[1]: 1.0.0 → x" in lines
    assert lines[-1].endswith("UTC (or the cluster's own time zone)   (0 3 * * *)")
    rows = json.loads(ask("template", "impact", "say", "-o", "json").stdout)
    assert [(row["tool"], row["state"], row["renamed"]) for row in rows] == [
        ("say", "stays", {"word": "text"}),
        ("shout", "changes", {}),
    ]
    assert len(rows[1]["schedules"][0]["next"]) == 3
    team.release("say", "1.1.0", files)
    done = ask("upgrade", "say", "--in", "prod", "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line[:3] in ("-  ", "+  ") and "o" in line][-2:] == [
        "-  word: hello",
        "+  text: hello",
    ]


@pytest.mark.usefixtures("installed")
def test_what_would_break_ends_with_1_and_the_upgrade_is_refused_with_the_same_words(
    ask: Ask, team: RegistryRepository
) -> None:
    files = write("1.1.0", {"name": "loud", "type": "boolean"})
    ended = ask("template", "impact", "say")
    assert (ended.exit_code, ended.stderr) == (1, "say 1.1.0: 2 would break\n")
    assert "  loud  is missing: expected true or false: --set loud=…" in ended.stdout.splitlines()
    team.release("say", "1.1.0", files)
    assert ask("upgrade", "say", "--in", "prod") == refused(
        5,
        "the new version asks for other answers",
        "kubectl rapt upgrade say --in prod --set loud=…",
        "loud  is missing: expected true or false",
        "text  was called word: its answer is kept",
    )


@pytest.mark.parametrize(
    ("command", "code", "message", "hint"),
    [
        (
            "template impact sey",
            4,
            'no template "sey" in {root}',
            "kubectl rapt template impact say",
        ),
        (
            "template impact say@9.0.0",
            4,
            "say has no version 9.0.0; it has 1.0.0",
            "kubectl rapt template impact say@1.0.0",
        ),
        ("template impact say@nine", 4, "nine is not a version", "kubectl rapt template impact say"),
        (
            "template impact say -o yaml",
            2,
            '-o does not take "yaml": it takes json',
            "kubectl rapt template impact say -o json",
        ),
    ],
)
def test_what_is_not_there_is_named(
    ask: Ask, team: RegistryRepository, command: str, code: int, message: str, hint: str
) -> None:
    assert ask(*command.split()) == refused(code, message.format(root=Path.cwd()), hint)


def test_where_nobody_has_it_that_is_said(ask: Ask, team: RegistryRepository) -> None:
    ended = ask("template", "impact", "say")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == "say 1.0.0: no tool was installed from this registry\n"


def test_a_repository_that_is_not_there_ends_with_1(ask: Ask, team: RegistryRepository) -> None:
    ended = ask("template", "impact", "say", "--repository", "/nowhere/config.git")
    assert (ended.exit_code, ended.stderr) == (1, "say 1.0.0: 1 cannot be told\n")
    assert ended.stdout.startswith("/nowhere/config.git: cannot be told\n  ")


def test_a_password_in_an_address_is_not_repeated(ask: Ask, team: RegistryRepository) -> None:
    address = "http://ann:hunter22@localhost:1/config.git"
    for output in ((), ("-o", "json")):
        ended = ask("template", "impact", "say", "--repository", address, *output)
        assert ended.exit_code == 1
        assert "localhost" in ended.stdout
        assert "hunter22" not in f"{ended.stdout}{ended.stderr}"


def test_without_a_config_repository_one_is_asked_for(
    ask: Ask, team: RegistryRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAPT_REPOSITORY")
    assert ask("template", "impact", "say") == refused(
        4,
        "no config repository is set up, and none is named",
        "kubectl rapt init --local\n  or: kubectl rapt template impact say --repository URL",
    )
