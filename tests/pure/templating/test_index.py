"""The index of a registry: git's own ids, digests, and an order that only grows."""

import hashlib
import subprocess
import time
from pathlib import Path
from random import Random

import pytest

from kubectl_rapt.errors import Invalid, NotFound, Refused
from kubectl_rapt.model.versions import Version, VersionRange
from kubectl_rapt.templating import index
from kubectl_rapt.templating.index import Index, Release

ONE, TWO = Release("1" * 40, f"sha256:{'a' * 64}"), Release("2" * 40, f"sha256:{'b' * 64}")
V1, V2 = Version(1, 0, 0), Version(2, 0, 0)
FILES = {
    "template.yaml": b"a: 1\n",
    "tests/one.yaml": b"",
    "tests/deep/two.yaml": b"\x00\xff",
    "tests.md": b"x",
    "tests-a": b"y",
}


TREES: list[dict[str, bytes]] = [
    {"a": b""},
    FILES,
    {"a/b": b"1", "a.b": b"2", "a-b": b"3", "a0": b"4", "aé/x": b"5", "A": b"6"},
    {"x/y/z/w": b"deep", "x/y.z": b"", "x/y-": b""},
]


def random_tree(random: Random) -> dict[str, bytes]:
    """Up to eight files whose names test the order: one may be a file or a folder, never both."""
    files: dict[str, bytes] = {}
    for _ in range(random.randint(1, 8)):
        names = [
            "".join(random.choices("ab.-_0é", k=random.randint(1, 4))) for _ in range(random.randint(1, 3))
        ]
        path = "/".join(f"d{name}" if set(name) == {"."} else name for name in names)
        if not any(f"{one}/".startswith(f"{path}/") or f"{path}/".startswith(f"{one}/") for one in files):
            files[path] = random.randbytes(random.randint(0, 9))
    return files


def test_a_tree_has_the_id_that_git_gives_it(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-c", "core.autocrlf=false", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    random = Random(1)
    trees = [*TREES, *(random_tree(random) for _ in range(60))]
    for number, files in enumerate(trees):
        for path, content in files.items():
            file = tmp_path / str(number) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    git("init", "-q", ".")
    git("add", "-A", "-f", ".")
    whole = git("write-tree")
    assert (
        index.tree_id({f"{at}/{path}": one for at, files in enumerate(trees) for path, one in files.items()})
        == whole
    )
    for line in git("ls-tree", whole).splitlines():
        identity, folder = line.split()[2:]
        assert index.tree_id(trees[int(folder)]) == identity
    assert index.tree_id({}) == git("hash-object", "-t", "tree", "/dev/null")


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", ".", "..", "a/../b", ".git/config", "a/.GIT/x", "a\nb", "a\0b"]
)
def test_a_path_that_git_cannot_hold_is_refused(path: str) -> None:
    for identify in (index.tree_id, index.digest):
        with pytest.raises(Invalid) as refused:
            identify({path: b""})
        assert refused.value.code == "bad-path"
        assert refused.value.message == f"{path!r} is not the path of a file in git"


def test_a_path_is_not_a_file_and_a_folder_at_once() -> None:
    with pytest.raises(Invalid, match=r"^a/b needs a folder where there is a file$"):
        index.tree_id({"a": b"", "a/b": b""})
    with pytest.raises(Invalid, match=r"^a is a file and a folder at once$"):
        index.tree_id({"a/b": b"", "a": b""})


def test_the_digest_is_that_of_the_list_that_sha256sum_prints(tmp_path: Path) -> None:
    for path, content in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    listed = subprocess.run(
        ["sha256sum", "--", *sorted(FILES)], cwd=tmp_path, capture_output=True, check=True
    ).stdout
    assert index.digest(FILES) == f"sha256:{hashlib.sha256(listed).hexdigest()}"
    assert index.digest(dict(reversed(FILES.items()))) == index.digest(FILES)


def test_every_change_changes_both_identities() -> None:
    release = index.release_of(FILES)
    assert release == Release(index.tree_id(FILES), index.digest(FILES))
    for changed in (
        {**FILES, "template.yaml": b"a: 2\n"},
        {**FILES, "new": b""},
        {path: content for path, content in FILES.items() if path != "tests.md"},
        {path.replace("one", "eno"): content for path, content in FILES.items()},
    ):
        other = index.release_of(changed)
        assert other.tree != release.tree
        assert other.digest != release.digest


TEXT = f"""\
apiVersion: rapt.dev/v1alpha1
kind: Index
templates:
  backup:
    "1.0.0":
      tree: "{"1" * 40}"
      digest: sha256:{"a" * 64}
    "2.0.0":
      tree: "{"2" * 40}"
      digest: sha256:{"b" * 64}
  restore:
    "1.0.0":
      tree: "{"2" * 40}"
      digest: sha256:{"b" * 64}
"""
INDEX = Index({"backup": {V1: ONE, V2: TWO}, "restore": {V1: TWO}})


def test_an_index_is_read_and_written() -> None:
    assert index.load(TEXT, "index.yaml") == INDEX
    assert index.dump(INDEX) == TEXT
    assert index.dump(Index({"restore": {V1: TWO}, "backup": {V2: TWO, V1: ONE}})) == TEXT
    assert index.load(index.dump(Index({})), "index.yaml") == Index({})


def test_versions_are_read_in_their_order() -> None:
    text = TEXT.replace('"1.0.0"', '"10.0.0"')
    assert list(index.load(text, "index.yaml").versions("backup")) == [V2, Version(10, 0, 0)]


WRONG = [
    ("kind: Index", "kind: Indx", "index.yaml:2: kind", "expected one of: Index"),
    ("v1alpha1", "v1", "index.yaml:1: apiVersion", "expected one of: rapt.dev/v1alpha1"),
    ("  backup:", "  Backup:", "index.yaml:4: templates.Backup", "is not the name of a template"),
    ('"2.0.0"', '"2.0"', "index.yaml:8: templates.backup.2.0", "a version is written like"),
    ("1" * 40, "1" * 39, "index.yaml:6: templates.backup.1.0.0.tree", "expected 40 hex digits"),
    ("1" * 40, "A" * 40, "index.yaml:6: templates.backup.1.0.0.tree", "expected 40 hex digits"),
    (
        "sha256:aaa",
        "sha257:aaa",
        "index.yaml:7: templates.backup.1.0.0.digest",
        "expected sha256: and 64 hex digits",
    ),
    (
        "sha256:aaa",
        "sha256:aa",
        "index.yaml:7: templates.backup.1.0.0.digest",
        "expected sha256: and 64 hex digits",
    ),
    (f"      digest: sha256:{'a' * 64}\n", "", "index.yaml:5: templates.backup.1.0.0.digest", "is missing"),
    (f'      tree: "{"1" * 40}"\n', "", "index.yaml:5: templates.backup.1.0.0.tree", "is missing"),
    ("      tree:", "      x: a\n      tree:", "index.yaml:6: templates.backup.1.0.0.x", "is not a key here"),
    ("kind: Index", "kind: Index\nx: 1", "index.yaml:3: x", "is not a key here"),
]


@pytest.mark.parametrize(("old", "new", "where", "what"), WRONG)
def test_a_mistake_in_an_index_is_told_with_its_line(old: str, new: str, where: str, what: str) -> None:
    with pytest.raises(Invalid) as refused:
        index.load(TEXT.replace(old, new, 1), "index.yaml")
    assert refused.value.code == "bad-index"
    assert [problem.where for problem in refused.value.problems] == [where]
    assert what in refused.value.problems[0].what


def test_a_release_is_found_or_the_nearest_is_named() -> None:
    assert INDEX.release("backup", V2) == TWO
    with pytest.raises(NotFound) as refused:
        INDEX.release("backup", Version(3, 0, 0))
    assert refused.value.code == "no-version"
    assert (refused.value.message, refused.value.hint) == (
        "backup has no version 3.0.0; it has 1.0.0, 2.0.0",
        "kubectl rapt show backup",
    )
    with pytest.raises(NotFound) as refused:
        INDEX.release("backpu", V1)
    assert refused.value.code == "no-template"
    assert refused.value.message == 'the registry has no template "backpu"; did you mean: backup?'


def test_the_newest_version_is_no_prerelease_if_it_can_be() -> None:
    candidate = Version(3, 0, 0, ("rc", "1"))
    assert INDEX.newest("backup") == V2
    assert Index({"a": {V1: ONE, candidate: ONE}}).newest("a") == V1
    assert Index({"a": {candidate: ONE}}).newest("a") == candidate


def test_a_release_is_appended_once() -> None:
    grown = index.append(INDEX, "new", V1, ONE)
    assert grown.templates == {**INDEX.templates, "new": {V1: ONE}}
    assert index.append(INDEX, "backup", Version(2, 1, 0), ONE).release("backup", Version(2, 1, 0)) == ONE
    assert index.append(INDEX, "backup", V1, ONE) == INDEX
    assert "new" not in INDEX.templates


def test_a_released_version_never_changes() -> None:
    with pytest.raises(Refused) as refused:
        index.append(INDEX, "backup", V1, TWO)
    assert refused.value.code == "released-version-changed"
    assert refused.value.message == "backup 1.0.0 is released; its files may not change"


def test_adding_a_release_only_adds_lines_to_the_file() -> None:
    grown = index.dump(index.append(INDEX, "backup", Version(1, 5, 0), ONE))
    old, new = TEXT.splitlines(), iter(grown.splitlines())
    assert all(line in new for line in old)


SAID = Release("1" * 40, "sha256:" + "a" * 64, Version(0, 2, 0), "use restore", "loses data")
RAPT = Version(0, 2, 0)


def test_what_is_said_of_a_release_is_read_and_written_and_may_change() -> None:
    said = Index({"backup": {V1: SAID}})
    text = index.dump(said)
    for line in ("minRapt: 0.2.0", "deprecated: use restore", "yanked: loses data"):
        assert f"      {line}\n" in text.replace('"', "")
    assert index.load(text, "index.yaml") == said
    assert index.append(said, "backup", V1, Release(SAID.tree, SAID.digest)) == said


def test_a_mistake_in_one_template_leaves_the_others() -> None:
    text = TEXT.replace("1" * 40, "no tree").replace('  restore:\n    "1.0.0"', '  restore:\n    "1.0"', 1)
    found, broken = index.load_sound(text, "index.yaml")
    assert found == Index({})
    assert broken == {
        "backup": "index.yaml:6: templates.backup.1.0.0.tree: expected 40 hex digits",
        "restore": "index.yaml:12: templates.restore.1.0: " + broken["restore"].partition("1.0: ")[2],
    }
    assert index.load_sound(TEXT, "index.yaml") == (INDEX, {})
    found, broken = index.load_sound(TEXT.replace("  restore:", "  Restore:"), "index.yaml")
    assert (list(found.templates), list(broken)) == (["backup"], ["Restore"])
    for wrong in ("kind: Index", "kind: Indx"), ("templates:", "templates: 1\nx:"):
        with pytest.raises(Invalid):
            index.load_sound(TEXT.replace(*wrong), "index.yaml")


def test_an_index_that_is_too_large_is_not_read() -> None:
    with pytest.raises(Invalid, match="bytes; at most"):
        index.load(TEXT + "#" * index.MAX_BYTES, "index.yaml")


def releases(*given: str) -> dict[Version, Release]:
    """``1.2.0``, ``1.2.0!`` yanked, ``1.2.0?`` deprecated, ``1.2.0>`` needs a newer Rapt."""
    found = {}
    for text in given:
        mark = text[-1] if text[-1] in "!?>" else ""
        found[Version.parse(text.rstrip("!?>"))] = Release(
            "1" * 40,
            "sha256:" + "a" * 64,
            min_rapt=Version(9, 0, 0) if mark == ">" else Version(0, 2, 0),
            deprecated="why not" if mark == "?" else "",
            yanked="it broke" if mark == "!" else "",
        )
    return found


CHOICES = [
    ("", "1.0.0 1.2.0 1.1.0", "1.2.0", ""),
    ("", "1.0.0 2.0.0-rc.1", "1.0.0", "say 2.0.0-rc.1 was passed over: a pre-release"),
    ("", "1.0.0 1.1.0!", "1.0.0", "say 1.1.0 was passed over: yanked: it broke"),
    ("", "1.0.0 1.1.0>", "1.0.0", "say 1.1.0 was passed over: needs Rapt 9.0.0 or newer; this is 0.2.0"),
    ("", "0.9.0! 1.0.0", "1.0.0", ""),
    ("", "1.0.0? 0.9.0", "1.0.0", "say 1.0.0 is deprecated: why not"),
    ("^1.0", "1.0.0 1.1.0 2.0.0", "1.1.0", ""),
    ("~1.0", "1.0.0 1.0.1 1.1.0!", "1.0.1", ""),
    ("1.0.0", "1.0.0 1.1.0", "1.0.0", ""),
    ("1.0.0-rc.1", "1.0.0 1.0.0-rc.1", "1.0.0-rc.1", ""),
    ("^1.0.0-rc.1", "1.0.0-rc.1 1.0.0-rc.2", "1.0.0-rc.2", ""),
    ("1.0.0", "1.0.0?", "1.0.0", "say 1.0.0 is deprecated: why not"),
]


@pytest.mark.parametrize(("wanted", "given", "version", "note"), CHOICES)
def test_the_newest_that_may_be_installed_is_chosen(wanted: str, given: str, version: str, note: str) -> None:
    asked = VersionRange.parse(wanted) if wanted else None
    choice = index.choose("say", releases(*given.split()), asked, RAPT)
    assert (str(choice.version), choice.notes) == (version, (note,) if note else ())


@pytest.mark.parametrize(
    ("wanted", "given", "code", "message"),
    [
        ("1.0.0", "1.0.0!", "yanked", "say 1.0.0 is yanked: it broke"),
        ("1.0.0", "1.0.0>", "rapt-too-old", "say 1.0.0 needs Rapt 9.0.0 or newer; this is 0.2.0"),
        ("1.0.0", "1.1.0", "no-version", "say has no version 1.0.0; it has 1.1.0"),
        ("^2.0", "1.0.0 3.0.0", "no-version", "say has no version ^2.0; it has 3.0.0, 1.0.0"),
        ("^1.0", "1.0.0! 1.1.0>", "no-version", "say has no version ^1.0; it has 1.1.0, 1.0.0"),
        ("", "1.0.0-rc.1", "no-version", "say has no version that may be installed; it has 1.0.0-rc.1"),
        ("", "", "no-version", "say has no version that may be installed"),
    ],
)
def test_where_none_may_be_installed_the_reasons_are_told(
    wanted: str, given: str, code: str, message: str
) -> None:
    asked = VersionRange.parse(wanted) if wanted else None
    with pytest.raises((NotFound, Refused)) as caught:
        index.choose("say", releases(*given.split()), asked, RAPT)
    assert (caught.value.code, caught.value.message) == (code, message)
    fits = [text for text in given.split() if not asked or asked.includes(Version.parse(text.rstrip("!?>")))]
    assert len(caught.value.problems) == (len(fits) if code == "no-version" else 0)


def test_an_index_may_hold_thousands_of_releases() -> None:
    many = Index({f"t{one}": {Version(1, minor, 0): ONE for minor in range(8)} for one in range(1_000)})
    assert index.load(index.dump(many), "index.yaml") == many


HEAD = "apiVersion: rapt.dev/v1alpha1\nkind: Index\ntemplates:"
BOMBS = {
    "bytes": lambda: f"{HEAD} {{}}\n" + "#" * index.MAX_BYTES,
    "templates": lambda: f"{HEAD} {{{','.join(f'a{number}: ' for number in range(250_000))}}}\n",
    "versions": lambda: f"{HEAD}\n  a: {{{','.join(f'1.0.{number}: {{}}' for number in range(150_000))}}}\n",
    "a list": lambda: f"{HEAD} [{'a,' * 900_000}]\n",
    "empty maps": lambda: f"{HEAD}\n  a: [{'{},' * 600_000}]\n",
    "depth": lambda: f"{HEAD} {'[' * 900_000}\n",
    "comments": lambda: HEAD + "\n#" * 900_000,
    "one long text": lambda: f"{HEAD} {'a' * 2_000_000}\n",
    "lines": lambda: f"{HEAD} |\n" + "  a\n" * 450_000,
    "quotes": lambda: f'{HEAD} "' + "\\\\" * 900_000 + '"\n',
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_an_index_that_is_too_much_is_refused_within_a_second(bomb: str) -> None:
    text = BOMBS[bomb]()
    began = time.process_time()
    with pytest.raises(Invalid):
        index.load(text, "index.yaml")
    assert time.process_time() - began < 1.5, "a second, on a busy machine too"


def test_an_index_of_many_releases_is_read() -> None:
    releases = "".join(
        f"    1.0.{number}:\n      tree: a{number:039x}\n      digest: sha256:{number:064x}\n"
        for number in range(9_000)
    )
    assert len(index.load(f"{HEAD}\n  say:\n{releases}", "index.yaml").templates["say"]) == 9_000


def test_a_release_that_is_listed_twice_is_refused() -> None:
    release = f"    1.0.0: {{tree: a{0:039x}, digest: 'sha256:{0:064x}'}}\n"
    with pytest.raises(Invalid, match="given twice"):
        index.load(f"{HEAD}\n  say:\n{release}{release}", "index.yaml")
