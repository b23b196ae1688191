"""Lists in kubectl's manner: the flags that every list has, and everything that ``-o`` can make of its objects."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kubectl_rapt.cli import columns, options, show, terminal
from kubectl_rapt.errors import Invalid, UsageError
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import Manifest

if TYPE_CHECKING:
    from kubectl_rapt.model.jsonpath import JsonPath
    from kubectl_rapt.ports.world import World

FORMS = "wide|json|yaml|name|jsonpath=…|custom-columns=…"
_LEAST = 3
"""How wide the columns of kubectl's are, whatever is in them."""
_EXAMPLES = {"jsonpath": "{.items[*].metadata.name}", "custom-columns": "NAME:.metadata.name"}
_PLAIN = ("", "wide", "json", "yaml", "name")

AllNamespaces = Annotated[bool, typer.Option("-A", "--all-namespaces", help="In all namespaces")]
Output = Annotated[
    str, typer.Option("-o", "--output", metavar="FORMAT", help=f"Output format: {FORMS.replace('|', ', ')}")
]
Labels = Annotated[
    str,
    typer.Option(
        "-l", "--selector", metavar="SELECTOR", help="Label selector, such as rapt.dev/environment=prod"
    ),
]
Fields = Annotated[
    str,
    typer.Option("--field-selector", metavar="SELECTOR", help="Field selector, such as status.state=Failed"),
]
SortBy = Annotated[
    str, typer.Option("--sort-by", metavar="JSONPATH", help="Sort by a field, such as .metadata.name")
]
NoHeaders = Annotated[bool, typer.Option("--no-headers", help="Do not print the header line")]


def namespace(world: "World", *, all_namespaces: bool) -> str:
    """The namespace to list; empty for all, which are those of the environment if the command acts in one.

    An environment that has several namespaces is listed whole.
    """
    location = world.location
    if all_namespaces or (location and len(location.namespaces) > 1):
        return ""
    return world.cluster.namespace()


@dataclass(frozen=True, slots=True)
class Form:
    """What ``-o`` and its neighbours ask for.

    Args:
        kind: Empty for a table, ``wide``, ``json``, ``yaml``, ``name``, ``jsonpath`` or ``custom-columns``.
        template: Of ``jsonpath``.
        columns: Header and field of ``custom-columns``.
        sort_by: The field to sort by; None for the list's own order.
        has_header: Whether tables have a line of headers.
    """

    kind: str = ""
    template: "JsonPath | None" = None
    columns: "tuple[tuple[str, JsonPath], ...]" = ()
    sort_by: "JsonPath | None" = None
    has_header: bool = True

    @property
    def is_table(self) -> bool:
        """Whether rows are shown, and not objects."""
        return self.kind in ("", "wide")


def form(output: str, *, sort_by: str = "", no_headers: bool = False, forms: str = FORMS) -> Form:
    """Read ``-o``, ``--sort-by`` and ``--no-headers``, before anything is asked of a cluster.

    Raises:
        UsageError: One of them is none of what they can be.
    """
    by = _path(sort_by, "--sort-by", relaxed=True) if sort_by else None
    kind, _, text = output.partition("=")
    if kind == "jsonpath" and text and kind in forms:
        return Form(kind, template=_path(text, "-o jsonpath"), sort_by=by)
    if kind == "custom-columns" and text and kind in forms:
        named = tuple(_column(part) for part in text.split(","))
        return Form(kind, columns=named, sort_by=by, has_header=not no_headers)
    if output not in _PLAIN or (output and output not in forms):
        raise _no_form(kind, output, forms)
    return Form(output, sort_by=by, has_header=not no_headers)


def _no_form(kind: str, output: str, forms: str) -> UsageError:
    refusal = options.not_one_of("-o", output, forms.split("|"))
    for one, example in _EXAMPLES.items():
        if kind == one and one in forms:
            refusal.hint = f"-o {shell.quoted(f'{one}={example}')}"
    return refusal


def _column(text: str) -> "tuple[str, JsonPath]":
    header, colon, path = text.partition(":")
    if not (colon and path):
        what = f"-o custom-columns expects HEADER:FIELD, got {text}"
        raise UsageError("bad-flag", what, "-o custom-columns=NAME:.metadata.name")
    return header, _path(path, "-o custom-columns", relaxed=True)


def _path(text: str, flag: str, *, relaxed: bool = False) -> "JsonPath":
    from kubectl_rapt.model.jsonpath import JsonPath

    try:
        return JsonPath.relaxed(text) if relaxed else JsonPath.parse(text)
    except ValueError as error:
        kind = flag.rpartition(" ")[2]
        example = f"{kind}={_EXAMPLES[kind]}" if kind in _EXAMPLES else ".metadata.name"
        hint = f"{flag.partition(' ')[0]} {shell.quoted(example)}"
        raise UsageError("bad-jsonpath", f"{flag}: {error}", hint) from error


def ordered(found: Sequence[Manifest], wanted: Form) -> list[Manifest]:
    """Objects by ``--sort-by``; those without the field first, as kubectl has it.

    Raises:
        Invalid: No object has that field, or its values have no order.
    """
    if wanted.sort_by is None or not found:
        return list(found)
    from kubectl_rapt.model import jsonpath

    def first(one: Manifest) -> Any:
        assert wanted.sort_by is not None
        values = wanted.sort_by.find(one)
        return values[0][0] if values and values[0] else None

    try:
        keyed = [(first(one), one) for one in found]
        if all(value is None for value, _ in keyed):
            raise ValueError("names a field that none of them has")
        return [one for _, one in sorted(keyed, key=lambda pair: jsonpath.order(pair[0]))]
    except ValueError as error:
        raise Invalid(
            "bad-jsonpath", f"--sort-by {error}", "--sort-by .metadata.creationTimestamp"
        ) from error


def objects(found: Sequence[Manifest], wanted: Form) -> int:
    """Print a list of objects in any form but a table: an empty one is a List too.

    Args:
        found: The objects.
        wanted: How they are shown.

    Returns:
        The exit code: 1 if one is nested too deeply to be shown, which is said.
    """
    if wanted.kind == "name":
        for one in found:
            terminal.out(_name(one))
        return 0
    from kubectl_rapt.objects import reading

    left_out = [error for one in found if (error := reading.too_deep(one))]
    found = [one for one in found if not reading.too_deep(one)]
    if wanted.kind == "custom-columns":
        _custom(found, wanted)
    else:
        whole = found if wanted.kind == "jsonpath" else [_shown(one) for one in found]
        document(show.listed(whole), wanted)
    for error in left_out:
        terminal.say(terminal.clean(f"note: left out: {error.message}"))
    return 1 if left_out else 0


def _shown(one: Manifest) -> Manifest:
    """An object without its managed fields, which kubectl hides as well."""
    metadata = one.get("metadata")
    if not isinstance(metadata, Mapping) or "managedFields" not in metadata:
        return one
    return {**one, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}


def document(data: Mapping[str, Any], wanted: Form) -> None:
    """Print one object in any form but a table. Raises Invalid: it is nested too deeply to be shown."""
    if wanted.kind == "name":
        terminal.out(_name(data))
        return
    from kubectl_rapt.objects import reading

    if error := reading.too_deep(data):
        raise error
    if wanted.kind == "custom-columns":
        _custom([data], wanted)
    elif wanted.template is None:
        terminal.out(show.document(_shown(data), wanted.kind))
    else:
        try:
            terminal.out_text(wanted.template.text(data))
        except ValueError as error:
            raise Invalid("bad-jsonpath", f"-o jsonpath {error}", "-o json") from error


def _custom(found: Sequence[Manifest], wanted: Form) -> None:
    from kubectl_rapt.model import jsonpath

    def cell(one: Manifest, path: "JsonPath") -> str:
        values = path.find(one)
        if not (values and values[0]):
            return "<none>"
        return ",".join(jsonpath.spelled(value) for group in values for value in group)

    try:
        rows = [[cell(one, path) for _, path in wanted.columns] for one in found]
    except ValueError as error:
        raise Invalid("bad-jsonpath", f"-o custom-columns {error}", "-o json") from error
    table([header for header, _ in wanted.columns], rows, wanted, least=_LEAST)


def _name(one: Manifest) -> str:
    group, slash, _ = str(one.get("apiVersion", "")).rpartition("/")
    dotted = f".{group}" if slash else ""
    return f"{str(one.get('kind', '')).lower()}{dotted}/{terminal.clean(str(one['metadata']['name']))}"


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    wanted: Form,
    steps: Sequence[columns.Step] = (),
    *,
    least: int = 0,
    indent: int = 0,
) -> None:
    """Print rows under their headers.

    Args:
        header: The columns.
        rows: The cells of each row.
        wanted: How they are shown.
        steps: What a narrow terminal goes without; see ``columns.fit``.
        least: How wide each column is at least.
        indent: How many blanks are before each line.
    """
    shown = columns.Table(
        header,
        steps,
        is_wide=wanted.kind == "wide",
        has_header=wanted.has_header,
        least=least,
        indent=indent,
    )
    shown.whole([columns.cells(row) for row in rows])


def rows(
    found: Iterable[Manifest], cells: Callable[[Manifest], list[str]], width: int
) -> tuple[list[list[str]], list[str]]:
    """The rows of a table, where what is broken is shown as such and breaks nothing else.

    Args:
        found: The objects.
        cells: One object's cells; whatever it raises makes that object a broken one.
        width: How many cells a row has.

    Returns:
        The rows, and a line on each object that is broken.
    """
    made, broken = [], []
    for one in found:
        try:
            made.append(cells(one))
        except Exception as error:  # one object that nobody foresaw must not hide all the others
            raw = one.get("metadata")
            metadata = raw if isinstance(raw, Mapping) else {}
            name = str(metadata.get("name", "?"))
            made.append(([name, "<broken>"] + [""] * width)[:width])
            broken.append(f"{str(one.get('kind', 'object')).lower()}/{name} is broken: {_what(error)}")
    return made, broken


def _what(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]}"
    return str(error) or type(error).__name__
