"""The package's source, as the house tests and the generated documents read it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HOME = Path(__file__).parents[2]
PACKAGE = HOME / "kubectl_rapt"


@dataclass(frozen=True)
class Module:
    """One file of the package.

    Args:
        path: From the package's folder: ``runs/lifecycle.py``.
        tree: Its syntax.
    """

    path: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The folder or file below the package that it belongs to: ``runs``, ``writes``."""
        return self.path.removesuffix(".py").partition("/")[0]

    @property
    def opening(self) -> str:
        """Its first sentence, on one line."""
        return " ".join((ast.get_docstring(self.tree) or "").partition("\n\n")[0].split())

    def imports(self, *, types: bool = True) -> Iterator[str]:
        """The dotted names that it imports, wherever in the file: modules, and what is taken from them.

        Args:
            types: Whether those count that only type checkers see.
        """
        unseen = {
            id(inner)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not types
            for inner in ast.walk(node)
        }
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import) and id(node) not in unseen:
                yield from (one.name for one in node.names)
            elif isinstance(node, ast.ImportFrom) and id(node) not in unseen:
                yield from (f"{node.module}.{one.name}" for one in node.names)


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the package, by path."""
    files = sorted(PACKAGE.rglob("*.py"))
    return tuple(
        Module(file.relative_to(PACKAGE).as_posix(), ast.parse(file.read_text("utf-8"))) for file in files
    )


def codes() -> dict[str, set[str]]:
    """Every error code, and where: all texts that are given to something called ``code``."""
    positions = {name: at for module in modules() for name, at in _takers(module.tree)}
    for _ in range(3):
        positions |= {
            node.name: positions[base.id]
            for module in modules()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ClassDef) and node.name not in positions
            for base in node.bases
            if isinstance(base, ast.Name) and base.id in positions
        }
    found: dict[str, set[str]] = {}
    for module in modules():
        for node in ast.walk(module.tree):
            for value in _given(node, positions):
                for text in _texts(value):
                    found.setdefault(text, set()).add(f"{module.path}:{value.lineno}")
    return found


def _takers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """What is called with a code, and as which of its arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = _fields(node) if isinstance(node, ast.ClassDef) else _arguments(node)
            if "code" in names:
                yield node.name, names.index("code")


def _arguments(node: ast.FunctionDef) -> list[str]:
    return [one.arg for one in node.args.args if one.arg != "self"]


def _fields(node: ast.ClassDef) -> list[str]:
    for one in node.body:
        if isinstance(one, ast.FunctionDef) and one.name == "__init__":
            return _arguments(one)
    return [
        one.target.id
        for one in node.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    ]


def _texts(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.IfExp):
        yield from (*_texts(value.body), *_texts(value.orelse))
    elif isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
        yield value.value


def _given(node: ast.AST, positions: dict[str, int]) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in positions:
            yield from node.args[positions[name] : positions[name] + 1]
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "code")
    elif isinstance(node, ast.Assign) and any(
        isinstance(one, ast.Name) and one.id == "code" for one in node.targets
    ):
        yield node.value
    elif isinstance(node, ast.FunctionDef):
        placed = [*node.args.posonlyargs, *node.args.args]
        defaults = [
            *[None] * (len(placed) - len(node.args.defaults)),
            *node.args.defaults,
            *node.args.kw_defaults,
        ]
        for argument, default in zip([*placed, *node.args.kwonlyargs], defaults, strict=True):
            if argument.arg == "code" and default is not None:
                yield default


_ERRORS = ("RaptError", "UsageError", "NotFound", "Invalid", "Refused", "Conflict", "Unavailable")


def hintless() -> list[str]:
    """Where an error is made that says nothing of what to do."""
    found = []
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _ERRORS and _is_hintless(node):
                found.append(f"{module.path}:{node.lineno}")
    return found


def _is_hintless(call: ast.Call) -> bool:
    if any(isinstance(one, ast.Starred) for one in call.args) or not any(
        True for one in call.args for _ in _texts(one)
    ):
        return False  # the words come from elsewhere, or there are none: it is no error that anybody sees
    hints = [*call.args[2:3], *(one.value for one in call.keywords if one.arg == "hint")]
    return not hints or (isinstance(hints[0], ast.Constant) and not hints[0].value)


HOLE = "x"
"""What stands for a value that only the running program knows."""


def commands_shown() -> list[tuple[str, str]]:
    """Where the package names a command of ours that can be copied whole, and that command.

    A text that begins with one is copied to its end; several stand on lines of their own.
    """
    return [
        (place, line.strip())
        for place, text in texts()
        for line in text.splitlines()
        if line.strip().startswith("kubectl rapt ") and not place.startswith("cli/words.py")
    ]


def texts() -> Iterator[tuple[str, str]]:
    """Every text of the package but docstrings, and where it is. The help of commands is in ``cli/words``."""
    for module in modules():
        docstrings = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
        inner = {
            id(part)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.JoinedStr)
            for part in node.values
        }
        for node in ast.walk(module.tree):
            if id(node) in docstrings or id(node) in inner:
                continue
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{module.path}:{node.lineno}", node.value
            elif isinstance(node, ast.JoinedStr):
                parts = (str(one.value) if isinstance(one, ast.Constant) else HOLE for one in node.values)
                yield f"{module.path}:{node.lineno}", "".join(parts)


_BEGINS_A_COMMAND = re.compile(r"(?<![-\w/])kubectl[- ]rapt |^--(?:in|name|to) ")
_HEADS = {"_SET", "NAME", "PAGE", "refusals.PAGE"}
"""Names of texts that begin a command."""
_QUOTING = ("shell.", "word(", "shlex.", "names.as_label", "parameters.flags(")
"""What gives a text that is one word, or words that are quoted."""
_CHECKED = {
    *("run.name", "found.run.name", "one.run.name", "seen.run.name", "dead.name"),
    *("pod.name", "pod.namespace", "job.name"),
    "one.change.id",
    "change.id",
    "verb",
}
"""Names of objects, which Kubernetes has checked, ids that we made, and words of our own."""
_WORDS = {
    ("__main__.py", "__version__"),
    ("actions/add.py", "where"),
    ("actions/add.py", "flags"),
    ("actions/upgrade.py", "flags"),
    ("actions/profile.py", "' | '.join(READING[:3])"),
    ("actions/profile.py", "' '.join(map(shell.word, command[-1:]))"),
    ("cli/commands/schedule.py", "there"),
    ("cli/commands/template.py", "names"),
    *(("cli/main.py", name) for name in ("path", "other", "command", "word", "others[0]")),
    ("config/places.py", "schedule"),
    ("config/checkup.py", "paths[0]"),
    ("actions/diff.py", "where"),
    ("actions/fixed.py", "answer"),
    ("templating/compatibility.py", "level"),
    ("cli/commands/schedule.py", "times.spell(first)"),
    ("cli/commands/version.py", "__version__"),
    ("templating/readme.py", "install"),
    ("templating/readme.py", "at_run"),
}
"""Parts of commands: several words, each quoted where the part is made, and words of our own commands."""
_NO_COMMANDS = ("cli/reports.py",)


def unquoted() -> Iterator[str]:
    """Where a command that is shown has a value in it that is neither quoted nor checked: ``file:line: expression``."""
    for module in modules():
        for node in ast.walk(module.tree) if module.path not in _NO_COMMANDS else ():
            if isinstance(node, ast.JoinedStr):
                for value in _in_command(node):
                    if (module.path, ast.unparse(value)) not in _WORDS:
                        yield f"{module.path}:{node.lineno}: {ast.unparse(value)}"


def _in_command(text: ast.JoinedStr) -> Iterator[ast.expr]:
    """The values that stand behind the beginning of a command, and could be more than one word of it."""
    has_begun = False
    for index, part in enumerate(text.values):
        if isinstance(part, ast.Constant):
            has_begun = has_begun or _BEGINS_A_COMMAND.search(str(part.value)) is not None
        elif isinstance(part, ast.FormattedValue):
            if index == 0 and ast.unparse(part.value) in _HEADS:
                has_begun = True
            elif has_begun and not _is_one_word(part.value):
                yield part.value


def _is_one_word(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return True
    if isinstance(value, ast.IfExp):
        return _is_one_word(value.body) and _is_one_word(value.orelse)
    if isinstance(value, ast.BoolOp):
        return all(map(_is_one_word, value.values))
    if isinstance(value, ast.JoinedStr):
        return all(_is_one_word(one.value) for one in value.values if isinstance(one, ast.FormattedValue))
    return ast.unparse(value) in _CHECKED or ast.unparse(value).startswith(_QUOTING)
