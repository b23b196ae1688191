"""krew itself, built from its Go module, with an index and a server of one's own."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from deploy import krew
from kubectl_rapt import __version__
from tests.cluster import kubectl
from tests.cluster.programs import Source, built
from tests.repositories import SOMEONE
from tests.servers import serving

SOURCE = Source(
    name="krew",
    module="sigs.k8s.io/krew",
    version="v0.4.3",
    commands={
        "kubectl-krew": "sigs.k8s.io/krew/cmd/krew",
        "validate-krew-manifest": "sigs.k8s.io/krew/cmd/validate-krew-manifest",
    },
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class Krew:
    """A person who has krew, and nothing of Rapt yet.

    Args:
        home: Their home folder; krew's own is in it.
    """

    def __init__(self, home: Path) -> None:
        self.root = home / ".krew"
        self.programs = self.root / "bin"
        tools = built(SOURCE, *SOURCE.commands)["kubectl-krew"].parent
        alone = home / "bin" / "kubectl"  # beside the tests' own stands a kubectl-rapt
        alone.parent.mkdir()
        alone.symlink_to(kubectl.program())
        others = [one for one in os.get_exec_path() if Path(one) != kubectl.program().parent]
        self.environ = {
            **SOMEONE,
            "HOME": str(home),
            "KREW_ROOT": str(self.root),
            "KREW_NO_UPGRADE_CHECK": "1",
            "PATH": ":".join(map(str, [self.programs, tools, alone.parent, *others])),
        }

    def type(self, *words: str | Path) -> str:
        """Type one command that has to work; all that it says."""
        done = subprocess.run(
            [str(word) for word in words],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"$ {' '.join(map(str, words))}\n{done.stdout}"
        return done.stdout

    def index(self, manifest: str) -> str:
        """Make the git repository of an index with this manifest; its address, which is krew's default too."""
        folder = self.root.parent / "index"
        file = folder / krew.INDEX
        file.parent.mkdir(parents=True)
        file.write_text(manifest)
        for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=Release"]):
            self.type("git", "-C", folder, *words)
        self.environ["KREW_DEFAULT_INDEX_URI"] = folder.as_uri()
        return folder.as_uri()


@contextmanager
def released(archive: Path, folder: Path, platforms: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The manifest of a release that a server has; this platform's archive stands for those of the others."""
    release = folder / f"v{__version__}"
    release.mkdir(parents=True)
    for system, machine in platforms:
        shutil.copy(archive, release / krew.name(__version__, system, machine))
    # The library takes whatever can be called with a handler's arguments.
    with serving("127.0.0.1", partial(_Quiet, directory=str(folder))) as port:  # type: ignore[arg-type]
        yield krew.manifest(__version__, krew.archives(__version__, release), f"http://127.0.0.1:{port}/")
