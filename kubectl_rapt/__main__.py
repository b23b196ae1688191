"""The way in: answers ``version`` at once and hands everything else to the front end."""

import gc
import os
import sys


def main() -> int:
    """Run the command that the process was started with; the exit code."""
    if sys.argv[1:] == ["version"]:
        from kubectl_rapt import __version__

        print(f"kubectl-rapt {__version__}")
        return 0
    # A command is short: collecting what its imports leave costs a tenth of them.
    gc.disable()
    from kubectl_rapt.cli import ahead

    # kubectl starts now, beside the imports of all the rest.
    with ahead.started(sys.argv[1:]) as kubectl:
        from kubectl_rapt.cli import main as front_end

        code = front_end.run(sys.argv[1:], kubectl)
    # Everything is written and closed; taking all modules apart would take as long as a request.
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
