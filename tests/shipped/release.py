"""Appends the shipped templates' versions to ``registry/index.yaml``: ``python -m tests.shipped.release``.

A released version never changes: this refuses, and the version in ``template.yaml`` is to be raised. One that
nobody can have taken yet is released again once its lines are deleted from the index.
"""

import sys
from pathlib import Path

from kubectl_rapt.errors import RaptError
from kubectl_rapt.templating import definition, index
from kubectl_rapt.templating.index import Index

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "registry" / "index.yaml"


def files(folder: Path) -> dict[str, bytes]:
    """Path inside a folder to content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def release(old: Index, templates: Path) -> Index:
    """The index with the version that each template has now.

    Raises:
        Refused: A released version has other files.
    """
    for folder in sorted(templates.iterdir()):
        found = files(folder)
        template = definition.load(found["template.yaml"], f"templates/{folder.name}/template.yaml")
        old = index.append(old, template.name, template.version, index.release_of(found))
    return old


def main() -> int:
    """Write the index; 0 where that is done."""
    old = index.load(INDEX.read_bytes(), "registry/index.yaml")
    try:
        INDEX.write_text(index.dump(release(old, ROOT / "templates")), encoding="utf-8")
    except RaptError as error:
        print(f"error: {error.message}\n  try: {error.hint}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
