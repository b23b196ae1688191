"""Adding a release to an index: people's comments stay, and only lines are added."""

import difflib

import pytest

from kubectl_rapt.errors import Refused
from kubectl_rapt.model.versions import Version
from kubectl_rapt.templating import index, releasing
from kubectl_rapt.templating.index import Release

RELEASE = Release("a" * 40, "sha256:" + "b" * 64)
OTHER = Release("c" * 40, "sha256:" + "d" * 64)
ENTRY = f"      tree: {OTHER.tree}\n      digest: {OTHER.digest}\n"
INDEX = f"""\
# Everybody's templates.
apiVersion: rapt.dev/v1alpha1
kind: Index

templates:
  # The oldest.
  backup:
    "1.0.0":   # with a mistake
{ENTRY}
    '1.2.0':
{ENTRY}
  restore:
    1.0.0-rc.1:
{ENTRY}# the end
"""


@pytest.mark.parametrize(
    ("name", "version", "before"),
    [
        ("backup", "1.3.0", "  restore:"),
        ("backup", "1.1.0", "    '1.2.0':"),
        ("restore", "1.0.0", "# the end"),
        ("copy", "1.0.0", "  restore:"),
        ("zip", "1.0.0", "# the end"),
    ],
)
def test_only_lines_are_added(name: str, version: str, before: str) -> None:
    made = releasing.insert(INDEX, "index.yaml", name, Version.parse(version), RELEASE)
    changed = [line for line in difflib.ndiff(INDEX.splitlines(), made.splitlines()) if line[0] in "+-"]
    assert {line[0] for line in changed} == {"+"}
    assert index.load(made, "index.yaml").release(name, Version.parse(version)) == RELEASE
    last = max(at for at, line in enumerate(made.splitlines()) if RELEASE.digest in line)
    assert next(line for line in made.splitlines()[last + 1 :] if line) == before


@pytest.mark.parametrize(("name", "version"), [("backup", "0.9.0"), ("archive", "1.0.0")])
def test_what_has_nothing_before_it_is_written_all_the_same(name: str, version: str) -> None:
    made = releasing.insert(INDEX, "index.yaml", name, Version.parse(version), RELEASE)
    known, before = index.load(made, "index.yaml"), index.load(INDEX, "index.yaml")
    for other, versions in before.templates.items():
        assert versions.items() <= known.templates[other].items()
    assert known.release(name, Version.parse(version)) == RELEASE


def test_the_first_release_makes_the_index() -> None:
    made = releasing.insert("", "index.yaml", "backup", Version(1, 0, 0), RELEASE)
    assert index.load(made, "index.yaml").templates == {"backup": {Version(1, 0, 0): RELEASE}}


@pytest.mark.parametrize("text", ["{}", "{apiVersion: rapt.dev/v1alpha1, kind: Index, templates: {}}"])
def test_an_index_in_one_line_is_understood_or_refused(text: str) -> None:
    if text == "{}":
        with pytest.raises(Exception, match="mistakes"):
            releasing.insert(text, "index.yaml", "backup", Version(1, 0, 0), RELEASE)
    else:
        made = releasing.insert(text, "index.yaml", "backup", Version(1, 0, 0), RELEASE)
        assert index.load(made, "index.yaml").release("backup", Version(1, 0, 0)) == RELEASE


def test_the_same_release_again_changes_nothing() -> None:
    assert releasing.insert(INDEX, "index.yaml", "backup", Version(1, 2, 0), OTHER) == INDEX


def test_a_released_version_keeps_its_files() -> None:
    with pytest.raises(Refused) as caught:
        releasing.insert(INDEX, "index.yaml", "backup", Version(1, 2, 0), RELEASE)
    assert caught.value.code == "released-version-changed"
