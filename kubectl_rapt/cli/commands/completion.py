"""``kubectl rapt completion``."""

import os

import typer

from kubectl_rapt import wiring
from kubectl_rapt.actions import execute
from kubectl_rapt.cli import options, scripts, terminal
from kubectl_rapt.errors import Refused
from kubectl_rapt.model.plan import Plan, WriteFiles


def completion(context: typer.Context) -> None:
    """Set up tab completion of commands, flags and names, for kubectl rapt and for kubectl-rapt.

    Example: kubectl rapt completion install
    """
    terminal.out(context.get_help())


def install(context: typer.Context, dry_run: options.DryRun = "none") -> None:
    """Put kubectl_complete-rapt on your PATH. kubectl runs it to complete kubectl rapt.

    It is written beside kubectl-rapt, or into ~/.local/bin if that folder is not yours.

    Example: kubectl rapt completion install
    """
    is_dry = options.is_dry(dry_run)
    completer = wiring.completer(os.environ)
    path = completer.find()
    if path:
        terminal.out(terminal.clean(f"{path} is there already"))
        return
    path = completer.place()
    if not completer.is_free(path):
        raise Refused(
            "not-ours", f"{path} is there, and Rapt did not write it", f"look at it, then: rm {path}"
        )
    if not is_dry:
        with options.open_world(context) as (_, writers):
            step = WriteFiles(str(path.parent), {path.name: completer.content}, is_program=True)
            execute.every(writers, Plan((step,)))
    terminal.out(terminal.clean(f"{path} {'would be written (dry run)' if is_dry else 'written'}"))
    if not completer.is_on_path(path.parent):
        terminal.say(
            terminal.clean(f"  note: {path.parent} is not on your PATH, and kubectl looks there alone")
        )
    terminal.say("  next: source <(kubectl completion bash), where your shell does not complete kubectl yet")


def bash() -> None:
    """Print the completion script of kubectl-rapt for bash.

    Example: kubectl rapt completion bash > ~/.local/share/bash-completion/completions/kubectl-rapt
    """
    terminal.out(scripts.BASH.rstrip("\n"))


def zsh() -> None:
    """Print the completion script of kubectl-rapt for zsh.

    Example: kubectl rapt completion zsh > ~/.zfunc/_kubectl-rapt
    """
    terminal.out(scripts.ZSH.rstrip("\n"))


def fish() -> None:
    """Print the completion script of kubectl-rapt for fish.

    Example: kubectl rapt completion fish > ~/.config/fish/completions/kubectl-rapt.fish
    """
    terminal.out(scripts.FISH.rstrip("\n"))
