"""``kubectl rapt schema``."""

from typing import Annotated

import typer

from kubectl_rapt import documents
from kubectl_rapt.cli import terminal
from kubectl_rapt.config import schema as schemas
from kubectl_rapt.errors import UsageError

_NAMES = "|".join(schemas.SCHEMAS)


def schema(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar=_NAMES, help="The kind of file")],
) -> None:
    """Print the JSON Schema of rapt.yaml, of a tool's file or of a template.yaml, for an editor.

    Example: kubectl rapt schema tool > tool.schema.json
    """
    if file not in schemas.SCHEMAS:
        raise UsageError("bad-usage", f'there is no schema of "{file}"', f"kubectl rapt schema {_NAMES}")
    terminal.out(documents.dump_json(schemas.SCHEMAS[file]()).rstrip("\n"))
