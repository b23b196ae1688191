"""``kubectl rapt version``: where ``__main__`` did not answer already, because flags were given."""

from kubectl_rapt import __version__
from kubectl_rapt.cli import terminal


def version() -> None:
    """Print the version.

    Example: kubectl rapt version
    """
    terminal.out(f"kubectl-rapt {__version__}")
