"""The command line of the test cluster: up, down and status."""

import argparse
import shlex
import sys

from tests.cluster import clusters
from tests.cluster.telling import ClusterError, tell


def main() -> int:
    """Runs one command; answers on stdout, progress and errors on stderr.

    Returns:
        The exit code: 1 if the command failed, or ``status`` found no healthy cluster.
    """
    arguments = _parser().parse_args()
    try:
        if arguments.command == "up":
            return _up(arguments.node)
        if arguments.command == "down":
            return _down()
        return _status()
    except ClusterError as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _up(node: bool) -> int:
    cluster = clusters.up(node)
    if not cluster.is_new:
        tell("already up")
    print(f"export KUBECONFIG={shlex.quote(str(cluster.kubeconfig))}")
    return 0


def _down() -> int:
    tell("down" if clusters.down() else "nothing was up")
    return 0


def _status() -> int:
    cluster = clusters.found()
    if cluster is None:
        print("down")
        return 1
    print(f"up        {cluster.server}")
    print(f"node      {cluster.node_address or 'none'}")
    print(f"export KUBECONFIG={shlex.quote(str(cluster.kubeconfig))}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=clusters.__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start the shared cluster unless it is up; print export KUBECONFIG=…")
    up.add_argument("--node", action="store_true", help="with a node that runs pods (as root)")
    commands.add_parser("down", help="end the shared cluster and remove what it left")
    commands.add_parser("status", help="say whether the shared cluster is up")
    return parser


if __name__ == "__main__":
    sys.exit(main())
