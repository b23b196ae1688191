"""Settings that are broken, unreadable or dangerous, and homes where nothing can be written."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Ask
from tests.cli.endings import refused
from tests.killing import Person


@pytest.fixture
def settings(home: Path) -> Path:
    """The file of one's settings, which does not exist yet."""
    folder = home / ".config" / "rapt"
    folder.mkdir(parents=True)
    return folder / "config.json"


@pytest.mark.parametrize(
    ("text", "message", "problems", "hint"),
    [
        (
            '{"repository": 5, "environmnt": "x", "contexts": []}',
            "{file} has settings that are invalid",
            (
                "repository  expects a text",
                "environmnt  is not a setting; did you mean: environment?",
                "contexts    expects a mapping of names",
            ),
            '"${{EDITOR:-vi}}" {file}',
        ),
        (
            '{"repository": "a"',
            "{file}:1: did not find expected ',' or '}}'",
            (),
            "close the bracket, or quote the value",
        ),
        ("[]", "{file} is not a mapping of settings", (), '"${{EDITOR:-vi}}" {file}'),
        (b"\xff\xfe", "{file} cannot be read: it is not UTF-8", (), "ls -ld {file}"),
    ],
)
@pytest.mark.parametrize("command", ["list", "sync", "init --local", "add http-check"])
def test_broken_settings_are_told_with_every_mistake(
    ask: Ask,
    settings: Path,
    command: str,
    text: str | bytes,
    message: str,
    problems: tuple[str, ...],
    hint: str,
) -> None:
    settings.write_bytes(text if isinstance(text, bytes) else text.encode())
    expected = refused(5, message.format(file=settings), hint.format(file=settings), *problems)
    assert ask(*command.split()) == expected
    assert not (settings.parents[2] / ".local").exists(), "nothing was made"


def test_settings_that_cannot_be_read_are_no_bug(ask: Ask, settings: Path) -> None:
    settings.mkdir()
    assert ask("sync") == refused(5, f"{settings} cannot be read: Is a directory", f"ls -ld {settings}")


def test_empty_settings_are_none(ask: Ask, settings: Path) -> None:
    settings.write_text("\n")
    assert ask("changes") == refused(4, "no config repository is set up", "kubectl rapt init --local")


@pytest.mark.parametrize("home", ["/dev/null", "/proc", "/nonexistent"])
def test_a_home_without_settings_needs_no_home(ask: Ask, monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    monkeypatch.setenv("HOME", home)
    assert ask("search", "tcp", "-o", "name").stdout == "tcp-check\n"
    assert ask("changes") == refused(4, "no config repository is set up", "kubectl rapt init --local")


def test_a_home_that_cannot_be_written_takes_no_repository(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/proc")
    why = "cannot write /proc/.local/share/rapt/config.git: No such file or directory"
    assert ask("init", "--local") == refused(8, why, "ls -ld /proc")


def test_without_git_nothing_is_set_up(tmp_path: Path) -> None:
    person = Person(tmp_path, Path(os.devnull))
    person.environ["PATH"] = "/nonexistent"
    expected = refused(8, "the program git is not installed", "install git, then: kubectl rapt init --local")
    assert person.types("init", "--local") == expected
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_without_kubectl_the_first_thing_to_install_is_named(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    hint = "https://kubernetes.io/docs/tasks/tools/"
    for command in ("list", "run x", "runs", "logs x", "why x", "install"):
        assert ask(*command.split()) == refused(8, "kubectl is not on the PATH", hint), command


@pytest.mark.parametrize("environment", ["", "dev", "prod", "nowhere"])
def test_init_never_makes_a_reviewed_environment_the_default(
    ask: Ask, settings: Path, monkeypatch: pytest.MonkeyPatch, environment: str
) -> None:
    monkeypatch.setenv("RAPT_ENVIRONMENT", environment)
    assert ask("init", "--local").exit_code == 0
    assert json.loads(settings.read_text())["environment"] == "dev"


def test_init_says_which_repository_it_replaces_in_the_settings(ask: Ask, settings: Path) -> None:
    settings.write_text('{"repository": "ssh://git@example.com/team/tools"}')
    ended = ask("init", "--local")
    assert ended.exit_code == 0
    assert (
        "  note: your settings named another config repository before: ssh://git@example.com/team/tools\n"
        in ended.stderr
    )


def test_init_twice_changes_nothing_the_second_time(ask: Ask, settings: Path) -> None:
    assert "write settings\n" in ask("init", "--local").stdout
    before = settings.read_bytes()
    again = ask("init", "--local")
    assert (again.exit_code, again.stdout.splitlines()[0].split()[:2]) == (0, ["config", "repository"])
    assert settings.read_bytes() == before
