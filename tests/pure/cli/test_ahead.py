"""What is guessed of a command line before it is understood."""

import pytest

from kubectl_rapt.cli import ahead, options, table


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("list", {}),
        ("list --in prod -A", {"--in": ["prod"]}),
        ("--context=c list -n x", {"--context": ["c"], "--namespace": ["x"]}),
        ("run hello --as ann --as-group=a --as-group b", {"--as": ["ann"], "--as-group": ["a", "b"]}),
        ("run hello -- --context c", {}),
        ("runs -n", {"--namespace": [""]}),
        ("-n list runs", {"--namespace": ["list"]}),
        ("version", None),
        ("search list", None),
        ("list --help", None),
        ("", None),
    ],
)
def test_the_shared_flags_of_a_command_that_asks_the_cluster(
    line: str, given: dict[str, list[str]] | None
) -> None:
    assert ahead.guess(line.split()) == given


def test_the_flags_are_those_that_every_command_takes() -> None:
    declared = {spelling: option.opts[-1] for option in options.shared() for spelling in option.opts}
    assert declared == ahead.FLAGS


def test_the_commands_are_in_the_table() -> None:
    assert table.TABLE.keys() >= ahead.COMMANDS
