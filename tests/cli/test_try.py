"""The command that a refusal shows has the person's own words, and values that can be typed."""

from pathlib import Path

import pytest

from kubectl_rapt.config.project import Environment
from tests.cli.conftest import Ask
from tests.registries import RegistryRepository
from tests.repositories import ConfigRepository


@pytest.fixture
def config(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> ConfigRepository:
    monkeypatch.setenv("RAPT_REPOSITORY", str(tmp_path / "config.git"))
    return ConfigRepository(tmp_path, Environment("prod", ("team",)))


def tries(ask: Ask, *words: str) -> list[str]:
    """What is to be typed instead."""
    told = ask(*words).stderr.splitlines()
    return [line.split(": ", 1)[1] for line in told if line.startswith(("  try: ", "  or: "))]


def merged(config: ConfigRepository, ask: Ask, *words: str) -> None:
    before = config.branches
    assert ask(*words).exit_code == 0
    (made,) = set(config.branches) - set(before)
    config.move_main(config.branches[made])
    config.git("branch", "-D", made)


def test_a_registry_whose_branch_is_master_is_added_with_that_branch(
    ask: Ask, config: ConfigRepository, tmp_path: Path
) -> None:
    registry = RegistryRepository(tmp_path, "mine")
    registry.release("hello", "1.0.0")
    registry.git("branch", "-m", "main", "master")
    shown = tries(ask, "registry", "add", "mine", str(registry.path), "--priority", "60")
    assert shown == [f"kubectl rapt registry add mine {registry.path} --priority 60 --branch master"]


def test_a_setting_that_is_mistyped_keeps_its_value(ask: Ask, config: ConfigRepository) -> None:
    assert tries(ask, "config", "set", "enviroment", "prod") == ["kubectl rapt config set environment prod"]


def test_a_parameter_that_set_does_not_know_leads_to_those_that_there_are(
    ask: Ask, config: ConfigRepository
) -> None:
    merged(config, ask, "add", "http-check", "--in", "prod")
    shown = tries(ask, "set", "http-check", "--in", "prod", "retention=3")
    assert shown == ["kubectl rapt explain http-check --in prod"]
    shown = tries(ask, "set", "http-check", "--in", "prod", "timout=3s")
    assert shown == ["kubectl rapt set http-check --in prod timeout=3s"]
    shown = tries(ask, "set", "http-check", "--in", "prod", "timout-")
    assert shown == ["kubectl rapt set http-check --in prod timeout-"]


def test_two_wrong_answers_are_mended_by_one_command(ask: Ask, config: ConfigRepository) -> None:
    merged(config, ask, "add", "http-check", "--in", "prod")
    shown = tries(ask, "set", "http-check", "--in", "prod", "timeout=abc", "status=x")
    assert shown == ["kubectl rapt set http-check --in prod status=200 timeout=10s"]


def test_add_checks_the_answers_before_it_puts_them_into_another_command(
    ask: Ask, config: ConfigRepository
) -> None:
    merged(config, ask, "add", "http-check", "--in", "prod")
    ended = ask("add", "http-check", "--in", "prod", "--set", "timeout=abc")
    assert ended.exit_code == 5, str(ended)
    assert "timeout=10s" in ended.stderr
    assert "already exists" not in ended.stderr


def test_a_reference_to_a_secret_is_shown_as_it_is_typed(
    ask: Ask, config: ConfigRepository, tmp_path: Path
) -> None:
    registry = RegistryRepository(tmp_path, "mine")
    wanted = {"name": "dbpassSecret", "type": "secretRef", "example": {"name": "dbpass", "key": "password"}}
    registry.release("needsecret", "1.0.0", parameters=[wanted, {"name": "word", "type": "string"}])
    merged(config, ask, "registry", "add", "mine", str(registry.path))
    shown = tries(ask, "add", "needsecret", "--in", "prod", "--set", "word=a")
    assert shown == ["kubectl rapt add needsecret --in prod --set word=a --set dbpassSecret=dbpass/password"]


def test_a_version_that_there_is_not_is_replaced_by_one_that_there_is(
    ask: Ask, config: ConfigRepository
) -> None:
    merged(config, ask, "add", "http-check", "--in", "prod")
    shown = tries(ask, "upgrade", "http-check", "--in", "prod", "--to", "2.0.0")
    assert shown == ["kubectl rapt upgrade http-check --in prod --to 1.0.0"]
    shown = tries(ask, "add", "http-check@2.0.0", "--in", "prod")
    assert shown == ["kubectl rapt add http-check@1.0.0 --in prod"]


def test_a_file_to_mount_gets_a_place_in_the_container(ask: Ask) -> None:
    shown = tries(ask, "run", "cl", "--mount", "crlf.sh")
    assert shown == ["kubectl rapt run cl --mount ./crlf.sh:/data/crlf.sh"]


def test_an_answer_that_is_given_twice_is_told_with_both_values(ask: Ask) -> None:
    assert "gives code twice: 1 and 2" in ask("run", "cl", "--set", "code=1", "--set", "code=2").stderr


def test_the_beginning_of_a_change_is_told_the_change(ask: Ask, config: ConfigRepository) -> None:
    assert ask("add", "http-check", "--in", "prod").exit_code == 0
    (branch,) = set(config.branches) - {"main"}
    change = branch.rpartition("/")[2]
    assert tries(ask, "changes", "merge", change[:-1]) == [f"kubectl rapt changes merge {change}"]
