"""Hostile registries: the entry is quarantined and named, the others work, and nothing but git starts."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubectl_rapt.actions import catalogs, registry
from kubectl_rapt.actions.catalogs import Catalog
from kubectl_rapt.adapters.bundle import PackagedBundle
from kubectl_rapt.adapters.cache import FolderCache
from kubectl_rapt.adapters.git import Git
from kubectl_rapt.config.project import Environment, Project, Registry
from kubectl_rapt.errors import NotFound, Refused
from kubectl_rapt.model.versions import Version
from kubectl_rapt.templating.reference import Reference
from tests.given import NOON
from tests.registries import INDEX, RegistryRepository, template

_STARTED: list[tuple[str, ...]] = []
_WATCHING: list[bool] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _WATCHING and event == "subprocess.Popen":
        _STARTED.append(tuple(os.fsdecode(word) for word in arguments[1]))  # type: ignore[attr-defined]


sys.addaudithook(_watch)


@dataclass
class World:
    """As much of a world as registries need, of someone whose PATH has git alone."""

    home: Path

    def __post_init__(self) -> None:
        programs = self.home / "bin"
        programs.mkdir(parents=True)
        for name in ("git", "env"):
            found = next(
                Path(at) / name for at in os.environ["PATH"].split(":") if (Path(at) / name).exists()
            )
            (programs / name).symlink_to(found)
        self.bundle = PackagedBundle()
        self.cache = FolderCache(self.home / "answers")
        self.git = Git(self.home / "git", {"PATH": str(programs), "HOME": str(self.home)})

    def now(self) -> object:
        return NOON


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Every process that this program starts meanwhile must be git."""
    world = World(tmp_path / "home")
    _STARTED.clear()
    _WATCHING.append(True)
    yield world
    _WATCHING.clear()
    for command in _STARTED:
        words = [word for word in command if not word.startswith(("-u", "GIT_", "PATH=", "HOME=", "LC_"))]
        assert Path(words[0]).name in ("git", "env"), command
        assert "git" in (Path(words[0]).name, Path(words[1]).name), command


@pytest.fixture
def evil(tmp_path: Path) -> RegistryRepository:
    """A registry in which say is as it should be."""
    made = RegistryRepository(tmp_path, "evil")
    made.release("say", "1.0.0")
    return made


def a_project(*registries: Registry) -> Project:
    environments = {"dev": Environment("dev", ("team",))}
    return Project("0a1b2c3d", environments, registries={one.name: one for one in registries})


def read(world: World, *registries: Registry) -> dict[str, Catalog]:
    found = catalogs.read(world, a_project(*registries), fresh=True)  # type: ignore[arg-type]
    return {one.registry.name: one for one in found}


def find(world: World, found: dict[str, Catalog], text: str) -> registry.Entry:
    return registry.find(world, list(found.values()), Reference.parse(text))  # type: ignore[arg-type]


def listed(repository: RegistryRepository) -> Registry:
    return Registry(repository.path.stem, str(repository.path))


Attack = Callable[[RegistryRepository], object]


def files(**content: bytes) -> Attack:
    """A folder of a template and other files; ``__`` stands for a slash, ``_`` for a dot."""

    def make(evil: RegistryRepository) -> object:
        named = {name.replace("__", "/").replace("_", "."): text for name, text in content.items()}
        whole = {**template("bad", "1.0.0"), **named}
        return evil.commit({f"templates/bad/{path}": text for path, text in whole.items()})

    return make


def raw(mode: str, name: str, content: bytes = b"x", *more: str) -> Attack:
    """A template with one entry more that a friendly git would not write; ``more`` are other names of it."""

    def make(evil: RegistryRepository) -> object:
        entries = [("100644", evil.blob(text), path) for path, text in template("bad", "1.0.0").items()]
        entries += [(mode, evil.blob(content), one) for one in (name, *more)]
        return evil.commit_tree(sorted(entries, key=lambda one: os.fsencode(one[2])), "templates/bad")

    return make


def in_place(mode: str, name: str, content: bytes = b"/etc/passwd") -> Attack:
    """A template one of whose own files is something else."""

    def make(evil: RegistryRepository) -> object:
        entries = {path: ("100644", evil.blob(text), path) for path, text in template("bad", "1.0.0").items()}
        entries[name] = (mode, evil.blob(content), name)
        return evil.commit_tree(sorted(entries.values(), key=lambda one: one[2]), "templates/bad")

    return make


def instead(mode: str, name: str) -> Attack:
    """Something that is no folder, or has no name of a template, beside the templates."""

    def make(evil: RegistryRepository) -> object:
        blob = evil.blob(b"../../..")
        tree = evil.tree("say")
        entries = [("040000", tree, "say"), (mode, tree if mode == "040000" else blob, name)]
        return evil.commit_tree(sorted(entries, key=lambda one: os.fsencode(one[2])), "templates")

    return make


def submodule(evil: RegistryRepository) -> object:
    entries = [("100644", evil.blob(text), path) for path, text in template("bad", "1.0.0").items()]
    entries.append(("160000", evil.main, "sub"))
    evil.commit({".gitmodules": b'[submodule "m"]\n\tpath = templates/bad/sub\n\turl = ../evil\n'})
    return evil.commit_tree(sorted(entries, key=lambda one: one[2]), "templates/bad")


def many_files(evil: RegistryRepository) -> object:
    blob = evil.blob(b"x")
    entries = [("100644", evil.blob(text), path) for path, text in template("bad", "1.0.0").items()]
    entries += [("100644", blob, f"file-{number:05}") for number in range(10_000)]
    return evil.commit_tree(sorted(entries, key=lambda one: one[2]), "templates/bad")


def tree_bomb(evil: RegistryRepository) -> object:
    """Ten folders of ten folders, and so on: 10^9 files in a kilobyte."""
    tree = evil.blob(b"x")
    mode = b"100644"
    for _ in range(9):
        content = b"".join(mode + b" %d\0" % number + bytes.fromhex(tree) for number in range(10))
        tree = evil.git("hash-object", "-t", "tree", "-w", "--stdin", stdin=content).decode().strip()
        mode = b"40000"
    return evil.commit_tree([("40000", tree, "bad"), ("40000", evil.tree("say"), "say")], "templates")


QUARANTINED: dict[str, tuple[Attack, str, str]] = {
    "a definition that is a link": (in_place("120000", "template.yaml"), "templates/bad", "symbolic link"),
    "a source that is a link": (in_place("120000", "job.yaml.j2"), "templates/bad", "symbolic link"),
    "a link beside": (raw("120000", "z-link"), "templates/bad", "symbolic link"),
    "a link to the folder above": (raw("120000", "z", b".."), "templates/bad", "symbolic link"),
    "an executable": (raw("100755", "z.sh"), "templates/bad", "executable"),
    "a submodule": (submodule, "templates/bad", "submodule"),
    "a folder that is a link": (instead("120000", "bad"), "templates/bad", "symbolic link"),
    "a name in capitals": (instead("040000", "SAY"), "templates/SAY", "small letters"),
    "a name with an accent": (instead("040000", "say\u0301"), "templates/say\\u0301", "small letters"),
    "a name of another alphabet": (instead("040000", "s\u0430y"), "templates/s\\u0430y", "small letters"),
    "a name that is not UTF-8": (instead("040000", "s\udcffy"), "templates/s\\udcffy", "small letters"),
    "a name that is an option": (instead("040000", "--all"), "templates/--all", "small letters"),
    "a name that steers a terminal": (instead("040000", "a\x1b[2J"), "templates/a\\x1b[2J", "small letters"),
    "names that differ by case": (files(readme_md=b"1", README_md=b"2"), "templates/bad", "one file"),
    "folders that differ by case": (files(tests__a=b"1", Tests__b=b"2"), "templates/bad", "one file"),
    "names that differ by composition": (
        raw("100644", "e\u0301", b"1", "\u00e9"),
        "templates/bad",
        "one file",
    ),
    "a path that is not UTF-8": (raw("100644", "x\udcff"), "templates/bad", "not UTF-8"),
    "a path with a backslash": (raw("100644", "..\\..\\x"), "templates/bad", "a character"),
    "a path that steers a terminal": (raw("100644", "x\x1b[2J"), "templates/bad", "a character"),
    "a path that turns its direction": (raw("100644", "x\u202ey"), "templates/bad", "a character"),
    "ten thousand files": (many_files, "templates/bad", "more than 200 files"),
    "a thousand million files": (tree_bomb, "templates/bad", "more than 200 files"),
    "a large file": (raw("100644", "z", bytes(6 << 20)), "templates/bad", "at most 1 MiB"),
    "many middling files": (
        files(**{f"f{number}": bytes([number]) * (1 << 20) for number in range(6)}),
        "templates/bad",
        "more than 5 MiB",
    ),
    "a definition that is no YAML": (files(template_yaml=b"a: [1"), "templates/bad", "template.yaml:1"),
    "a definition that is no text": (files(template_yaml=b"\xff\x00"), "templates/bad", "template.yaml"),
    "a definition that is too large": (files(template_yaml=b"#" * 70_000), "templates/bad", "bytes"),
    "a definition that is another thing": (
        files(template_yaml=b"kind: Pod\n"),
        "templates/bad",
        "template.yaml",
    ),
    "laughs": (
        files(template_yaml=b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"),
        "templates/bad",
        "anchors",
    ),
    "a definition of another name": (
        files(template_yaml=template("say", "1.0.0")["template.yaml"]),
        "templates/bad",
        "names it 'say'",
    ),
}


def cpu_seconds() -> float:
    """What this process and its children have worked: how busy the machine is does not count."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


@pytest.mark.parametrize("attack", QUARANTINED)
def test_the_entry_is_quarantined_and_named_and_the_others_work(
    world: World, evil: RegistryRepository, attack: str
) -> None:
    make, entry, why = QUARANTINED[attack]
    make(evil)
    began_at, started_at = cpu_seconds(), time.monotonic()
    found = read(world, listed(evil))
    assert why in found["evil"].quarantined[entry]
    assert found["evil"].quarantined[entry].isprintable()
    assert len(found["evil"].quarantined) == 1
    assert "bad" not in found["evil"].offers
    assert str(find(world, found, "say").template.version) == "1.0.0"
    assert find(world, found, "command").registry.name == "bundled"
    assert cpu_seconds() - began_at < 20
    assert time.monotonic() - started_at < 60, "waiting is no work, and must end as well"


def test_a_quarantined_name_does_not_fall_to_another_registry(
    world: World, evil: RegistryRepository, tmp_path: Path
) -> None:
    files(template_yaml=b"a: [1")(evil)
    other = RegistryRepository(tmp_path, "other")
    other.release("bad", "9.0.0")
    found = read(world, listed(evil), Registry("other", str(other.path), 10))
    with pytest.raises(Refused) as caught:
        find(world, found, "bad")
    assert (caught.value.code, caught.value.hint) == ("quarantined", "kubectl rapt show other/bad")
    assert str(find(world, found, "other/bad").template.version) == "9.0.0"


def released(attack: Attack) -> Attack:
    """The same in a version that the index knows, whose folder is gone from main."""

    def make(evil: RegistryRepository) -> object:
        evil.release("bad", "1.0.0")
        attack(evil)
        tree = evil.tree("bad")
        evil.commit({f"templates/bad/{path}": b"" for path in template("bad", "1.0.0")})
        evil.say("bad", "1.0.0", tree=tree)
        for_now = evil.git("ls-tree", "main:templates").decode()
        entries = [line.split(None, 3) for line in for_now.splitlines()]
        kept = [(mode, id_, name) for mode, _, id_, name in entries if name != "bad"]
        return evil.commit_tree(kept, "templates")

    return make


@pytest.mark.parametrize(
    "attack", ["a source that is a link", "ten thousand files", "names that differ by case", "a large file"]
)
def test_an_old_version_is_held_to_the_same_rules(
    world: World, evil: RegistryRepository, attack: str
) -> None:
    released(QUARANTINED[attack][0])(evil)
    found = read(world, listed(evil))
    assert "bad" in found["evil"].offers
    with pytest.raises(Refused) as caught:
        find(world, found, "bad")
    assert caught.value.code == "quarantined"
    assert find(world, found, "say").template.name == "say"


def index_of(text: bytes) -> Attack:
    return lambda evil: evil.commit({INDEX: text})


def index_link(evil: RegistryRepository) -> object:
    return evil.commit_tree([("120000", evil.blob(b"/etc/passwd"), "index.yaml")], "registry")


def no_index(evil: RegistryRepository) -> object:
    return evil.commit({INDEX: None})


def strange(name: str) -> Attack:
    """A tree that would leave its folder, which git itself finds when it is fetched."""
    return lambda evil: evil.commit_tree([("100644", evil.blob(b"x"), name)], "templates/bad")


HEAD = b"apiVersion: rapt.dev/v1alpha1\nkind: Index\n"
UNUSABLE: dict[str, tuple[Attack, str]] = {
    "no index": (no_index, "has no registry/index.yaml"),
    "an index that is a link": (index_link, "has a link for registry/index.yaml"),
    "an index that is no YAML": (index_of(b"templates: [1"), "registry/index.yaml:1"),
    "an index of another kind": (index_of(b"kind: Pod\n"), "registry/index.yaml"),
    "an index of 9 MB": (index_of(HEAD + b"#" * (9 << 20)), "too large a registry/index.yaml"),
    "an index of very many values": (
        index_of(HEAD + b"templates:\n" + b"".join(b"  a%d: {}\n" % one for one in range(70_000))),
        "more than 61000 values",
    ),
    "a folder above": (strange(".."), "unsafe"),
    "git's own folder": (strange(".git"), "unsafe"),
    "git's own folder in capitals": (strange(".GIT"), "unsafe"),
    "a path from the root": (strange("/etc"), "unsafe"),
    "a path through folders": (strange("a/../../b"), "unsafe"),
}


@pytest.mark.parametrize("attack", UNUSABLE)
def test_a_registry_that_cannot_be_used_is_named_and_the_others_work(
    world: World, evil: RegistryRepository, tmp_path: Path, attack: str
) -> None:
    make, why = UNUSABLE[attack]
    make(evil)
    other = RegistryRepository(tmp_path, "other")
    other.release("shout", "1.0.0")
    found = read(world, listed(evil), listed(other))
    assert not found["evil"].is_usable
    assert found["evil"].note.startswith("registry evil cannot be used: ")
    assert why in found["evil"].note
    assert found["evil"].note in find(world, found, "shout").notes


def test_one_bad_entry_of_an_index_does_not_take_the_others_with_it(
    world: World, evil: RegistryRepository
) -> None:
    evil.release("bad", "1.0.0")
    text = evil.files()[INDEX].replace(evil.tree("bad").encode(), b"not-a-tree")
    evil.commit({INDEX: text})
    found = read(world, listed(evil))
    assert list(found["evil"].quarantined) == [f"{INDEX}: bad"]
    assert find(world, found, "say").template.name == "say"
    with pytest.raises(Refused) as caught:
        find(world, found, "bad")
    assert caught.value.code == "quarantined"


@pytest.mark.parametrize("kind", ["nowhere", "a blob", "a commit of something else"])
def test_an_index_that_names_another_object_is_no_way_in(
    world: World, evil: RegistryRepository, kind: str
) -> None:
    evil.release("bad", "1.0.0")
    blob = evil.git("rev-parse", "main:templates/say/job.yaml.j2").decode().strip()
    tree = {"nowhere": "1" * 40, "a blob": blob, "a commit of something else": evil.main}[kind]
    evil.say("bad", "1.0.0", tree=tree)
    found = read(world, listed(evil))
    with pytest.raises((Refused, NotFound)):
        find(world, found, "bad@1.0.0")
    evil.commit({"templates/bad/template.yaml": template("bad", "1.0.1")["template.yaml"]})
    found = read(world, listed(evil))
    with pytest.raises((Refused, NotFound)):
        find(world, found, "bad@1.0.0")
    assert find(world, found, "say").template.name == "say"


def test_no_attribute_of_a_registry_changes_a_byte(world: World, evil: RegistryRepository) -> None:
    attributes = b"* text eol=crlf ident filter=evil working-tree-encoding=UTF-16 export-subst diff=evil\n"
    content = b"$Id$ $Format:%H$\nline\n"
    evil.commit({".gitattributes": attributes, "templates/.gitattributes": attributes})
    evil.release("raw", "1.0.0", {**template("raw", "1.0.0"), ".gitattributes": attributes, "x.txt": content})
    entry = find(world, read(world, listed(evil)), "raw")
    assert (entry.files["x.txt"], entry.files[".gitattributes"]) == (content, attributes)


ADDRESSES = [
    "--upload-pack=touch ran",
    "-oProxyCommand=touch ran",
    "ext::sh -c touch% ran",
    "fd::17",
    "ssh://-oProxyCommand=touch%20ran/x",
    "ssh://user@-oProxyCommand=touch/x",
    "-oProxyCommand=touch ran:x",
    "git://example.com/x",
    "http://example.com/x",
    "ftp://example.com/x",
    "file://elsewhere/x",
    "https://example.com\n.evil/x",
]


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_that_is_a_command_starts_nothing(
    world: World, evil: RegistryRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found = read(world, Registry("trap", url), listed(evil))
    assert not found["trap"].is_usable
    assert "is not an address that is allowed" in found["trap"].note
    assert not (tmp_path / "ran").exists()
    assert not any("touch" in " ".join(command) for command in _STARTED)
    assert find(world, found, "say").registry.name == "evil"


@pytest.mark.parametrize("branch", ["--upload-pack=touch ran", "../../x", "main:refs/heads/x", "+main", ""])
def test_a_branch_that_is_an_option_starts_nothing(
    world: World, evil: RegistryRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, branch: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found = read(world, Registry("evil", str(evil.path), branch=branch))
    assert "it has no branch" in found["evil"].note
    assert not (tmp_path / "ran").exists()
    assert find(world, found, "command").registry.name == "bundled"


def test_refs_that_are_commands_are_only_names(
    world: World, evil: RegistryRepository, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    commit = evil.main
    lines = [
        f"{commit} refs/heads/--upload-pack=touch${{IFS}}{str(ran).replace('/', '%')}",
        f"{commit} refs/heads/$(touch)",
        f"{commit} refs/tags/-oProxyCommand=touch",
        f"{commit} refs/tags/say/v1.0.0;touch",
        f"{commit} refs/tags/say/v1.0.0-$(id)",
    ]
    (evil.path / "packed-refs").write_text(
        "# pack-refs with: peeled fully-peeled sorted \n"
        + "\n".join(sorted(lines, key=lambda one: one[41:]))
        + "\n"
    )
    found = read(world, listed(evil))
    assert find(world, found, "say").template.version == Version(1, 0, 0)
    assert not ran.exists()
