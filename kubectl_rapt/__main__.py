"""The way in: answers ``version`` at once and hands everything else to the front end."""

import gc
import os
import sys

INTERRUPTED = 130


def main() -> int:
    """Run the command that the process was started with; the exit code."""
    try:
        _open_closed_streams()
        _leave_relative_folders()
        return _run()
    except KeyboardInterrupt:
        # Before the front end can say so, while modules are imported.
        os._exit(INTERRUPTED)


def _run() -> int:
    if sys.argv[1:] == ["version"] and _print_version():
        return 0
    if sys.argv[1:2] == ["__complete"]:
        _complete(sys.argv[2:])
    if _print_help(sys.argv[1:]):
        return 0
    # A command is short: collecting what its imports leave costs a tenth of them.
    gc.disable()
    from kubectl_rapt.cli import ahead

    # kubectl starts now, beside the imports of all the rest.
    with ahead.started(sys.argv[1:]) as kubectl:
        from kubectl_rapt.cli import main as front_end

        code = front_end.run(sys.argv[1:], kubectl)
    # Everything is written and closed; taking all modules apart would take as long as a request.
    os._exit(code)


def _print_version() -> bool:
    from kubectl_rapt import __version__

    try:
        print(f"kubectl-rapt {__version__}", flush=True)
    except OSError:
        return False  # the front end comes to the same point, and has the words for it
    return True


def complete() -> None:
    """What kubectl calls as ``kubectl_complete-rapt``."""
    _leave_relative_folders()
    _complete(sys.argv[1:])


def _complete(typed: list[str]) -> None:
    gc.disable()
    from kubectl_rapt.cli import tab

    tab.complete(typed)


def _print_help(arguments: list[str]) -> bool:
    if arguments and "-h" not in arguments and "--help" not in arguments:
        return False
    from kubectl_rapt.cli import helping

    command = helping.asked(arguments)
    if command is None:
        return False
    text = helping.here(command)
    try:
        print(text, flush=True)
    except OSError:
        return False  # the front end comes to the same point, and has the words for it
    return True


def _leave_relative_folders() -> None:
    """A PATH with ``.`` or an empty entry would start a ``git`` or ``kubectl`` of the current folder, anybody's."""
    if "PATH" in os.environ:
        folders = [one for one in os.environ["PATH"].split(os.pathsep) if one.startswith(os.sep)]
        os.environ["PATH"] = os.pathsep.join(folders) or os.defpath


def _open_closed_streams() -> None:
    """Who closes a standard stream wants nothing of it; a file that took its number would be written to instead."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")


if __name__ == "__main__":
    sys.exit(main())
