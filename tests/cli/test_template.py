"""The author's kit as it is typed: what each command prints, writes and returns."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kubectl_rapt.cli import terminal
from tests.cli.conftest import Ask
from tests.cli.endings import refused
from tests.killing import Ended
from tests.repositories import SOMEONE

JOB = Path(__file__).parents[1] / "actions" / "jobs" / "04-cron-from-server.yaml"


@pytest.fixture
def root(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry with the template say, and with the current folder in it."""
    root = tmp_path / "checkout"
    (root / "templates").mkdir(parents=True)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def say(root: Path, ask: Ask) -> Path:
    assert ask("template", "new", "say").exit_code == 0
    return root / "templates" / "say"


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_from_a_job_to_a_released_template_on_a_branch(ask: Ask, root: Path, tmp_path: Path) -> None:
    made = ask("template", "new", "cleanup", "--from", str(JOB), "--summary", "Clean up")
    assert (made.exit_code, made.stdout.splitlines()[-1]) == (0, "template cleanup made in templates/cleanup")
    assert "  note: the time zone is the installation's: add --time-zone Europe/Prague" in made.stderr
    assert "  note: a container has no resources: template.yaml has usual ones" in made.stderr
    declared = root / "templates" / "cleanup" / "template.yaml"
    assert 'resources:\n  requests:\n    cpu: "100m"\n' in declared.read_text()
    assert ask("template", "lint", "cleanup") == Ended(0, "", "1 template, 0 findings\n")
    tested = ask("template", "test", "templates/cleanup")
    assert (tested.exit_code, tested.stderr) == (0, "2 passed, 0 failed\n")
    done = ask("template", "release", "cleanup")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "cleanup 1.0.0 released")
    environ = {"PATH": os.environ["PATH"], "HOME": "/nowhere", **SOMEONE}
    for words in (
        ["init", "-q", "--bare", "-b", "main", str(tmp_path / "r.git")],
        ["init", "-q", "-b", "main"],
        ["commit", "-q", "--allow-empty", "-m", "Begin"],
        ["remote", "add", "origin", str(tmp_path / "r.git")],
        ["push", "-q", "origin", "main"],
    ):
        subprocess.run(["git", *words], cwd=root, env=environ, check=True, timeout=60)
    branch = "rapt/template/cleanup/1.0.0"
    dry = ask("template", "publish", "cleanup", "--dry-run")
    assert dry.stdout.splitlines()[-1] == f"cleanup 1.0.0 would be published on branch {branch}"
    assert "+++ b/registry/index.yaml" in dry.stdout
    for said in ("published", "is published already"):
        done = ask("template", "publish", "cleanup")
        assert (done.exit_code, done.stdout) == (0, f"cleanup 1.0.0 {said} on branch {branch}\n")
        assert done.stderr.splitlines()[0] == "  title: Release cleanup 1.0.0"


def git(*words: str, at: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": "/nowhere", **SOMEONE}
    subprocess.run(["git", *words], cwd=at, env=environ, check=True, timeout=60)


def test_several_templates_are_released_and_published_by_one_command(
    ask: Ask, say: Path, root: Path, tmp_path: Path
) -> None:
    assert ask("template", "new", "tell").exit_code == 0
    done = ask("template", "release", "say", "templates/tell")
    assert done.stdout.splitlines()[-1] == "tell 0.1.0 released", done
    assert "say 0.1.0 released" in done.stdout.splitlines()
    assert done.stderr.splitlines()[-1] == "  next: kubectl rapt template publish say tell"
    index = (root / "registry" / "index.yaml").read_text()
    assert "  say:" in index and "  tell:" in index
    git("init", "-q", "--bare", "-b", "main", str(tmp_path / "r.git"), at=root)
    git("init", "-q", "-b", "main", at=root)
    git("remote", "add", "origin", str(tmp_path / "r.git"), at=root)
    first = ask("template", "publish", "say", "tell")
    assert first.stdout.splitlines() == [
        "say 0.1.0 published as the first commit of main: the registry was empty",
        "tell 0.1.0 published on branch rapt/template/tell/0.1.0",
    ]


def test_a_new_registry_has_the_policies_that_came_with_rapt(ask: Ask, say: Path) -> None:
    text = (say / "template.yaml").read_text()
    assert "policies:\n  retry: never\n  cleanup: week\n" in text
    assert ask("template", "lint", "say").exit_code == 0
    (say / "template.yaml").write_text(text.replace("retry: never", "retry: nevr"))
    ended = ask("template", "lint", "say")
    assert (ended.exit_code, ended.stderr) == (1, "1 template, 1 finding\n")
    assert (
        'no retry policy "nevr": this registry has no policies/retry/nevr.yaml, and none came with Rapt; '
        "did you mean: never?" in ended.stdout
    )


def test_a_release_shows_how_to_commit_it_so_that_main_can_be_pulled_after_the_merge(
    ask: Ask, say: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = tmp_path / "r.git"
    git("init", "-q", "--bare", "-b", "main", str(remote), at=root)
    git("init", "-q", "-b", "main", at=root)
    git("commit", "-q", "--allow-empty", "-m", "Begin", at=root)
    git("remote", "add", "origin", str(remote), at=root)
    git("push", "-q", "-u", "origin", "main", at=root)
    git("switch", "-q", "-c", "say", at=root)
    told = ask("template", "release", "say").stderr.splitlines()
    command = "git add templates/say registry/index.yaml && git commit -m 'Release say 0.1.0'"
    assert told[-2:] == [f"  commit: {command}", "  next: kubectl rapt template publish say"]
    monkeypatch.chdir(say)
    (line,) = [one for one in ask("template", "release", "say").stderr.splitlines() if "commit:" in one]
    command = line.partition(": ")[2]
    assert command.startswith(f"git -C {root} add ")
    environ = {"PATH": os.environ["PATH"], "HOME": "/nowhere", **SOMEONE}
    subprocess.run(["sh", "-c", command], env=environ, check=True, stdout=subprocess.DEVNULL, timeout=60)
    again = ask("template", "release", "say").stderr
    assert "commit:" not in again
    assert ask("template", "publish", "say").exit_code == 0
    git("switch", "-q", "main", at=root)
    git("push", "-q", "origin", "origin/rapt/template/say/0.1.0:refs/heads/main", at=_fetched(root))
    git("pull", "-q", "--ff-only", at=root)
    assert (root / "registry" / "index.yaml").exists()
    status = subprocess.check_output(["git", "status", "--porcelain"], cwd=root, timeout=60)
    assert status == b""


def _fetched(root: Path) -> Path:
    git("fetch", "-q", "origin", at=root)
    return root


def test_several_templates_are_released_together_or_not_at_all(ask: Ask, say: Path, root: Path) -> None:
    assert ask("template", "new", "tell").exit_code == 0
    (root / "templates" / "tell" / "README.md").write_text("Nothing.\n")
    before = files(root)
    assert ask("template", "release", "say", "tell").exit_code == 6
    assert files(root) == before


@pytest.mark.parametrize(
    "command",
    [
        "template new more",
        "template release say",
        "template release say --bump major",
        "template test --update",
    ],
)
def test_a_dry_run_shows_the_change_and_writes_nothing(ask: Ask, say: Path, root: Path, command: str) -> None:
    if "test" in command:
        (say / "tests" / "defaults.yaml").write_text("run: {word: bye}\ngolden: golden/defaults.yaml\n")
    before = files(root)
    ended = ask(*command.split(), "--dry-run")
    assert ended.exit_code == (1 if "test" in command else 0)
    assert "\n+++ b/" in ended.stdout
    assert files(root) == before


def test_a_golden_file_that_differs_is_shown_and_rewritten(ask: Ask, say: Path) -> None:
    (say / "tests" / "defaults.yaml").write_text("run: {word: bye}\ngolden: golden/defaults.yaml\n")
    failed = ask("template", "test", "say")
    assert (failed.exit_code, failed.stderr) == (1, "1 passed, 1 failed\n")
    lines = failed.stdout.splitlines()
    assert lines[:3] == [
        "FAIL templates/say/tests/defaults.yaml",
        "  templates/say/tests/defaults.yaml:2: golden  "
        "the Job is not as in tests/golden/defaults.yaml: --update rewrites it",
        "ok   templates/say/tests/no-word.yaml",
    ]
    assert [line for line in lines if line.startswith(("-   ", "+   "))] == [
        "-          value: hello",
        "+          value: bye",
    ]
    updated = ask("template", "test", "say", "--update")
    assert (updated.exit_code, updated.stderr) == (0, "2 passed, 0 failed\n")
    assert ask("template", "test").exit_code == 0


def test_tests_run_again_after_each_change_and_what_is_broken_meanwhile_is_no_end(
    say: Path, tmp_path: Path
) -> None:
    report = tmp_path / "junit.xml"
    process = subprocess.Popen(
        [sys.executable, "-m", "kubectl_rapt", "template", "test", "--watch", "--junit", str(report)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    stderr = process.stderr
    assert stderr

    def told() -> str:
        return list(iter(stderr.readline, "  waiting for a change, Ctrl-C ends\n"))[-1]

    definition = say / "template.yaml"
    text = definition.read_text()

    def write(text: str) -> None:
        """At once, so that nobody sees half of it."""
        (tmp_path / "new").write_text(text)
        (tmp_path / "new").replace(definition)

    assert told() == "2 passed, 0 failed\n"
    write("{ broken")
    assert told().endswith(" failed\n")
    write(text)
    assert told() == "2 passed, 0 failed\n"
    assert ElementTree.parse(report).getroot()[0].get("failures") == "0"
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert (process.returncode, rest) == (130, "")


def test_results_as_json_and_as_junit(ask: Ask, say: Path, tmp_path: Path) -> None:
    (say / "tests" / "bad.yaml").write_text("expect: {spec: {backoffLimit: 1}}\n")
    report = tmp_path / "out" / "junit.xml"
    ended = ask("template", "test", "-o", "json", "--junit", str(report))
    assert (ended.exit_code, ended.stderr) == (1, "")
    rows = json.loads(ended.stdout)
    assert [(row["test"].rpartition("/")[2], row["passed"]) for row in rows] == [
        ("bad.yaml", False),
        ("defaults.yaml", True),
        ("no-word.yaml", True),
    ]
    (suite,) = ElementTree.parse(report).getroot()
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("say", "3", "1")
    (failure,) = suite.iter("failure")
    assert "expected 1, found 0" in str(failure.get("message"))


def test_lint_as_json(ask: Ask, say: Path) -> None:
    assert ask("template", "lint", "-o", "json") == Ended(0, "[]\n", "")
    (say / "README.md").unlink()
    ended = ask("template", "lint", "-o", "json")
    assert ended.exit_code == 1
    (row,) = json.loads(ended.stdout)
    assert (row["template"], row["where"]) == ("say", "templates/say/README.md")


def test_a_job_is_read_from_standard_input(ask: Ask, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(JOB.read_bytes())))
    assert ask("template", "new", "cleanup", "--from", "-").exit_code == 0
    assert (root / "templates" / "cleanup" / "README.md").exists()


def test_on_a_terminal_a_person_is_asked_and_told_the_command(
    ask: Ask, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "is_interactive", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("Clean it's shop\ny\nn\ny\ny\nn\ny\n\n"))
    ended = ask("template", "new", "cleanup", "--from", str(JOB))
    assert ended.exit_code == 0, ended.stderr
    said = "  without asking: kubectl rapt template new cleanup --from "
    (line,) = [line for line in ended.stderr.splitlines() if said in line]
    assert line.endswith("""--summary 'Clean it'"'"'s shop' --keep dbHost --keep olderThan --at-run dbPort""")
    assert "  parameter: dbPort (integer, set at a run) = 5432" in ended.stderr.splitlines()
    assert "  parameter: endpoint (string) = https://api.example.com/v1" in ended.stderr.splitlines()
    declared = (root / "templates" / "cleanup" / "template.yaml").read_text()
    assert "dbPort" in declared
    assert "dbHost" not in declared
    assert 'summary: "Clean it\'s shop"' in declared


@pytest.mark.parametrize(
    ("command", "code", "message", "hint"),
    [
        ("template foo", 2, 'no command "template foo"', "kubectl rapt template --help"),
        ("template tst", 2, 'no command "template tst"', "kubectl rapt template test"),
        ("template new", 2, "missing argument 'NAME'", "kubectl rapt template new --help"),
        ("template new say", 7, "templates/say exists already", "kubectl rapt template new say-2"),
        (
            "template new x --from nothing",
            4,
            "nothing cannot be read: No such file or directory; - is standard input",
            "ls -l .",
        ),
        (
            "template new x --keep y",
            2,
            "--keep is for what --from finds",
            "kubectl rapt template new x --from FILE",
        ),
        (
            "template new x --at-run y",
            2,
            "--at-run is for what --from finds",
            "kubectl rapt template new x --from FILE",
        ),
        (
            "template new Say",
            5,
            "a template's name is small letters, digits and dashes: Say",
            "kubectl rapt template new say",
        ),
        (
            "template release say --bump huge",
            2,
            '--bump does not take "huge": it takes patch, minor or major',
            "kubectl rapt template release say --bump patch",
        ),
        (
            "template lint -o yaml",
            2,
            '-o does not take "yaml": it takes json',
            "kubectl rapt template lint -o json",
        ),
        (
            "template publish say",
            6,
            "say 0.1.0 is not in registry/index.yaml as it is here",
            "kubectl rapt template release say",
        ),
    ],
)
def test_what_cannot_be_done_says_what_to_do(
    ask: Ask, say: Path, root: Path, command: str, code: int, message: str, hint: str
) -> None:
    before = files(root)
    assert ask(*command.split()) == refused(code, message, hint)
    assert files(root) == before


def test_without_a_verb_the_help_of_the_group_is_shown(ask: Ask) -> None:
    assert ask("template") == ask("template", "--help")
    assert "  release  Set versions and write them to the index\n" in ask("template").stdout


def test_outside_of_a_registry_nothing_is_done(
    ask: Ask, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    message = f"{folder} is not inside a registry: no folder above it has registry/index.yaml or templates/"
    for command in ("template lint", "template new x", "template release x"):
        ended = ask(*command.split())
        assert ended == refused(4, message, "mkdir templates\n  or: go to the registry's checkout")
