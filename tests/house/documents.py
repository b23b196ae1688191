"""Writes what is generated from the source: the map, reference and schemas in ``docs``, and ``cli/words.py``."""

import sys
from pathlib import Path
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

from kubectl_rapt.cli import main as front_end
from kubectl_rapt.cli import options, table, verbs
from kubectl_rapt.config.schema import SCHEMAS
from kubectl_rapt.documents import dump_json
from kubectl_rapt.model import times
from tests.house import references, source

_ROOMS = (
    *("errors", "documents", "edits", "model", "objects", "templating", "runs", "guard", "config", "ports"),
    "writes",
    *("actions", "adapters", "wiring", "cli", "__main__"),
)


def contents() -> dict[Path, str]:
    """Each generated document's path and text."""
    docs = source.HOME / "docs"
    schemas = {docs / "schemas" / f"{name}.json": dump_json(make()) for name, make in SCHEMAS.items()}
    words = source.PACKAGE / "cli" / "words.py"
    pages = {docs / "reference" / f"{name}.md": text for name, text in references.pages().items()}
    return {docs / "map.md": _map(), docs / "cli.md": _cli(), words: _words(), **pages, **schemas}


def _map() -> str:
    lines = ["# Map", "", references.NOTE, "", "Every module with its opening sentence, from the bottom up."]
    for room in _ROOMS:
        found = [module for module in source.modules() if module.room == room]
        opening = next((one.opening for one in found if one.path == f"{room}/__init__.py"), "")
        lines += ["", f"## {room}", "", *([opening, ""] if opening else [])]
        lines += [f"- `{one.path}`: {one.opening}" for one in found if one.path != f"{room}/__init__.py"]
    return "\n".join(lines) + "\n"


def _cli() -> str:
    group = _group()
    context = group.make_context(front_end.NAME, ["--help"], resilient_parsing=True)
    lines = ["# Commands", "", references.NOTE]
    heading = ""
    for name, entry in table.TABLE.items():
        if entry.heading != heading:
            heading = entry.heading
            lines += ["", f"## {heading}"]
        command, inner, own = _command(group, context, name)
        arguments = [one.make_metavar(inner) for one in own if one.param_type_name == "argument"]
        text, _, example = (command.help or "").partition("Example: ")
        lines += ["", f"### {front_end.NAME} {name}", "", " ".join(text.split()), "", "```"]
        inside = [command.subcommand_metavar] if isinstance(command, TyperGroup) else []
        lines += [" ".join([front_end.NAME, name, *inside, *arguments, "[flags]"])]
        lines += [f"# {' '.join(example.split())}"] if example else []
        lines += ["```", *_flags([one for one in own if one.param_type_name == "option"], inner)]
    shared = options.shared()
    lines += ["", "## Flags of every command", *_flags(shared, context)]
    lines += ["", "## Which command?", "", "Commands that are easily mixed up."]
    for question, rows in verbs.TABLES:
        lines += ["", f"### {question}", "", "| command | |", "|---|---|"]
        lines += [f"| `{front_end.NAME} {name}` | {text} |" for name, text in rows]
    return "\n".join(lines) + "\n"


def _command(group: Any, context: Any, name: str) -> tuple[Any, Any, list[Any]]:
    """A command, its context, and the parameters that are its own."""
    command = group
    for word in name.split():
        command = command.get_command(context, word)
    inner = command.make_context(name, [], parent=context, resilient_parsing=True)
    common = {option.name for option in options.shared()} | {"help"}
    return command, inner, [one for one in command.params if one.name not in common or one.expose_value]


_WORDS = '''\
"""What every command says of itself, so that help and completion import none. `make docs` writes it: change those."""

# ruff: noqa: E501
# fmt: off
from kubectl_rapt.cli.wording import Command, Flag

'''


def _words() -> str:
    group = _group()
    context = group.make_context(front_end.NAME, ["--help"], resilient_parsing=True)
    lines = ["SHARED = (", *(f"    {_flag(one, context)}," for one in options.shared()), ")", "COMMANDS = {"]
    for name, entry in table.TABLE.items():
        command, inner, own = _command(group, context, name)
        text, _, example = (command.help or "").partition("Example: ")
        arguments = [
            f"({_quoted(one.make_metavar(inner))}, {_quoted(one.help or '')})"
            for one in own
            if one.param_type_name == "argument"
        ]
        flags = [_flag(one, inner) for one in own if one.param_type_name == "option"]
        lines += [
            f"    {_quoted(name)}: Command(",
            f"        {_quoted(entry.heading)}, {_quoted(entry.summary)}, {entry.is_rare},",
            f"        {_quoted(' '.join(text.split()))},",
            f"        {_quoted(' '.join(example.split()))},",
            *("        (", *(f"            {one}," for one in arguments), "        ),"),
            *("        (", *(f"            {one}," for one in flags), "        ),"),
            "    ),",
        ]
    return _WORDS + "\n".join([*lines, "}"]) + "\n"


def _flag(one: Any, context: Any) -> str:
    """As the ``Flag`` that is written for an option."""
    names = _shown(one)
    said = (one.help or "") + (" (required)" if one.required else "")
    tells = not one.is_flag and one.show_default is not False and isinstance(one.default, int | float | str)
    if tells and one.default not in ("", 0, "none"):
        default = times.spell_seconds(one.default) if isinstance(one.default, float) else one.default
        said += f" (default {default})"
    value = "" if one.is_flag else one.make_metavar(context)
    spelled = f"({', '.join(map(_quoted, names))},)"
    opposite = f", {_quoted(one.secondary_opts[0])}" if one.secondary_opts else ""
    return f"Flag({spelled}, {_quoted(value)}, {_quoted(said)}, {bool(one.multiple)}{opposite})"


def _shown(one: Any) -> list[str]:
    """A flag's names, the short one first."""
    names = [name for name in one.opts if name not in options.FORMER]
    return sorted(names, key=lambda name: name.startswith("--"))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _group() -> Any:
    import typer

    app = typer.Typer(cls=front_end.Commands, add_completion=False, rich_markup_mode=None)
    app.callback()(lambda: None)
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    return group


def _flags(found: list[Any], context: Any) -> list[str]:
    rows = []
    for one in found:
        names = ", ".join(_shown(one))
        names += "".join(f" | {opposite}" for opposite in one.secondary_opts)
        value = "" if one.is_flag else f" {one.make_metavar(context)}"
        cells = [f"`{names}{value}`", one.help or ""]
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return ["", "| flag | |", "|---|---|", *rows] if rows else []


def main() -> int:
    """Write what differs."""
    for path, text in contents().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            print(path.relative_to(source.HOME))
    return 0


if __name__ == "__main__":
    sys.exit(main())
