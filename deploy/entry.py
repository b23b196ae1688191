"""The way into the frozen program: what its loader did to the environment is undone, then it is Rapt as anywhere."""

import os
import sys

RENDERER = "__render__"
"""``adapters.sandbox.ARGUMENT``, whose module would have to be imported first."""


def main() -> int:
    """Be the renderer's helper, or run the command that the process was started with; the exit code."""
    _restore()
    if sys.argv[1:] == [RENDERER]:
        from kubectl_rapt.adapters import sandbox_child

        sandbox_child.serve()
    from kubectl_rapt.__main__ import main as run

    return run()


def _restore() -> None:
    """Give git, kubectl and their plug-ins the environment that the person has.

    The loader names its own libraries there, which those would take for theirs.
    """
    for variable in [one for one in os.environ if one.startswith("_PYI_")]:
        del os.environ[variable]
    if sys.platform == "darwin":
        return  # the loader needs no such variable there: one that is there is the person's own
    original = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    os.environ.pop("LD_LIBRARY_PATH", None)
    if original is not None:
        os.environ["LD_LIBRARY_PATH"] = original


if __name__ == "__main__":
    sys.exit(main())
