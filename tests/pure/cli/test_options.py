"""Flags become values: pairs, choices, and which cluster is meant."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer
from typer.main import get_command

from kubectl_rapt.cli import options
from kubectl_rapt.config.project import Environment
from kubectl_rapt.config.settings import Settings
from kubectl_rapt.errors import Problem, UsageError
from kubectl_rapt.model.target import Target
from kubectl_rapt.ports.world import World


@pytest.mark.parametrize(
    ("texts", "pairs"),
    [
        ([], {}),
        (["a=1"], {"a": "1"}),
        (["a=", "b=x"], {"a": "", "b": "x"}),
        (["url=http://x/?a=b&c=d"], {"url": "http://x/?a=b&c=d"}),
        (["a= spaced "], {"a": " spaced "}),
    ],
)
def test_a_pair_ends_its_name_at_the_first_equals_sign(texts: list[str], pairs: dict[str, str]) -> None:
    assert options.pairs(texts, "--set") == pairs


def test_all_wrong_pairs_are_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        options.pairs(["a=1", "b", "=x", "a=2", ""], "--set")
    assert (caught.value.code, caught.value.hint) == ("bad-flag", "--help")
    assert caught.value.problems == (
        Problem("--set", "expects NAME=VALUE, got b"),
        Problem("--set", "expects NAME=VALUE, got =x"),
        Problem("--set", "gives a twice: 1 and 2"),
        Problem("--set", "expects NAME=VALUE, got "),
    )


def test_a_flag_takes_only_its_words() -> None:
    options.one_of("-o", "", ("json", "yaml"))
    options.one_of("-o", "yaml", ("json", "yaml"))
    with pytest.raises(UsageError) as caught:
        options.one_of("-o", "xml", ("json", "yaml"))
    assert (caught.value.message, caught.value.hint) == (
        '-o does not take "xml": it takes json or yaml',
        "-o json",
    )


def contexts(*arguments: str) -> typer.Context:
    """The context in which a command with the shared options was called."""
    found: list[typer.Context] = []
    app = typer.Typer(add_completion=False)
    app.command("x")(lambda: None)
    command: Any = get_command(app)
    command.params.extend(options.shared())
    command.callback = lambda **_: found.append(typer_context())
    command.main(list(arguments), standalone_mode=False, obj={})
    return found[0]


def typer_context() -> typer.Context:
    from typer._click.globals import get_current_context

    context: Any = get_current_context()
    return context  # type: ignore[no-any-return]


def test_kubectls_flags_say_which_cluster_and_as_whom() -> None:
    context = contexts(
        *("--kubeconfig", "k", "--context", "c", "-n", "team", "--as", "ann"),
        *("--as-group", "a", "--as-group", "b", "--request-timeout", "2.5", "--in", "prod"),
    )
    assert options.target(context) == Target("k", "c", "team", "ann", ("a", "b"), 2.5)
    assert options.named_environment(context) == "prod"


def test_without_flags_kubectls_own_choice_holds() -> None:
    assert options.target(contexts()) == Target()
    assert options.named_environment(contexts()) == ""


def world(settings: Settings) -> World:
    """A world of which only the settings are read."""
    return cast(World, SimpleNamespace(settings=settings))


def test_the_environment_is_the_named_one_or_else_ones_own() -> None:
    mine = world(Settings(environment="dev"))
    assert options.environment(contexts("--in", "prod"), mine) == "prod"
    assert options.environment(contexts(), mine) == "dev"


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        (Settings(), "kubectl rapt init --local"),
        (Settings(repository="config.git"), "--in ENV"),
    ],
)
def test_without_an_environment_the_next_step_is_named(settings: Settings, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        options.environment(contexts(), world(settings))
    assert caught.value.code == "no-environment"
    assert caught.value.hint.endswith(hint)


def test_a_reviewed_environment_is_never_taken_because_it_is_the_default() -> None:
    prod, dev = Environment("prod", ("live",)), Environment("dev", ("team",), is_reviewed=False)
    options.check_default(contexts("--in", "prod"), prod)
    options.check_default(contexts(), dev)
    with pytest.raises(UsageError) as caught:
        options.check_default(contexts(), prod)
    assert caught.value.code == "reviewed-default"
    assert caught.value.hint.endswith("--in prod")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("5", 5), ("2.5", 2.5), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("1d", 86400)],
)
def test_a_time_is_written_as_for_kubectl_or_in_bare_seconds(text: str, expected: float) -> None:
    assert options.seconds(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "abc", "5x", "1s1m", "nan", "inf", "1e9", "5 s", "٥"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter) as caught:
        options.seconds(text)
    assert caught.value.message == f'a time such as 90s, 5m or 1h, got "{text}"'


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (["sync", "--dry-run"], ["sync", "--dry-run=client"]),
        (["run", "--dry-run", "hello"], ["run", "--dry-run=client", "hello"]),
        (["run", "--dry-run", "server"], ["run", "--dry-run", "server"]),
        (["run", "--dry-run=none"], ["run", "--dry-run=none"]),
        (["add", "x", "--", "sh", "--dry-run"], ["add", "x", "--", "sh", "--dry-run"]),
    ],
)
def test_dry_run_alone_is_what_kubectl_makes_of_it(given: list[str], made: list[str]) -> None:
    assert options.with_bare_flags(given) == made
