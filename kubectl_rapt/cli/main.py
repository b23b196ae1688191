"""The front end's outermost layer: which command, and what every ending looks like."""

import os
import sys
from typing import TYPE_CHECKING, Any

import typer
from typer._click.exceptions import ClickException, NoSuchOption
from typer._click.exceptions import UsageError as ClickUsageError
from typer.core import TyperGroup
from typer.main import get_command

from kubectl_rapt.cli import options, table, terminal
from kubectl_rapt.errors import RaptError, UsageError
from kubectl_rapt.model import names

if TYPE_CHECKING:
    from kubectl_rapt.adapters.cluster.spawn import Ahead

INTERRUPTED = 130
OUR_BUG = 3
NAME = "kubectl rapt"


class Commands(TyperGroup):
    """The commands of the table, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the help."""
        return list(table.TABLE)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One command with its own and the shared options."""
        entry = table.TABLE.get(cmd_name)
        if entry is None:
            nearest = names.nearest(cmd_name, list(table.TABLE))
            raise UsageError("no-command", f'no command "{cmd_name}"', f"{NAME} {nearest or '--help'}")
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(cmd_name)(entry.load())
        command = get_command(app)
        command.params.extend(options.shared())
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The commands under their headings, one screen."""
        formatter.write(f"Usage: {NAME} COMMAND [flags]\n")
        heading = ""
        for name, entry in table.TABLE.items():
            if entry.heading != heading:
                heading = entry.heading
                formatter.write(f"\n{heading}\n")
            formatter.write(f"  {name:<10}{entry.summary}\n")
        formatter.write(f"\nFlags of a command: {NAME} COMMAND --help\n")


def _root() -> None:
    """Reviewed, versioned tools as Kubernetes Jobs."""


def run(arguments: list[str], ahead: "Ahead | None" = None) -> int:
    """Run one command.

    Args:
        arguments: What stands after the program's name.
        ahead: What was started before: see ``ahead.started``.

    Returns:
        The exit code: the command's own, or that of the error it ended with.
    """
    app = typer.Typer(
        cls=Commands, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
    )
    app.callback()(_root)
    try:
        group = get_command(app)
        group.params.extend(options.shared())
        code = group.main(
            arguments or ["--help"], prog_name=NAME, standalone_mode=False, obj={"ahead": ahead}
        )
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except RaptError as error:
        _tell(error)
        return error.exit_code
    except ClickException as error:
        _tell(_translate(error))
        return UsageError.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone; nothing more can be said there, not even while Python shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except Exception:
        from kubectl_rapt.cli import reports

        terminal.say(
            f"error: something unexpected went wrong, which is a bug\n  see: {reports.write(arguments)}"
        )
        return OUR_BUG


def _translate(error: ClickException) -> RaptError:
    if isinstance(error, NoSuchOption):
        nearest = (error.possibilities or [""])[0]
        return UsageError("no-flag", f"no flag {error.option_name}", nearest or f"{NAME} --help")
    where = error.ctx.command_path if isinstance(error, ClickUsageError) and error.ctx else NAME
    return UsageError("bad-usage", _one_line(error.format_message()), f"{where} --help")


def _one_line(message: str) -> str:
    line = " ".join(message.split()).rstrip(".")
    return line[:1].lower() + line[1:]


def _tell(error: RaptError) -> None:
    terminal.say(f"error: {terminal.clean(error.message)}")
    width = max((len(problem.where) for problem in error.problems), default=0)
    for problem in error.problems:
        terminal.say(f"  {terminal.clean(problem.where):<{width}}  {terminal.clean(problem.what)}")
    if error.hint:
        terminal.say(f"  try: {terminal.clean(error.hint)}")
