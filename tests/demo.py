"""``make demo``: Rapt's main job on a real cluster, each command with its real output.

``make casts`` plays the same in a terminal, and keeps what was shown as recordings, in README.md and in the tutorial.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests import casts, drawing, namespaces, story
from tests.casts import Recording
from tests.cluster import clusters
from tests.servers import health_server

_TITLES = {
    "first-run": "From nothing to a run that is explained",
    "reviewed": "A tool for production, reviewed and on a schedule",
}


def main() -> int:
    """Play the story; the exit code is 1 where something is not as the story says."""
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("--keep", action="store_true", help="leave the cluster up")
    parser.add_argument("--record", action="store_true", help="write down what is shown")
    arguments = parser.parse_args()
    keep = arguments.keep
    was_up = clusters.found() is not None
    cluster = clusters.up(node=True)
    begun = time.monotonic()
    try:
        pair = namespaces.pair(cluster, is_in_dev=True)
        kubeconfig = pair.kubeconfig
        with (
            tempfile.TemporaryDirectory(prefix="rapt-demo-") as home,
            health_server(cluster, pair.dev) as (host, port),
        ):
            known = {"server": f"http://{host}:{port}", "host": host, "port": str(port)}
            known |= {"user": pair.user, "dev": pair.dev, "prod": pair.prod}
            terminal = casts.Terminal() if arguments.record else None
            teller = story.Teller(
                Path(home), kubeconfig, cluster.kubeconfig, known, terminal or story.in_pipes
            )
            recordings = {name: Recording(_TITLES[name]) for name in story.CHAPTERS}
            wrong = 0
            for name, steps in story.CHAPTERS.items():
                for step in steps:
                    told = _play(teller, step)
                    wrong += _complain(told, teller)
                    if terminal:
                        _record(recordings[name], told, terminal.pieces, home)
            if terminal and not wrong:
                _write(recordings)
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


def _play(teller: story.Teller, step: story.Step) -> story.Told:
    """Type one command and show its output."""
    if step.why:
        print(f"\n# {step.why}")
    print(f"$ {story.fill(step.command, teller.known)}", flush=True)
    told = teller.tell(step)
    print(told.both, end="")
    if told.exit_code:
        print(f"(exit code {told.exit_code})")
    return told


def _complain(told: story.Told, teller: story.Teller) -> bool:
    """Whether it was not as the story says, which is shown."""
    complaints = story.complaints(told, teller.known)
    for complaint in complaints:
        print(f"!! {complaint}", file=sys.stderr)
    return bool(complaints)


def _record(recording: Recording, told: story.Told, pieces: Sequence[tuple[float, str]], home: str) -> None:
    """Add a command that was just played to its recording."""
    if told.step.why:
        recording.note(told.step.why)
    recording.type(told.command)
    shown = [(at, text.replace(home, "~")) for at, text in pieces]
    if told.exit_code:
        shown.append((shown[-1][0], f"(exit code {told.exit_code})\r\n"))
    recording.hear(shown)


def _write(recordings: dict[str, Recording]) -> None:
    """Write the recordings, and put what was shown into the README and the tutorial."""
    casts.FOLDER.mkdir(exist_ok=True)
    for name, recording in recordings.items():
        (casts.FOLDER / f"{name}.cast").write_text(recording.to_cast(), "utf-8")
        (casts.FOLDER / f"{name}.svg").write_text(drawing.svg(recording), "utf-8")
    whole = "\r\n".join(recording.text for recording in recordings.values())
    transcript = "\n".join(line.plain.rstrip() for line in casts.lines(whole))
    root = Path(__file__).parents[1]
    readme, tutorial = root / "README.md", root / "docs" / "tutorial.md"
    before, begin, rest = readme.read_text("utf-8").partition("<!-- transcript -->\n")
    end = rest[rest.index("<!-- end of transcript -->") :]
    readme.write_text(f"{before}{begin}```\n{transcript}\n```\n{end}", "utf-8")
    tutorial.write_text(_quoting(tutorial.read_text("utf-8"), transcript), "utf-8")


def _quoting(page: str, transcript: str) -> str:
    """A page whose blocks that begin with a command of the story show what that came to."""
    shown = [
        part.partition("\n\n# ")[0].rstrip("\n") for part in re.split(r"^(?=\$ )", transcript, flags=re.M)[1:]
    ]
    for step, text in zip(story.STORY, shown, strict=True):
        block = re.compile(rf"^```\n\$ {story.pattern(step)}\n.*?^```$", re.MULTILINE | re.DOTALL)
        page = block.sub(f"```\n{text}\n```".replace("\\", r"\\"), page)
    return page


if __name__ == "__main__":
    sys.exit(main())
