"""The how-to pages, typed: each ``sh`` block of a page, from top to bottom, where the things that it names exist."""

import subprocess
from pathlib import Path

import pytest
import yaml

from kubectl_rapt.config import layout
from tests import namespaces
from tests.cluster.clusters import Cluster
from tests.house import pages, source
from tests.killing import Person
from tests.registries import RegistryRepository
from tests.repositories import ConfigRepository

HOW_TO = sorted((pages.DOCS / "how-to").glob("*.md"))
TOOL = Path(__file__).parents[1] / "predecessor" / "tools" / "migrate.yaml"
POLICY = source.HOME / "policies" / "retry" / "out-of-memory.yaml"
_LIMIT_SECONDS = 600
_PROJECT = """\
apiVersion: rapt.dev/v1alpha1
kind: Project
id: {id}
registries:
  team: {{url: {team}}}
environments:
  staging:
    namespaces: [tools-staging]
    review: required
  prod:
    namespaces: [tools]
    allowedNamespaces: [team-a, team-b]
    review: required
"""
_REVIEW = """
cd "$RAPT_REPOSITORY"
git for-each-ref --format='update refs/heads/main %(objectname)' refs/heads/rapt | git update-ref --stdin
git for-each-ref --format='delete %(refname)' refs/heads/rapt | git update-ref --stdin
cd "$OLDPWD"
"""
"""What waits is merged as a forge does it; two at once would be refused."""


@pytest.fixture(scope="module")
def reader(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Somebody with tools in staging and prod, a newer version of one, a registry, and a tool of the Go program."""
    folder = tmp_path_factory.mktemp("pages")
    team = RegistryRepository(folder, "team")
    team.commit({"policies/retry/out-of-memory.yaml": POLICY.read_bytes()})
    team.release("report", "1.0.0")
    config = ConfigRepository(folder)
    config.commit({layout.PROJECT: _PROJECT.format(id=config.id, team=team.path).encode()})
    namespace = namespaces.prepare(cluster)
    user = cluster.user(f"user-of-{namespace}", namespace=namespace)
    namespaces.apply(user, yaml.safe_load(TOOL.read_text()))
    reader = Person(folder / "reader", user, repository=config.path)
    subprocess.run(["git", "clone", "-q", str(team.path), str(reader.home / "tools")], check=True, timeout=60)
    for tool in ("http-check --set url=https://example.com/health", "team/report"):
        _type(reader, f"kubectl rapt add {tool} --in staging{_REVIEW}")
    _type(reader, f"kubectl rapt share report --in staging --to-environment prod{_REVIEW}")
    team.release("report", "1.1.0")
    return reader


def _type(person: Person, script: str) -> None:
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        cwd=person.home / "tools",
        env=person.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LIMIT_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", HOW_TO, ids=lambda path: path.stem)
def test_what_a_page_says_can_be_typed(page: Path, reader: Person) -> None:
    """What waits for a review after a block is merged, as whoever reviews it would."""
    typed = [block.text for block in pages.blocks(page) if block.language == "sh"]
    reviewed = [text + _REVIEW if "--in " in text else text for text in typed]
    assert typed, "nothing on this page is tested: mark what can be typed with sh"
    _type(reader, "\n".join(reviewed))
