"""The house's rules that a machine can hold: each failure names the place."""

import ast
import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from kubectl_rapt import documents as yaml
from kubectl_rapt.model import plan
from tests import story
from tests.house import documents, source

PURE = ("errors", "documents", "edits", "forms", "model", "objects", "templating", "config", "runs", "guard")
UNCERTAIN = (
    *(
        "os",
        "sys",
        "subprocess",
        "socket",
        "ssl",
        "http",
        "urllib.request",
        "time",
        "random",
        "secrets",
        "uuid",
    ),
    *(
        "threading",
        "multiprocessing",
        "asyncio",
        "pathlib",
        "shutil",
        "tempfile",
        "platform",
        "signal",
        "git",
    ),
)
PERMITTED = {("templating/render.py", "os")}
"""The tokens that stand for values must not be known to the template that is rendered."""
WRITING_PORTS = (
    "CheckoutWrites",
    "ClusterWrites",
    "ForgeWrites",
    "GitWrites",
    "ProgramsWrites",
    "SettingsWrites",
)
HEAVY = (
    *(
        "kubernetes",
        "git",
        "jinja2",
        "rich",
        "ruamel",
        "yaml",
        "croniter",
        "jsonschema_rs",
        "kubernetes_validate",
    ),
    *("filelock", "urllib3", "kubectl_rapt.templating", "kubectl_rapt.adapters.git"),
)


def test_pure_rooms_decide_from_data_alone() -> None:
    found = {
        (module.path, name)
        for module in source.modules()
        if module.room in PURE
        for imported in module.imports()
        for name in UNCERTAIN
        if f"{imported}.".startswith(f"{name}.")
    }
    assert found == PERMITTED, "time, randomness and the outside come in as arguments"
    clocks = re.compile(r"\b(?:datetime\.(?:now|utcnow|today)|date\.today)\(")
    for module in source.modules():
        text = (source.PACKAGE / module.path).read_text("utf-8")
        assert module.room not in PURE or not clocks.search(text), f"{module.path} asks the clock"


def test_only_wiring_knows_adapters() -> None:
    for module in source.modules():
        if module.room not in ("adapters", "wiring"):
            known = [name for name in module.imports(types=False) if name.startswith("kubectl_rapt.adapters")]
            assert not known, f"{module.path} imports {known}: give it a port"


def test_only_the_door_holds_writing_ports() -> None:
    for module in source.modules():
        if module.room not in ("ports", "writes", "wiring"):
            held = [name for name in module.imports() if name.rpartition(".")[2] in WRITING_PORTS]
            assert not held, f"{module.path} imports {held}: hand a plan to writes.apply"


def test_the_table_of_writes_has_every_module_that_decides_on_one_and_no_other() -> None:
    """A write that nobody has thought about may win over a newer decision."""
    steps = {one.__name__ for one in get_args(plan.Step)}
    found = set()
    for path in source.PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
        if any(isinstance(one, ast.Name) and one.id in steps for one in calls):
            found.add(".".join(path.relative_to(source.PACKAGE).with_suffix("").parts))
    page = (source.HOME / "docs/decisions/fencing.md").read_text("utf-8")
    told = set(re.findall(r"`((?:actions|objects|runs|cli)\.[\w.]+)`", page))
    assert told == found


def test_every_module_opens_with_a_sentence() -> None:
    for module in source.modules():
        text = module.opening
        assert re.match(r"[^a-z].*[.:;]", text, re.DOTALL), f"{module.path} does not say what belongs in it"


def test_listing_tools_loads_nothing_that_it_does_not_need() -> None:
    """The whole command, from the table to the last line, with the real adapter loaded and an empty cluster."""
    program = """
import contextlib, sys
from kubectl_rapt.cli import main, options
from kubectl_rapt.adapters.cluster import reads
from tests.fakes.cluster import FakeCluster
class World:
    cluster, location = FakeCluster(), None
    now = None.__class__
options.open_world = lambda context: contextlib.nullcontext((World(), None))
assert main.run(["list"]) == 0
print(*sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=source.HOME, capture_output=True, text=True, check=True
    )
    loaded = [name for name in done.stdout.split() if any(f"{name}.".startswith(f"{one}.") for one in HEAVY)]
    assert not loaded, f"list loads {loaded}: import it where it is used"


@pytest.mark.parametrize(
    "what",
    ["helping.here('run')", "completing.ask(['run', '--set', ''])", "completing.ask(['changes', ''])"],
)
def test_help_and_completion_import_neither_commands_nor_what_they_are_made_with(what: str) -> None:
    program = (
        f"import sys\nfrom kubectl_rapt.cli import completing, helping, tab\n{what}\nprint(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=source.HOME, capture_output=True, text=True, check=True
    )
    slow = ("typer", "typing", "re", "json", "dataclasses", "pathlib", "kubectl_rapt.cli.commands", *HEAVY)
    loaded = [name for name in done.stdout.split() if any(f"{name}.".startswith(f"{one}.") for one in slow)]
    assert not loaded, f"{what} loads {loaded}"


def test_no_file_knows_this_machine() -> None:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    machine = re.compile("/" + r"(?:work|root)/")
    for path in subprocess.check_output(listed, cwd=source.HOME, text=True).splitlines():
        file = source.HOME / path
        found = machine.search(file.read_text("utf-8", "replace")) if file.is_file() else None
        assert not found, f"{path} holds the path {found and found[0]}"


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    marks = re.compile(r"\b(?:mark\.(?:skip|xfail|skipif)|pytest\.(?:skip|xfail|importorskip))" + r"\b")
    for file in sorted((source.HOME / "tests").rglob("*.py")):
        assert not marks.search(file.read_text("utf-8")), f"{file.relative_to(source.HOME)} skips a test"


@pytest.mark.parametrize(
    ("path", "text"), documents.contents().items(), ids=lambda one: getattr(one, "name", "")
)
def test_generated_documents_are_fresh(path: Path, text: str) -> None:
    assert path.read_text("utf-8") == text, f"docs/{path.name} is stale: make docs"


def test_every_error_code_has_its_entry_and_no_entry_is_unused() -> None:
    used = source.codes()
    entries = re.findall(r"^## (\S+)$", (source.HOME / "docs" / "errors.md").read_text("utf-8"), re.MULTILINE)
    for code in sorted(used.keys() - set(entries)):
        pytest.fail(f"docs/errors.md says nothing of {code}, which {', '.join(sorted(used[code]))} raises")
    assert sorted(set(entries) - used.keys()) == [], "docs/errors.md has entries that nothing raises"
    assert entries == sorted(set(entries)), "docs/errors.md is in alphabetical order, each code once"


def test_a_shipped_policy_never_changes() -> None:
    where = source.HOME / "registry" / "policies.yaml"
    pinned = yaml.load(where.read_bytes(), where.name)
    found = {
        str(path.relative_to(source.HOME)): f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in (source.HOME / "policies").glob("*/*")
    }
    for path in sorted(pinned.keys() | found.keys()):
        assert path in pinned, f"{path} is a new policy: append its line to {where.name}: {found[path]}"
        assert found.get(path) == pinned[path], (
            f"{path} is not as it was released, and locks of installed tools hold its digest: "
            f"restore it (git checkout main -- {path}) and make a new policy with another name"
        )


def test_every_error_says_what_to_do() -> None:
    for place in source.hintless():
        pytest.fail(f"{place} makes an error without a hint: name the command or the act that helps")


def test_the_readme_shows_the_story_as_it_is() -> None:
    transcript = (source.HOME / "README.md").read_text().partition("<!-- transcript -->")[2]
    shown = re.findall(r"^\$ (.*)$", transcript.partition("<!-- end of transcript -->")[0], re.MULTILINE)
    assert len(shown) == len(story.STORY), "README.md: make casts"
    for command, step in zip(shown, story.STORY, strict=True):
        assert re.fullmatch(story.pattern(step), command), f"README.md shows {command!r}: make casts"


def test_whoever_starts_this_program_again_knows_that_it_may_be_frozen() -> None:
    for module in source.modules():
        text = (source.PACKAGE / module.path).read_text("utf-8")
        starts = "sys.executable" in text and re.search('"-[mcI]"', text)
        assert not starts or '"frozen"' in text, f"{module.path}: krew's archive has no python -m"


def test_no_value_in_a_command_that_is_shown_can_be_more_than_one_word() -> None:
    for place in source.unquoted():
        pytest.fail(f"{place} is put into a command as it is: wrap it in shell.word(), whoever wrote it")


_STILTED = re.compile(
    r"\b(goes on|went on|ended well|ends well|there are none|[Ww]hoever|[Nn]obody|[Ss]omebody|by itself|anew)\b"
    r"|(?<!here )\bis no (?!longer)[a-z]"
)
_PLAIN = {"anew": "again", "goes on": "is still running", "nobody": "say it in the passive, or: no one"}
_PAGES = ("README.md", "docs/*.md", "docs/how-to/*.md")
_FOR_DEVELOPERS = ("architecture.md", "map.md", "changelog.md")


def test_what_people_read_is_plain_english() -> None:
    pages = [
        (f"{path.name}:{number}", line)
        for pattern in _PAGES
        for path in source.HOME.glob(pattern)
        if path.name not in _FOR_DEVELOPERS
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
    ]
    assert len(pages) > 1000, "they are found"
    stilted = [
        f"{place}: {hit[0]!r} ({_PLAIN.get(hit[0].lower(), 'say it as kubectl would')})"
        for place, text in [*source.texts(), *pages]
        if (hit := _STILTED.search(text))
    ]
    assert not stilted, "\n".join(stilted)


def test_the_page_on_architecture_has_every_room_from_the_top_down_and_no_other() -> None:
    page = (source.HOME / "docs" / "architecture.md").read_text("utf-8")
    layers = tomllib.loads((source.HOME / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (order,) = [one["layers"] for one in layers if one["type"] == "layers"]
    rooms = re.findall(r"^\| `(\w+)` \|", page.partition("## Rooms")[2].partition("\n## ")[0], re.MULTILINE)
    ranks = {name: rank for rank, layer in enumerate(order) for name in layer.split(" | ")}
    assert sorted(rooms) == sorted({one.room for one in source.modules()} - {"__init__", "__main__"})
    assert [ranks[room] for room in rooms] == sorted(ranks[room] for room in rooms)


def test_the_front_end_hands_the_writers_on_and_never_writes() -> None:
    taken = {
        f"{module.path} imports {name}"
        for module in source.modules()
        if module.room == "cli"
        for name in module.imports()
        if name.startswith("kubectl_rapt.writes") and name != "kubectl_rapt.writes.Writers"
    }
    assert not taken
