"""Commands that are typed wrong: each says what is wrong and what to type instead, and touches nothing."""

from pathlib import Path

import pytest

from kubectl_rapt.cli import table
from tests.cli.conftest import Ask
from tests.cli.endings import refused


@pytest.mark.parametrize(
    ("command", "message", "hint"),
    [
        ("foo", 'no command "foo"', "kubectl rapt --help"),
        ("lst", 'no command "lst"', "kubectl rapt list"),
        ("Run", 'no command "Run"', "kubectl rapt run"),
        ("--version", "no flag --version", "kubectl rapt version"),
        ("--foo list", "no flag --foo", "kubectl rapt --help"),
        ("list --foo", "no flag --foo", "kubectl rapt list --help"),
        ("list --namspace x", "no flag --namspace", "kubectl rapt list --namespace x"),
        ("run hello --folow", "no flag --folow", "kubectl rapt run hello --follow"),
        ("sync -A", "no flag -A", "kubectl rapt sync --help"),
        ("sync --all", "no flag --all", "kubectl rapt sync --help"),
        ("cancel --all", "no flag --all", "kubectl rapt cancel --help"),
        ("show", "missing argument 'TEMPLATE'", "kubectl rapt show --help"),
        ("add", "missing argument 'TEMPLATE'", "kubectl rapt add --help"),
        ("run", "missing argument 'TOOL'", "kubectl rapt run --help"),
        ("logs", "missing argument 'TOOL|RUN|job/NAME|pod/NAME'", "kubectl rapt logs --help"),
        ("why", "missing argument 'TOOL|RUN|job/NAME|pod/NAME'", "kubectl rapt why --help"),
        ("events", "missing argument 'TOOL|RUN|job/NAME|pod/NAME'", "kubectl rapt events --help"),
        ("why x -A", "-A goes with --failed only", "kubectl rapt why --failed -A"),
        ("-n team run", "missing argument 'TOOL'", "kubectl rapt run --help"),
        ("list x", "too many arguments: x", "kubectl rapt list --help"),
        ("run a b", "too many arguments: b", "kubectl rapt run --help"),
        ("changes show a b", "too many arguments: b", "kubectl rapt changes show --help"),
        ("list -o", "option '-o' requires an argument", "kubectl rapt list --help"),
        ("run a --set", "option '--set' requires an argument", "kubectl rapt run --help"),
        ("list -n", "option '-n' requires an argument", "kubectl rapt list --help"),
        ("init --local=x", "option '--local' does not take a value", "kubectl rapt init --help"),
        (
            "list -o xml",
            '-o does not take "xml": it takes wide, json, yaml, name, jsonpath=… or custom-columns=…',
            "kubectl rapt list -o wide",
        ),
        (
            "runs -o table",
            '-o does not take "table": it takes wide, json, yaml, name, jsonpath=… or custom-columns=…',
            "kubectl rapt runs -o wide",
        ),
        (
            "list -o jsonpath={.a",
            "-o jsonpath: an action is not closed: } is missing",
            "kubectl rapt list -o 'jsonpath={.items[*].metadata.name}'",
        ),
        (
            "list --sort-by {",
            "--sort-by: expects a field such as .metadata.name, got {",
            "kubectl rapt list --sort-by .metadata.name",
        ),
        ("runs -w -o json", "--watch shows lines as they come", "kubectl rapt runs --watch"),
        (
            "runs --since soon",
            '--since expects a time such as 90s, 5m or 1h, got "soon"',
            "kubectl rapt runs --help",
        ),
        ("describe", "missing argument 'TOOL|RUN|job/NAME|pod/NAME'", "kubectl rapt describe --help"),
        (
            "describe x -o wide",
            '-o does not take "wide": it takes json, yaml, name or jsonpath=…',
            "kubectl rapt describe x -o json",
        ),
        (
            "status -o name",
            '-o does not take "name": it takes json, yaml or jsonpath=…',
            "kubectl rapt status -o json",
        ),
        ("schedule --next 0", "--next expects 1 to 1000, got 0", "kubectl rapt schedule --next 10"),
        ("schedule backfill x", "missing option '--from'", "kubectl rapt schedule backfill --help"),
        (
            "logs x --attempt -1",
            "--attempt expects a number from 1, got -1",
            "kubectl rapt logs x --attempt 1",
        ),
        (
            "search -o JSON",
            '-o does not take "JSON": it takes wide, json, yaml or name',
            "kubectl rapt search -o json",
        ),
        (
            "show x -o name",
            '-o does not take "name": it takes wide, json or yaml',
            "kubectl rapt show x -o wide",
        ),
        (
            "why x -o name",
            '-o does not take "name": it takes wide, json or yaml',
            "kubectl rapt why x -o wide",
        ),
        (
            "why --failed -o name",
            '-o does not take "name": it takes wide, json or yaml',
            "kubectl rapt why --failed -o wide",
        ),
        (
            "events x -o name",
            '-o does not take "name": it takes wide, json or yaml',
            "kubectl rapt events x -o wide",
        ),
        ("sync -o json", '-o does not take "json": it takes name', "kubectl rapt sync -o name"),
        (
            "sync --dry-run=yes",
            '--dry-run does not take "yes": it takes client or none',
            "kubectl rapt sync --dry-run=client",
        ),
        (
            "add x --dry-run=server",
            '--dry-run does not take "server": it takes client or none',
            "kubectl rapt add x --dry-run=client",
        ),
        (
            "run x --dry-run=yes",
            '--dry-run does not take "yes": it takes client, server or none',
            "kubectl rapt run x --dry-run=client",
        ),
        ("logs x --tail=ten", "--tail expects a whole number, got 'ten'", "kubectl rapt logs --help"),
        (
            "logs x --tail=-2",
            "--tail expects a number of lines, or -1 for all, got -2",
            "kubectl rapt logs x --tail=20",
        ),
        (
            "run x --timeout=soon",
            '--timeout expects a time such as 90s, 5m or 1h, got "soon"',
            "kubectl rapt run --help",
        ),
        (
            "list --request-timeout=-3",
            '--request-timeout expects a time such as 90s, 5m or 1h, got "-3"',
            "kubectl rapt list --help",
        ),
        ("init", "init needs to know where the config repository is", "kubectl rapt init --local"),
        ("add x -- sh", "a command needs an image", "kubectl rapt add x --image IMAGE -- COMMAND"),
        ("add x --image a --set image=b", "image is given twice", "kubectl rapt add x --image a"),
        ("changes foo", 'no command "changes foo"', "kubectl rapt changes --help"),
        ("changes mrge x", 'no command "changes mrge"', "kubectl rapt changes merge x"),
        ("changes show", "missing argument 'ID'", "kubectl rapt changes show --help"),
        ("changes abandon", "missing argument 'ID'", "kubectl rapt changes abandon --help"),
        (
            "changes merge x --wait --timeout soon",
            '--timeout expects a time such as 90s, 5m or 1h, got "soon"',
            "kubectl rapt changes merge --help",
        ),
        (
            "init --local --dev shop-dev --prod shop-dev",
            "dev and prod need a namespace each, or a tool could be in one of them only: both are shop-dev",
            "kubectl rapt init --local --dev shop-dev --prod shop-prod",
        ),
        ("init x --local", "--local is a repository of its own", "kubectl rapt init x"),
        ("init x --owners @", '--owners does not take "@"', "kubectl rapt init x --owners anna,@group/team"),
        (
            "changes show 123456 -o name",
            '-o does not take "name": it takes json or yaml',
            "kubectl rapt changes show 123456 -o json",
        ),
        ("set http-check --set status=201", "no flag --set", "kubectl rapt set http-check status=201"),
        (
            "changes -o json show 123456",
            "-o stands before show and is not for it",
            "kubectl rapt changes show --help",
        ),
        ("logs foo/bar", '"foo" is not job, pod, run or tool', "kubectl rapt logs job/bar"),
        ("why foo/bar", '"foo" is not job, pod, run or tool', "kubectl rapt why job/bar"),
        ("sync", "no environment is given, and you have no default", "kubectl rapt init --local"),
        ("add http-check", "no environment is given, and you have no default", "kubectl rapt init --local"),
    ],
)
def test_a_wrong_command_says_what_to_type_instead(
    ask: Ask, home: Path, command: str, message: str, hint: str
) -> None:
    assert ask(*command.split()) == refused(2, message, hint)
    written = [one for one in home.rglob("*") if ".cache" not in one.parts]
    assert not written


def test_all_wrong_answers_on_the_command_line_are_told_at_once(ask: Ask) -> None:
    expected = refused(
        2,
        "--set is invalid",
        "kubectl rapt run --help",
        "--set  expects NAME=VALUE, got b",
        "--set  gives a twice: 1 and 2",
    )
    assert ask("run", "x", *(f"--set={one}" for one in ("a=1", "b", "a=2"))) == expected


@pytest.mark.parametrize(
    ("template", "hint"),
    [("http-chek", "kubectl rapt show http-check"), ("\x1b[31mzzz", "kubectl rapt search")],
)
def test_an_unknown_template_is_answered_with_the_nearest(ask: Ask, template: str, hint: str) -> None:
    shown = template.replace("\x1b", "\\x1b")
    assert ask("show", template) == refused(4, f'no template "{shown}" in the registries', hint)


def test_a_value_of_ten_megabytes_is_shown_by_its_beginning_and_its_end(ask: Ask) -> None:
    ended = ask("show", "a" * 5_000_000 + "b" * 5_000_000)
    assert ended.exit_code == 4
    assert 'no template "aaa' in ended.stderr
    assert 'bbb" in the registries' in ended.stderr
    assert len(ended.stderr) < 1200


@pytest.mark.parametrize("command", ["", *table.TABLE])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_the_help_of_every_command_fits_one_screen_and_has_an_example(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, command: str, flag: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = ask(*command.split(), flag)
    assert (ended.exit_code, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert len(lines) <= 40
    assert all(len(line) <= 80 for line in lines)
    assert f"Example: kubectl rapt {command}" in ended.stdout or not command


def test_without_arguments_the_help_is_shown(ask: Ask) -> None:
    assert ask() == ask("--help")
    assert "\n  run       Run a tool\n" in ask().stdout


@pytest.mark.parametrize("command", ["run", "add", "list"])
def test_a_narrow_terminal_gets_a_narrow_help(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    ended = ask(command, "--help")
    assert ended.exit_code == 0
    assert max(map(len, ended.stdout.splitlines())) <= 50, "Click's least width"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("search zzz -o json", "[]\n"),
        ("search zzz -o yaml", "[]\n"),
        ("search zzz -o name", ""),
        ("search tcp -o name", "tcp-check\n"),
    ],
)
def test_an_empty_list_is_a_list_all_the_same(ask: Ask, command: str, expected: str) -> None:
    ended = ask(*command.split())
    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, expected, "")


@pytest.mark.parametrize(
    ("command", "message", "first", "second"),
    [
        (
            "run x --in prod --in=dev --set a=1",
            "--in is given 2 times: prod and dev",
            "run x --in prod --set a=1",
            "run x --in dev --set a=1",
        ),
        (
            "--in prod run x --in dev",
            "--in is given 2 times: prod and dev",
            "--in prod run x",
            "--in dev run x",
        ),
        (
            "list -n a -nb",
            "--namespace is given 2 times: a and b",
            "list --namespace a",
            "list --namespace b",
        ),
        (
            "list --context a --context b",
            "--context is given 2 times: a and b",
            "list --context a",
            "list --context b",
        ),
        (
            "clean --policy a --policy b",
            "--policy is given 2 times: a and b",
            "clean --policy a",
            "clean --policy b",
        ),
        (
            "run x -o name --output json",
            "--output is given 2 times: name and json",
            "run x --output name",
            "run x --output json",
        ),
        (
            "run x --follow --detach",
            "--follow and --detach contradict each other",
            "run x --follow",
            "run x --detach",
        ),
        (
            "retry x --detach -f",
            "--follow and --detach contradict each other",
            "retry x --detach",
            "retry x --follow",
        ),
        (
            "add x --image a --name n --name m -- sh --name b",
            "--name is given 2 times: n and m",
            "add x --image a --name n -- sh --name b",
            "add x --image a --name m -- sh --name b",
        ),
    ],
)
def test_a_flag_with_two_values_is_refused_with_a_command_for_each(
    ask: Ask, command: str, message: str, first: str, second: str
) -> None:
    ended = ask(*command.split())
    assert ended.exit_code == 2, ended
    assert ended.stderr.splitlines()[:3] == [
        f"error: {message}",
        f"  try: kubectl rapt {first}",
        f"  or: kubectl rapt {second}",
    ]


@pytest.mark.parametrize("command", ["version -o json -o json", "completion bash --help --in a --in b"])
def test_a_flag_that_says_the_same_twice_is_taken(ask: Ask, command: str) -> None:
    assert ask(*command.split()).exit_code == 0
