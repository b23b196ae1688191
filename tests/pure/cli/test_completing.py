"""Which answers a shell gets for which words, and what is looked up for them: decided from the words alone."""

import pytest

from kubectl_rapt.cli import completing, line, table, words

ROOT = [("cha", ["changes"]), ("re", ["registry", "remove", "retry", "render", "reconcile"]), ("zz", [])]


def texts(*typed: str) -> list[str]:
    """The candidates that need no looking up, as they are printed."""
    question = completing.ask(typed)
    return [one.partition("\t")[0] for one in completing.answer(question, question.fixed).splitlines()[:-1]]


@pytest.mark.parametrize(("word", "expected"), ROOT)
def test_commands_are_completed(word: str, expected: list[str]) -> None:
    assert sorted(texts(word)) == sorted(expected)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("registry |", ["add", "remove", "update", "verify"]),
        ("-n team registry v|", ["verify"]),
        ("run --dry-run=c|", ["client"]),
        ("run --dry-run |", ["none", "client", "server"]),
        ("run -o y|", ["yaml"]),
        ("run x --out|", ["--output"]),
        ("run x -o json --out|", []),
        ("run x --set a=1 --se|", ["--set", "--set-file", "--secret-mount"]),
        ("schema t|", ["tool", "template"]),
        ("clean --status failed,su|", ["failed,succeeded"]),
        ("clean --status failed,f|", []),
        ("list -o |", ["wide", "json", "yaml", "name", "jsonpath=", "custom-columns="]),
        ("template release x --bump m|", ["minor", "major"]),
        ("changes show 7c1e42 |", []),
        ("add x -- sh|", []),
        ("nosuch |", []),
        ("help changes m|", ["merge"]),
        ("help err|", ["errors"]),
        ("list -v |", ["6", "8"]),
        ("run --nosuch |", []),
    ],
)
def test_flags_and_words_are_completed(typed: str, expected: list[str]) -> None:
    assert texts(*typed.removesuffix("|").split(" ")) == expected


@pytest.mark.parametrize(
    ("typed", "kind", "word", "directive"),
    [
        ("add |", "template", "", 4),
        ("show ht|", "template", "ht", 4),
        ("run |", "tool", "", 4),
        ("reconcile --in prod --for team-a,te|", "namespace", "team-a,te", 4),
        ("install --for |", "namespace", "", 4),
        ("set |", "tool of the repository", "", 4),
        ("set x |", "answer", "", 4),
        ("upgrade a |", "tool of the repository", "", 4),
        ("run x |", "", "", 4),
        ("run x --set |", "answer", "", 4),
        ("run x --set=a|", "answer", "a", 4),
        ("logs |", "tool or run", "", 4),
        ("attach |", "tool or run", "", 4),
        ("changes merge |", "change", "", 4),
        ("diff x --change |", "change", "", 4),
        ("list --in |", "environment", "", 4),
        ("-n |", "namespace", "", 4),
        ("share x --to-namespace a,|", "namespace", "a,", 4),
        ("share x --to-environment |", "environment", "", 4),
        ("run --context=|", "context", "", 4),
        ("registry remove |", "registry", "", 4),
        ("registry add |", "", "", 4),
        ("template test |", "checkout", "", 4),
        ("template new |", "", "", 4),
        ("policy show |", "retry policy", "", 4),
        ("clean --policy |", "cleanup policy", "", 4),
        ("set x --retry |", "retry policy", "", 4),
        ("add x --name |", "", "", 4),
        ("help errors no-t|", "error", "no-t", 4),
        ("timing |", "tool or run", "", 4),
        ("config set |", "setting", "", 4),
        ("config set environment |", "environment", "", 4),
        ("config set contexts.prod |", "context", "", 4),
        ("config set repository |", "", "", 4),
        ("config unset |", "setting", "", 4),
        ("init --local --prod |", "namespace", "", 4),
        ("run --answers |", "", "", 0),
        ("dead export --to |", "", "", 16),
        ("list --kubeconfig |", "", "", 0),
        ("add x --image i -- |", "", "", 0),
    ],
)
def test_what_is_looked_up_follows_from_the_words(typed: str, kind: str, word: str, directive: int) -> None:
    question = completing.ask(typed.removesuffix("|").split(" "))
    assert (question.kind, question.word, question.directive) == (kind, word, directive)


def test_no_space_follows_what_is_not_over() -> None:
    question = completing.ask(["run", "x", "--set", "co"])
    assert completing.answer(question, [("colour=", "What to paint")]) == "colour=\tWhat to paint\n:6"
    assert completing.answer(question, [("colour=", ""), ("cost", "")]) == "colour=\ncost\n:4"
    assert completing.answer(question, []) == ":4"


@pytest.mark.parametrize(
    ("typed", "command", "arguments", "given", "is_known"),
    [
        ("changes show 7c1", "changes show", ["7c1"], {}, True),
        ("-n team list -A", "list", [], {"--namespace": ["team"], "--all-namespaces": [""]}, True),
        ("list -Anteam", "list", [], {"--namespace": ["team"], "--all-namespaces": [""]}, True),
        ("run x --dry-run -o json", "run", ["x"], {"--dry-run": [""], "--output": ["json"]}, True),
        ("run x --dry-run server", "run", ["x"], {"--dry-run": ["server"]}, True),
        ("run --set a=-b=c x", "run", ["x"], {"--set": ["a=-b=c"]}, True),
        ("run x -- --help", "run", ["x", "--help"], {}, True),
        ("run --set --help", "run", [], {"--set": ["--help"]}, True),
        ("list --nosuch", "list", [], {}, False),
        ("changes nosuch", "changes", ["nosuch"], {}, False),
        ("run -fz", "run", [], {"--follow": [""]}, False),
    ],
)
def test_a_line_is_understood(
    typed: str, command: str, arguments: list[str], given: dict[str, list[str]], is_known: bool
) -> None:
    found = line.read(typed.split())
    assert (found.command, found.arguments, found.given) == (command, arguments, given)
    assert found.is_known is is_known


def test_every_value_that_a_flag_or_an_argument_takes_is_completed_or_known_to_be_free() -> None:
    """A new way of writing a value is to be thought of: what it means, or that only the person knows it."""
    free = {
        *(
            "CRON",
            "GROUP",
            "IMAGE",
            "JSONPATH",
            "K=V",
            "LABELS",
            "LINES",
            "LOCAL:PATH",
            "N",
            "NAME",
            "NUMBER",
        ),
        *("RANGE", "REPOSITORY", "SELECTOR", "TEXT", "TIME", "URL", "USER", "VERSION", "WORD", "ZONE", "KEY"),
        *("sha256:", "-- COMMAND", "COMMAND…|flags|errors [CODE", "NAME=VALUE…] [NAME-", "NAME=A,B"),
    }
    for name in table.TABLE:
        command = words.COMMANDS[name]
        forms = [flag.value for flag in (*command.flags, *words.SHARED) if flag.value]
        for form in [*forms, *(one for one, _ in command.arguments)]:
            plain = (
                form if form.endswith("@VERSION]") else form.strip("[]").removesuffix("…").removesuffix(",")
            )
            known = (
                plain in completing.KNOWN
                or plain in free
                or plain.replace("|", "").replace("=…", "").islower()
            )
            assert known or all(one.rstrip("=…").islower() for one in plain.split("|")), (name, form)
