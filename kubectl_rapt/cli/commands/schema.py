"""``kubectl rapt schema``."""

from typing import Annotated

import typer

from kubectl_rapt import documents
from kubectl_rapt.cli import terminal
from kubectl_rapt.config import schema as schemas
from kubectl_rapt.errors import UsageError
from kubectl_rapt.model import names, shell

_NAMES = "|".join(schemas.SCHEMAS)


def schema(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar=_NAMES, help="The kind of file")],
) -> None:
    """Print the JSON Schema of rapt.yaml, of a tool's file or of a template.yaml, for an editor.

    Example: kubectl rapt schema tool > tool.schema.json
    """
    if file not in schemas.SCHEMAS:
        near = names.nearest(file, schemas.SCHEMAS) or "tool"
        what = f'no schema of "{file}"; the schemas are {", ".join(schemas.SCHEMAS)}'
        raise UsageError("bad-usage", what, f"kubectl rapt schema {shell.word(near)}")
    terminal.out(documents.dump_json(schemas.SCHEMAS[file]()).rstrip("\n"))
