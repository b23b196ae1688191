"""``make demo``: Rapt's main job on a real cluster, each command with its real output."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests import story
from tests.cluster import clusters
from tests.namespaces import prepare
from tests.servers import health_server


def main() -> int:
    """Play the story; the exit code is 1 where something is not as the story says."""
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("--keep", action="store_true", help="leave the cluster up")
    parser.add_argument("--readme", action="store_true", help="put what was shown into README.md")
    arguments = parser.parse_args()
    keep = arguments.keep
    was_up = clusters.found() is not None
    cluster = clusters.up(node=True)
    begun = time.monotonic()
    try:
        assert cluster.node_address is not None
        namespace = prepare(cluster)
        user = f"user-of-{namespace}"
        kubeconfig = cluster.user(user, namespace=namespace)
        with (
            tempfile.TemporaryDirectory(prefix="rapt-demo-") as home,
            health_server(cluster.node_address) as port,
        ):
            server = f"http://{cluster.node_address}:{port}"
            known = {"server": server, "host": cluster.node_address, "port": str(port), "user": user}
            teller = story.Teller(Path(home), kubeconfig, cluster.kubeconfig, known)
            shown: list[str] = []
            wrong = sum(_play(teller, step, shown) for step in story.STORY)
            if arguments.readme:
                _write(shown, home)
        print(f"\nThat took {time.monotonic() - begun:.0f} s.", end=" ")
        print(
            "Something was not as the story says, see above." if wrong else "Next: kubectl rapt show script"
        )
        if keep:
            print(
                f"\nThe cluster is still up:\n  export KUBECONFIG={kubeconfig}\n  python -m tests.cluster down"
            )
        return 1 if wrong else 0
    finally:
        if not keep and not was_up:
            clusters.down()


def _play(teller: story.Teller, step: story.Step, shown: list[str]) -> bool:
    """Type one command and show its output; whether it is not as the story says."""

    def show(text: str) -> None:
        shown.append(text)
        print(text, end="", flush=True)

    if step.why:
        show(f"\n# {step.why}\n")
    show(f"$ {story.fill(step.command, teller.known)}\n")
    told = teller.tell(step)
    show(told.both)
    if told.exit_code:
        show(f"(exit code {told.exit_code})\n")
    complaints = story.complaints(told, teller.known)
    for complaint in complaints:
        print(f"!! {complaint}", file=sys.stderr)
    return bool(complaints)


def _write(shown: list[str], home: str) -> None:
    """Put the transcript between its marks in the README."""
    readme = Path(__file__).parents[1] / "README.md"
    before, begin, rest = readme.read_text().partition("<!-- transcript -->\n")
    end = rest[rest.index("<!-- end of transcript -->") :]
    transcript = "".join(shown).strip("\n").replace(home, "~")
    readme.write_text(f"{before}{begin}```\n{transcript}\n```\n{end}")


if __name__ == "__main__":
    sys.exit(main())
