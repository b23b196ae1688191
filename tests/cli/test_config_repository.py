"""A config repository that is away, broken or edited by hand: what is wrong is named, and nothing is written."""

import re
import subprocess
from pathlib import Path

import pytest

from kubectl_rapt.config import changes, layout
from kubectl_rapt.config.project import Environment
from tests.cli.conftest import Ask
from tests.cli.endings import refused
from tests.repositories import ConfigRepository

CLUSTER = "11111111-2222-3333-4444-555555555555"
MEND = "mend the lines named here, then: kubectl rapt "
COMMANDS = ("sync --in dev", "add http-check --in dev", "add http-check --in prod")


@pytest.fixture
def repository(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> ConfigRepository:
    """A repository with a free and a reviewed environment, in one's settings."""
    found = ConfigRepository(
        tmp_path,
        Environment("dev", ("team",), CLUSTER, is_reviewed=False),
        Environment("prod", ("prod-team",), CLUSTER),
    )
    monkeypatch.setenv("RAPT_REPOSITORY", str(found.path))
    return found


@pytest.mark.parametrize(
    ("command", "code", "message", "hint"),
    [
        ("sync --in prd", 4, 'no environment "prd" in rapt.yaml', "kubectl rapt sync --in prod"),
        (
            "sync --in=x",
            4,
            'no environment "x" in rapt.yaml: it has dev, prod',
            "kubectl rapt sync --in=…",
        ),
        (
            "add http-check --in prd",
            4,
            'no environment "prd" in rapt.yaml',
            "kubectl rapt add http-check --in prod",
        ),
        (
            "add htp-check --in dev",
            4,
            'no template "htp-check" in the registries',
            "kubectl rapt add http-check --in dev",
        ),
        ("changes show 7c1e42", 4, 'no open change "7c1e42"', "kubectl rapt changes"),
        ("changes open 7c1e42", 4, 'no open change "7c1e42"', "kubectl rapt changes"),
        ("changes update 7c1e42", 4, 'no open change "7c1e42"', "kubectl rapt changes"),
        ("changes abandon 7c1e42", 4, 'no open change "7c1e42"', "kubectl rapt changes"),
        ("changes merge 7c1e42", 4, 'no open change "7c1e42"', "kubectl rapt changes"),
        (
            "add http-check --in dev --name Backup",
            5,
            'a tool\'s name has lower-case letters, digits and -, got "Backup"',
            "kubectl rapt add http-check --in dev --name backup",
        ),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(
    ask: Ask, repository: ConfigRepository, command: str, code: int, message: str, hint: str
) -> None:
    before = repository.branches
    assert ask(*command.split()) == refused(code, message, hint)
    assert repository.branches == before


ANSWERS = "add http-check --in {environment} --set retries=2 --set url=5 --set status=abc --set timeout=5x"


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_unknown_and_ill_typed_answers_are_told_together(
    ask: Ask, repository: ConfigRepository, environment: str
) -> None:
    before = repository.branches
    assert ask(*ANSWERS.format(environment=environment).split()) == refused(
        5,
        "4 answers for http-check 1.0.0 are invalid",
        f"kubectl rapt add http-check --in {environment} "
        "--set url=http://example.com --set status=200 --set timeout=10s",
        "retries  is not a parameter; available: url, status, timeout",
        'url      expected an address such as http://example.com, was given "5"',
        'status   expected an integer from 100 to 599, was given "abc"',
        'timeout  a duration is written like 90s, 10m, 1h30m or 30d; was given "5x"',
    )
    assert repository.branches == before


def test_a_schedule_needs_every_answer(ask: Ask, repository: ConfigRepository) -> None:
    assert ask("add", "tcp-check", "--in", "dev", "--set", "hst=db", "--schedule", "@daily") == refused(
        5,
        "3 answers for tcp-check 1.0.0 are invalid",
        "kubectl rapt add tcp-check --in dev --set host=db --schedule @daily --set port=5432",
        "hst   is not a parameter; did you mean: host?",
        "host  is missing: expected text of at most 253 characters such as database.example.com",
        "port  is missing: expected an integer from 1 to 65535 such as 5432",
    )


@pytest.mark.parametrize(
    ("flags", "problems", "hint"),
    [
        (
            ["--schedule", "61 * * * *", "--schedule", "* * *"],
            (
                'schedule 61 * * * *  "61" is not a minute: expects 0 to 59',
                "schedule * * *       expects 5 fields (minute, hour, day of month, month, day of week), "
                'got 3: "* * *"',
            ),
            "--help",
        ),
        (
            ["--schedule", "@daily", "--time-zone", "Europe/Prag"],
            ("schedule @daily  no time zone Europe/Prag; did you mean: Europe/Prague?",),
            "--schedule @daily --time-zone Europe/Prague",
        ),
        (
            ["--schedule", "0 0 31 2 *"],
            ("schedule 0 0 31 2 *  never fires: Feb has no day 31",),
            "--schedule '*/15 * * * *'",
        ),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(
    ask: Ask, repository: ConfigRepository, flags: list[str], problems: tuple[str, ...], hint: str
) -> None:
    before = repository.branches
    words = ["add", "http-check", "--in", "dev", "--set", "url=http://example.com", *flags]
    typed = "kubectl rapt add"
    shown = f"{typed} {hint}" if hint == "--help" else f"{typed} {' '.join(words[1:6])} {hint}"
    assert ask(*words) == refused(5, "tools/dev/http-check.yaml is invalid", shown, *problems)
    assert repository.branches == before


def test_a_namespace_of_another_environment_is_refused(ask: Ask, repository: ConfigRepository) -> None:
    before = repository.branches
    assert ask("add", "http-check", "--in", "dev", "-n", "prod-team") == refused(
        6,
        'namespace "prod-team" does not belong to environment "dev", but to prod; dev has team',
        "kubectl rapt add http-check --in dev -n team",
    )
    assert repository.branches == before


def take_in(repository: ConfigRepository) -> None:
    """Merge the only open change, as people do."""
    (branch,) = repository.branches.keys() - {"main"}
    repository.move_main(repository.branches[branch])
    repository.git("branch", "-D", branch)


def test_files_that_an_older_build_rendered_are_rendered_again_with_the_command_that_is_shown(
    ask: Ask, repository: ConfigRepository
) -> None:
    schedule = ("--schedule", "0 3 * * *")
    for tool in ("a", "b"):
        assert ask("add", tool, "--in", "prod", "--image", "busybox", *schedule).exit_code == 0
        take_in(repository)
    now = {path: text for path, text in repository.files().items() if path.startswith("rendered/")}
    older = {path: re.sub(rb"\n *\w+JobsHistoryLimit: .*", b"", text) for path, text in now.items()}
    assert len(older) == 2
    assert all(older[path] != now[path] for path in now)
    repository.commit(dict(older))
    ended = ask("set", "a", "--in", "prod", "image=busybox:2")
    assert ended.exit_code == 6, ended
    assert "rendered by another version of Rapt" in ended.stderr
    assert "  or: kubectl rapt render --in prod --overwrite\n" in ended.stderr
    assert ask("render").exit_code == 6
    assert ask("render", "--overwrite").exit_code == 0
    take_in(repository)
    assert {path: repository.files()[path] for path in now} == now
    assert ask("check").exit_code == 0


TWO = ("--schedule", "0 3 * * *", "--schedule", "0 4 * * *")


@pytest.mark.parametrize(
    ("first", "second", "problem", "hints"),
    [
        (
            ("add", "a", "--image", "busybox", *TWO),
            ("add", "a-2", "--image", "busybox", "--schedule", "0 5 * * *"),
            'tool "a-2" needs cronjob/a-2, which tool "a" has',
            (
                "add a-2 --in prod --image busybox --schedule '0 5 * * *' --name a-2-b",
                "set a --in prod --schedule '0 3 * * *'",
            ),
        ),
        (
            ("add", "a-2", "--image", "busybox", "--schedule", "0 5 * * *"),
            ("set", "a", *TWO),
            'tool "a" needs cronjob/a-2, which tool "a-2" has',
            ("set a --in prod --schedule '0 3 * * *'",),
        ),
    ],
    ids=["add", "set"],
)
def test_two_tools_that_need_one_object_are_refused_before_anything_is_committed(
    ask: Ask,
    repository: ConfigRepository,
    first: tuple[str, ...],
    second: tuple[str, ...],
    problem: str,
    hints: tuple[str, ...],
) -> None:
    given = [first, *([("add", "a", "--image", "busybox")] if second[0] == "set" else [])]
    for words in given:
        assert ask(*words[:2], "--in", "prod", *words[2:]).exit_code == 0
        take_in(repository)
    before = repository.branches
    ended = ask(*second[:2], "--in", "prod", *second[2:])
    assert (ended.exit_code, ended.stdout) == (6, ""), ended
    assert f"error: {problem}\n" in ended.stderr
    shown = [
        line.split("kubectl rapt ")[1]
        for line in ended.stderr.splitlines()
        if " try: " in line or " or: " in line
    ]
    assert tuple(shown) == hints
    assert repository.branches == before


@pytest.mark.parametrize("zone", ["Europe/Berln", "Europe/Berlin"])
def test_a_time_zone_without_a_schedule_is_no_time_zone_of_anything(
    ask: Ask, repository: ConfigRepository, zone: str
) -> None:
    before = repository.branches
    ended = ask("add", "http-check", "--in", "dev", "--set", "url=http://example.com", "--time-zone", zone)
    assert ended.exit_code == 5, ended
    assert "--schedule" in ended.stderr
    assert ("did you mean: Europe/Berlin?" in ended.stderr) is (zone == "Europe/Berln")
    assert repository.branches == before


@pytest.mark.parametrize("command", COMMANDS)
def test_a_repository_that_has_gone_is_named(ask: Ask, repository: ConfigRepository, command: str) -> None:
    with repository.unreachable():
        assert ask(*command.split()) == refused(
            4,
            f"no git repository at {repository.path}, or you may not see it",
            "check the address, and your access to it",
        )


@pytest.mark.parametrize(
    ("address", "code", "message", "hint"),
    [
        (
            "ext::sh -c id",
            5,
            "'ext::sh -c id' is not an address that is allowed for a repository",
            "use https://host/path, ssh://host/path, user@host:path or a path",
        ),
        (
            "--upload-pack=id",
            5,
            "'--upload-pack=id' is not an address that is allowed for a repository",
            "use https://host/path, ssh://host/path, user@host:path or a path",
        ),
    ],
)
def test_an_address_that_could_do_harm_is_refused(
    ask: Ask, home: Path, monkeypatch: pytest.MonkeyPatch, address: str, code: int, message: str, hint: str
) -> None:
    monkeypatch.setenv("RAPT_REPOSITORY", address)
    assert ask("changes") == refused(code, message, hint)


def test_an_unreachable_repository_keeps_its_password(
    ask: Ask, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPT_REPOSITORY", "https://ann:topsecret@127.0.0.1:1/tools.git")
    ended = ask("sync", "--in", "dev")
    assert ended.exit_code == 8
    first, second, _ = ended.stderr.splitlines()
    assert first.startswith("error: https://127.0.0.1:1/tools.git does not answer: ")
    assert first.count("tools.git") == 1, "git's own words name it once more"
    assert second == "  try: check the address and the network, then: kubectl rapt sync --in dev"
    assert "topsecret" not in ended.stderr


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_a_repository_that_takes_no_push_leaves_nothing_behind(
    ask: Ask, repository: ConfigRepository, environment: str
) -> None:
    hook = repository.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'main is frozen until Monday'\nexit 1\n")
    hook.chmod(0o755)
    before = repository.branches
    ended = ask("add", "http-check", "--in", environment, "--kubeconfig", "/dev/null")
    if environment == "dev":
        assert ended.exit_code == 8, "nothing is committed for a cluster that cannot be applied to"
    else:
        assert ended == refused(
            6,
            f"{repository.path} refused the push: main is frozen until Monday",
            "ask those who look after the repository, or propose the change as a review",
        )
    assert repository.branches == before


BROKEN = f"""\
apiVersion: rapt.dev/v1alpha1
kind: Projekt
id: 5
environments:
  dev:
    cluster: "{CLUSTER}"
    namespaces: []
    review: never
    profil: standard
profiles:
  standard:
    resources:
      requests:
        memory: lots
"""


@pytest.mark.parametrize(
    ("text", "code", "message", "hint", "problems"),
    [
        (
            BROKEN,
            5,
            "rapt.yaml has 6 mistakes",
            MEND,
            (
                "rapt.yaml:2: kind                                          "
                "expected one of: Project; did you mean: Project?",
                "rapt.yaml:3: id                                            expected text, was given 5",
                "rapt.yaml:7: environments.dev.namespaces                   expected at least one namespace",
                "rapt.yaml:8: environments.dev.review                       expected one of: required, none",
                "rapt.yaml:9: environments.dev.profil                       "
                "is not a key here; did you mean: profile?",
                "rapt.yaml:14: profiles.standard.resources.requests.memory  a quantity is a number and a unit "
                'such as m, k, M, G, Ki, Mi or Gi, without spaces; was given "lots"',
            ),
        ),
        (
            "- 1\n",
            5,
            "rapt.yaml has 1 mistake",
            MEND,
            ("rapt.yaml:1  expected a mapping, was given [1]",),
        ),
        (
            "a: [1,\n b: }\n",
            5,
            "rapt.yaml:2: did not find expected node content",
            "mend the indentation or the quotes of this line",
            (),
        ),
        ("", 5, "rapt.yaml: it is empty", "write one, or remove the file", ()),
        ("a: &x 1\n", 5, "rapt.yaml:1: anchors (&x) are not read", "remove it, or quote the value", ()),
        (b"\xff", 5, "rapt.yaml:1: this is not UTF-8", "save the file as UTF-8", ()),
        (None, 4, "the repository has no rapt.yaml", "kubectl rapt init --local", ()),
    ],
)
@pytest.mark.parametrize("command", ["sync --in dev", "add http-check --in dev"])
def test_a_broken_project_is_told_with_file_line_and_key(
    ask: Ask,
    repository: ConfigRepository,
    command: str,
    text: str | bytes | None,
    code: int,
    message: str,
    hint: str,
    problems: tuple[str, ...],
) -> None:
    repository.commit({layout.PROJECT: text.encode() if isinstance(text, str) else text, "x": b"x"})
    before = repository.branches
    hint = f"{hint}{command}" if hint == MEND else hint
    assert ask(*command.split()) == refused(code, message, hint, *problems)
    assert repository.branches == before


@pytest.mark.parametrize("command", [*COMMANDS, "changes"])
def test_a_repository_without_main_is_not_taken_for_an_empty_one(
    ask: Ask, repository: ConfigRepository, command: str
) -> None:
    (repository.path / "refs" / "heads" / "main").rename(repository.path / "refs" / "heads" / "master")
    before = repository.branches
    message = "the config repository has no branch main, only master"
    assert ask(*command.split()) == refused(4, message, "git push origin master:main")
    assert repository.branches == before


def test_init_completes_a_repository_that_lost_its_project(
    ask: Ask, repository: ConfigRepository, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / ".local" / "share" / "rapt"
    folder.mkdir(parents=True)
    (folder / "config.git").symlink_to(repository.path)
    repository.commit({layout.PROJECT: None, "README.md": b"Ours\n"})
    ended = ask("init", "--local")
    assert ended.exit_code == 0
    assert "note: dev and prod share namespace default: give prod its own in rapt.yaml" in ended.stderr
    assert set(repository.files()) == {layout.PROJECT, "README.md"}
    assert len(repository.log()) == 3


OBJECT = """\
apiVersion: {version}
kind: {kind}
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    rapt.dev/environment: dev
    rapt.dev/repository: "{id}"
"""


@pytest.mark.parametrize(
    ("version", "kind", "name", "namespace", "problem"),
    [
        (
            "rbac.authorization.k8s.io/v1",
            "ClusterRoleBinding",
            "evil",
            "team",
            "ClusterRoleBinding evil is of a kind that no tool has",
        ),
        ("v1", "Secret", "evil", "team", "Secret evil is of a kind that no tool has"),
        (
            "v1",
            "ServiceAccount",
            "evil",
            "kube-system",
            "ServiceAccount evil is in namespace kube-system, not one of the environment's: team",
        ),
        (
            "v1",
            "ServiceAccount",
            "evil",
            "[team]",
            "ServiceAccount evil is in namespace ['team'], not one of the environment's: team",
        ),
        ("[v1]", "{a: b}", "evil", "team", "{'a': 'b'} evil is of a kind that no tool has"),
        (
            "v1",
            "ServiceAccount",
            '"\\e[31m"',
            "team",
            "holds an object whose name is not one: \\x1b[31m",
        ),
        ("v1", "ServiceAccount", "[1]", "team", "holds an object whose name is not one: [1]"),
    ],
)
def test_what_no_tool_has_is_never_applied(
    ask: Ask,
    repository: ConfigRepository,
    version: str,
    kind: str,
    name: str,
    namespace: str,
    problem: str,
) -> None:
    text = OBJECT.format(version=version, kind=kind, name=name, namespace=namespace, id=repository.id)
    repository.commit({"rendered/dev/evil.yaml": text.encode()})
    expected = refused(
        6,
        "rendered files of dev hold what they may not",
        "git log -p -- rendered/dev/evil.yaml",
        f"rendered/dev/evil.yaml  {problem}",
    )
    assert ask("sync", "--in", "dev") == ask("sync", "--in", "dev", "--dry-run") == expected


def test_rendered_files_are_refused_with_every_problem(ask: Ask, repository: ConfigRepository) -> None:
    account = OBJECT.format(
        version="v1", kind="ServiceAccount", name="rapt-a", namespace="team", id=repository.id
    )
    account += "    rapt.dev/tool: a\nautomountServiceAccountToken: false\n"
    foreign = account.replace(repository.id, "00000000")
    repository.commit(
        {
            "rendered/dev/a.yaml": account.encode(),
            "rendered/dev/b.yaml": f"{account}---\n{foreign}---\njust text\n---\nmetadata: {{labels: [1]}}\n".encode(),
        }
    )
    assert ask("drift", "--in", "dev") == refused(
        6,
        "rendered files of dev hold what they may not",
        "git log -p -- rendered/dev/b.yaml",
        "rendered/dev/b.yaml  ServiceAccount rapt-a is there twice",
        "rendered/dev/b.yaml  ServiceAccount rapt-a lacks the labels of this repository and environment",
        "rendered/dev/b.yaml  contains something that is not an object",
    )


@pytest.mark.parametrize("file", ["rendered/dev/x.yaml", "tools/dev/http-check.yaml"])
def test_a_file_that_a_hand_broke_is_told_with_its_line(
    ask: Ask, repository: ConfigRepository, file: str
) -> None:
    repository.commit({file: b"kind: x\nmetadata: [\n"})
    ended = ask("sync", "--in", "dev", "--kubeconfig", "/dev/null")
    if file.startswith("rendered"):
        message = f"{file}:3: did not find expected node content"
        assert ended == refused(5, message, "mend the indentation or the quotes of this line")
    else:
        assert ended.exit_code == 8, "what people edit is not what is applied"


@pytest.mark.parametrize("command", ["sync", "add http-check"])
@pytest.mark.parametrize("source", ["variable", "file"])
def test_a_reviewed_environment_is_never_the_default(
    ask: Ask,
    repository: ConfigRepository,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    source: str,
) -> None:
    if source == "variable":
        monkeypatch.setenv("RAPT_ENVIRONMENT", "prod")
    else:
        settings = home / ".config" / "rapt" / "config.yaml"
        settings.parent.mkdir(parents=True)
        settings.write_text("environment: prod\n")
    before = repository.branches
    assert ask(*command.split()) == refused(
        2,
        'your default environment "prod" is reviewed, so it must be named each time',
        f"kubectl rapt {command} --in prod",
    )
    assert repository.branches == before
    assert ask("add", "http-check", "--in", "prod").exit_code == 0, "named, it may be used"


def test_whom_git_does_not_know_commits_nothing(
    ask: Ask, repository: ConfigRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        for what in ("NAME", "EMAIL"):
            monkeypatch.delenv(f"GIT_{role}_{what}")
    before = repository.branches
    assert ask("add", "http-check", "--in", "prod") == refused(
        5,
        "git does not know who you are",
        'git config --global user.name "Your Name" && git config --global user.email you@example.com',
    )
    assert repository.branches == before


def test_whom_git_does_not_know_is_told_before_init_makes_anything(
    ask: Ask, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        for what in ("NAME", "EMAIL"):
            monkeypatch.delenv(f"GIT_{role}_{what}")
    ended = ask("init", "--local")
    assert ended == refused(
        5,
        "git does not know who you are",
        'git config --global user.name "Your Name" && git config --global user.email you@example.com',
    )
    assert not (home / ".local").exists()
    assert not (home / ".config").exists()
    home.mkdir(exist_ok=True)
    for words in (["user.name", "Ann"], ["user.email", "ann@example.com"]):
        subprocess.run(["git", "config", "--global", *words], check=True, timeout=60)
    assert ask("init", "--local").exit_code == 0


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_a_dry_run_shows_the_change_and_pushes_nothing(
    ask: Ask, repository: ConfigRepository, environment: str
) -> None:
    before = repository.branches
    for flag in ("--dry-run", "--dry-run=client"):
        ended = ask("add", "http-check", "--in", environment, flag)
        assert ended.exit_code == 0
        assert ended.stdout.endswith(
            f"Add http-check 1.0.0 in {environment}: nothing was written (dry run)\n"
        )
    assert repository.branches == before


def test_a_dry_run_of_nothing_says_that_there_is_nothing(ask: Ask, repository: ConfigRepository) -> None:
    ended = ask("upgrade", "--all", "--in", "prod", "--dry-run")
    assert (ended.exit_code, ended.stdout) == (0, "nothing to change\n"), ended
    assert ask("add", "http-check", "--in", "prod").exit_code == 0
    (branch,) = set(repository.branches) - {"main"}
    repository.move_main(repository.branches[branch])
    ended = ask("upgrade", "--all", "--in", "prod", "--dry-run")
    assert (ended.exit_code, ended.stdout) == (0, "http-check is unchanged in prod\n"), ended


@pytest.mark.parametrize(
    ("form", "begins"),
    [("json", '{\n  "apiVersion": "v1",\n  "kind": "List",'), ("yaml", "apiVersion: v1\n")],
)
def test_the_objects_of_a_change_are_all_that_is_printed(
    ask: Ask, repository: ConfigRepository, form: str, begins: str
) -> None:
    from kubectl_rapt import documents

    ended = ask("add", "http-check", "--in", "prod", "-o", form)
    (note,) = ended.stderr.splitlines()
    assert note.startswith(
        "note: the limits of namespace prod-team were not checked: the API server cannot be reached"
    )
    assert ended.exit_code == 0
    assert ended.stdout.startswith(begins)
    kinds = [one["kind"] for one in documents.load(ended.stdout, "output")["items"]]
    assert kinds == ["ServiceAccount", "NetworkPolicy", "Tool"]
    assert ask("add", "http-check", "--in", "prod", "-o", "name").stdout == "tool.rapt.dev/http-check\n"


@pytest.mark.parametrize(("form", "expected"), [("json", "[]\n"), ("yaml", "[]\n"), ("name", "")])
def test_no_changes_are_an_empty_list(
    ask: Ask, repository: ConfigRepository, form: str, expected: str
) -> None:
    ended = ask("changes", "-o", form)
    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, expected, "")
    assert ask("changes").stderr == "No open changes.\n"


def test_outdated_tools_are_listed_with_the_command_that_upgrades_them(
    ask: Ask, repository: ConfigRepository
) -> None:
    assert ask("list", "--outdated").stderr == "No outdated tools found in the config repository.\n"
    assert ask("list", "--outdated", "-o", "json").stdout == "[]\n"
    assert ask("list", "--outdated", "--in", "nowhere").exit_code == 4


def _wait(repository: ConfigRepository, change: changes.Change, files: dict[str, bytes]) -> None:
    """Put a change on its branch, as somebody else's git does."""
    main = repository.main
    tip = repository.commit(dict(files), change.message)
    repository.move_main(main)
    repository.git("update-ref", f"refs/heads/{change.branch}", tip)


def test_a_reviewed_run_belongs_to_its_environment(ask: Ask, repository: ConfigRepository) -> None:
    path = layout.run("prod", "nightly")
    change = changes.Change("abcdef", (path,), "Run nightly")
    _wait(repository, change, {path: b"kind: Run\n"})
    assert ask("changes", "--in", "prod", "-o", "name").stdout == "abcdef\n"
    assert ask("changes", "--in", "dev", "-o", "name").stdout == ""
    what = 'change abcdef belongs to environment "prod", not to "dev"'
    before = repository.branches
    for verb in ("show", "abandon"):
        ended = ask("changes", verb, "abcdef", "--in", "dev")
        assert ended == refused(6, what, "kubectl rapt changes show abcdef"), verb
    assert repository.branches == before
    assert ask("changes", "show", "abcdef", "--in", "prod").exit_code == 0


def test_a_change_of_the_project_belongs_to_every_environment(ask: Ask, repository: ConfigRepository) -> None:
    path = layout.definition("dev", "good")
    change = changes.Change("aaaaaa", (layout.PROJECT, path), "Add good")
    text = repository.files()[layout.PROJECT] + b"# more\n"
    _wait(repository, change, {layout.PROJECT: text, path: b"kind: Tool\n"})
    for environment in ("dev", "prod"):
        listed = ask("changes", "--in", environment).stdout.splitlines()[1]
        assert listed.split()[:5] == ["aaaaaa", "all", "good", "and", "rapt.yaml"], environment
        shown = ask("changes", "show", "aaaaaa", "--in", environment)
        assert "edits      rapt.yaml, which every environment follows" in shown.stdout.splitlines(), shown
    before = repository.branches
    ended = ask("changes", "abandon", "aaaaaa", "--in", "dev")
    what = 'change aaaaaa edits rapt.yaml, so it belongs to every environment, not only to "dev"'
    assert ended == refused(6, what, "kubectl rapt changes show aaaaaa")
    assert repository.branches == before


def test_a_change_of_another_environment_is_neither_listed_nor_touched(
    ask: Ask, repository: ConfigRepository
) -> None:
    ask("add", "http-check", "--in", "prod")
    identifier = ask("changes", "-o", "name").stdout.strip()
    assert ask("changes", "--in", "prod", "-o", "name").stdout.strip() == identifier
    assert ask("changes", "--in", "dev", "-o", "name").stdout == ""
    before = repository.branches
    what = f'change {identifier} belongs to environment "prod", not to "dev"'
    for verb in ("show", "update", "abandon", "merge"):
        ended = ask("changes", verb, identifier, "--in", "dev")
        assert ended == refused(6, what, f"kubectl rapt changes show {identifier}"), verb
    assert repository.branches == before
    assert ask("changes", "merge", identifier, "--in", "prod").exit_code == 0


def test_check_tells_of_two_tools_on_main_that_need_the_same_object(
    ask: Ask, repository: ConfigRepository
) -> None:
    """Each was merged by itself, by people who did not know of the other."""
    a_2 = ("add", "a-2", "--in", "prod", "--image", "busybox", "--schedule", "0 5 * * *")
    assert ask(*a_2).exit_code == 0
    (branch,) = repository.branches.keys() - {"main"}
    before = repository.files()
    other = {path: text for path, text in repository.files(branch).items() if before.get(path) != text}
    repository.git("branch", "-D", branch)
    assert ask("add", "a", "--in", "prod", "--image", "busybox", *TWO).exit_code == 0
    take_in(repository)
    assert ask("check").exit_code == 0
    repository.commit(dict(other))
    ended = ask("check")
    assert ended.exit_code == 1, ended
    told = ended.stdout + ended.stderr
    assert 'needs cronjob/a-2, which tool "a-2" has' in told, ended
    assert 'needs cronjob/a-2, which tool "a" has' in told, ended
    assert "kubectl rapt set a --in prod --schedule '0 3 * * *'" in told, ended
