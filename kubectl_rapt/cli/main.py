"""The front end's outermost layer: which command, and what every ending looks like."""

import os
import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import typer
from typer._click.exceptions import BadParameter, ClickException, NoSuchOption
from typer._click.exceptions import UsageError as ClickUsageError
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from kubectl_rapt.cli import copying, correcting, helping, line, options, refusals, table, terminal, words
from kubectl_rapt.errors import RaptError, UsageError
from kubectl_rapt.model import names

if TYPE_CHECKING:
    from kubectl_rapt.adapters.cluster.spawn import Kubectl

INTERRUPTED = 130
OUR_BUG = 3
NAME = helping.THROUGH_KUBECTL


class Command(TyperCommand):
    """One command.

    Attributes:
        path: Its words in the table.
    """

    path = ""

    def get_help(self, ctx: Any) -> str:
        """As ``__main__`` prints it, without what is imported here."""
        return helping.here(self.path)


class Commands(TyperGroup):
    """The commands of the table, or those of one group in it, each imported when it is asked for.

    Attributes:
        path: The group's own words in the table; empty for the root.
    """

    path = ""

    def get_help(self, ctx: Any) -> str:
        """As of any command."""
        return helping.here(self.path)

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the help."""
        return table.below(self.path)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One command, or a group of them, with its own and the shared options."""
        path = f"{self.path} {cmd_name}".lstrip()
        entry = table.TABLE.get(path) if " " not in cmd_name else None
        if entry is None:
            raise _no_command(ctx, self.path, cmd_name)
        is_group = bool(table.below(path))
        app = typer.Typer(
            cls=Commands if is_group else None,
            add_completion=False,
            rich_markup_mode=None,
            context_settings={"help_option_names": list(line.HELP)},
        )
        if is_group:
            app.callback(invoke_without_command=True)(_alone(entry.load()))
        else:
            app.command(cmd_name, cls=Command)(entry.load())
        command = get_command(app)
        command.name = cmd_name
        assert isinstance(command, Command | Commands)
        command.path = path
        if isinstance(command, Commands):
            command.subcommand_metavar = f"[{'|'.join(table.below(path))}]"
        command.params.extend(options.shared())
        return command


_OTHER_NAMES = {
    **dict.fromkeys(("get", "ls", "tools"), "list"),
    **dict.fromkeys(("apply", "deploy"), "sync"),
    **dict.fromkeys(("create", "new"), "add"),
    **dict.fromkeys(("edit", "configure"), "set"),
    **dict.fromkeys(("exec", "ssh"), "shell"),
    **dict.fromkeys(("start", "execute"), "run"),
    **dict.fromkeys(("stop", "kill"), "cancel"),
    **dict.fromkeys(("rm", "uninstall"), "remove"),
    **dict.fromkeys(("ps", "jobs"), "runs"),
    **dict.fromkeys(("rerun", "restart"), "retry"),
    "update": "upgrade",
}
"""What other programs call our commands, kubectl before all."""


def _no_command(context: Any, path: str, name: str) -> UsageError:
    what = f'no command "{f"{path} {name}".lstrip()}"'
    help_ = f"{NAME} {path}".rstrip()
    if path and name == "list":  # a group lists what it is about where no command is named
        return UsageError("no-command", what, help_)
    typed = context.ensure_object(dict).get("words", ())
    if not path and name in _OTHER_NAMES:
        kind = (typed[typed.index(name) + 1 :] or [""])[0].split("/")[0].lower()
        if name == "get" and kind in ("run", "runs", "job", "jobs"):
            return UsageError("no-command", what, f"{NAME} runs")
        other = _OTHER_NAMES[name]
        return UsageError(
            "no-command", what, f"{NAME} {other}" if other in ("list", "runs") else f"{NAME} {other} --help"
        )
    nearest = names.nearest(name, table.below(path))
    hint = correcting.replaced(typed, name, nearest) if nearest else f"{help_} --help"
    return UsageError("no-command", what, hint)


def _alone(command: Callable[..., Any]) -> Callable[..., Any]:
    """What a group does where none of its commands is named; flags of its own before one would be lost."""

    @wraps(command)
    def alone(context: typer.Context, **given: Any) -> Any:
        verb = context.invoked_subcommand
        if verb is None:
            return command(context, **given)
        for one in context.command.params:
            source = context.get_parameter_source(one.name) if one.name in given else None
            if source and source.name == "COMMANDLINE":
                what = f"{one.opts[0]} stands before {verb} and is not for it"
                raise UsageError("bad-usage", what, f"{context.command_path} {verb} --help")
        return None

    return alone


def _root() -> None:
    """Reviewed, versioned tools as Kubernetes Jobs."""


def run(arguments: list[str], ahead: "Kubectl | None" = None) -> int:
    """Run one command.

    Args:
        arguments: What stands after the program's name.
        ahead: What was started before: see ``ahead.started``.

    Returns:
        The exit code: the command's own, or that of the error it ended with.
    """
    app = typer.Typer(
        cls=Commands,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": list(line.HELP)},
    )
    app.callback()(_root)
    name = helping.program(os.environ)
    try:
        group = get_command(app)
        group.params.extend(options.shared())
        words = options.with_bare_flags(arguments) or ["--help"]
        copying.remember(words)
        _check_once(words)
        code = group.main(words, prog_name=name, standalone_mode=False, obj={"ahead": ahead, "words": words})
        terminal.out_all()
        return code if isinstance(code, int) else 0
    except RaptError as error:
        refusals.tell(error)
        return error.exit_code
    except ClickException as error:
        refusals.tell(_translate(error, arguments))
        return UsageError.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # The reader has gone, and Click ends the program then; nobody waits for more, and that is no failure.
        terminal.give_up_output()
        return 0
    except Exception as error:
        from kubectl_rapt.cli import reports

        refusals.tell(
            RaptError(
                "bug",
                f"something unexpected went wrong, which is a bug of Rapt: {type(error).__name__}",
                "the same again; if it stays, send the report, which holds none of the values that you typed",
            )
        )
        terminal.say(f"  report: {reports.write(arguments)}")
        return OUR_BUG


def _check_once(typed: Sequence[str]) -> None:
    """Refuse a flag that takes one value and was given two: which one is meant, only the person knows.

    Raises:
        UsageError: ``bad-flag``.
    """
    read = line.read(typed)
    found = None if read.wants_help else read.given_otherwise()
    if found is None:
        return
    flag, values = found
    if flag.value:
        what = f"{flag.name} is given {len(values)} times: {' and '.join(values)}"
    else:
        what = f"{flag.name} and {flag.opposite} contradict each other"
    raise UsageError("bad-flag", what, [correcting.once(typed, flag, value) for value in values])


def _translate(error: ClickException, arguments: Sequence[str]) -> RaptError:
    context = error.ctx if isinstance(error, ClickUsageError) else None
    command = next((word for word in arguments if word in table.TABLE), "")
    where = context.command_path if context else f"{NAME} {command}".rstrip()
    if isinstance(error, NoSuchOption):
        flags = [
            flag
            for one in (context.command.params if context else ())
            for flag in (*one.opts, *one.secondary_opts)
        ]
        flags = flags if error.option_name.startswith("--") else []  # no letter is near to another
        nearest = names.nearest(error.option_name, flags)
        word = error.option_name.strip("-")
        if word == command == "set":  # what follows is an argument of it
            hint = correcting.replaced(arguments, error.option_name, "")
        elif word in table.TABLE and not command:
            hint = f"{NAME} {word}"
        elif nearest:
            hint = correcting.replaced(arguments, error.option_name, nearest)
        else:
            hint = f"{where} --help"
            others = [
                name for name, one in words.COMMANDS.items() if error.option_name in line.by_name(one.flags)
            ]
            if command and len(others) == 1:  # of several, none is more likely to be meant than another
                what = f"{where.removeprefix(NAME).strip()} has no flag {error.option_name}"
                return UsageError("no-flag", f"{what}; {others[0]} has it", f"{NAME} {others[0]} --help")
        return UsageError("no-flag", f"no flag {error.option_name}", hint)
    if isinstance(error, BadParameter) and error.param and error.message:
        what = f"{error.param.opts[0]} expects {_expected(error.message)}"
        return UsageError("bad-flag", what, f"{where} --help")
    return UsageError("bad-usage", _one_line(error.format_message()), f"{where} --help")


def _expected(message: str) -> str:
    """What a flag's type says of a value that it does not take, without the words of programmers."""
    value, _, kind = message.rstrip(".").rpartition(" is not a valid ")
    kinds = {"int": "a whole number", "float": "a number"}
    return f"{kinds[kind]}, got {value}" if kind in kinds else message.rstrip(".")


def _one_line(message: str) -> str:
    line = " ".join(message.split()).rstrip(".")
    line = re.sub(r"^Got unexpected extra arguments? ?\(?s?\)? ?\((.*)\)$", r"too many arguments: \1", line)
    return line[:1].lower() + line[1:]
