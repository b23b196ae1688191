"""Flags become values: pairs, choices, and which cluster is meant."""

from typing import Any

import pytest
import typer
from typer.main import get_command

from kubectl_rapt.cli import options
from kubectl_rapt.config.settings import Settings
from kubectl_rapt.errors import Problem, UsageError
from kubectl_rapt.model.target import Target


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
    assert (caught.value.code, caught.value.hint) == ("bad-flag", "--set NAME=VALUE")
    assert caught.value.problems == (
        Problem("--set", "expects NAME=VALUE, got b"),
        Problem("--set", "expects NAME=VALUE, got =x"),
        Problem("--set", "gives a twice"),
        Problem("--set", "expects NAME=VALUE, got "),
    )


def test_a_flag_takes_only_its_words() -> None:
    options.one_of("-o", "", ("json", "yaml"))
    options.one_of("-o", "yaml", ("json", "yaml"))
    with pytest.raises(UsageError) as caught:
        options.one_of("-o", "xml", ("json", "yaml"))
    assert (caught.value.message, caught.value.hint) == ('-o does not know "xml"', "-o json|yaml")


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


def test_the_environment_is_the_named_one_or_else_ones_own() -> None:
    mine = Settings(environment="dev")
    assert options.environment(contexts("--in", "prod"), mine) == "prod"
    assert options.environment(contexts(), mine) == "dev"
    with pytest.raises(UsageError) as caught:
        options.environment(contexts(), Settings())
    assert (caught.value.code, caught.value.hint) == ("no-environment", "--in ENV")
