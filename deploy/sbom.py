"""The list of what is in an archive, as CycloneDX 1.6 in JSON, the same bytes for the same contents.

The format: https://cyclonedx.org/docs/1.6/json/
"""

import importlib.metadata
import json
import platform
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from deploy import krew, tools

_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""That of addresses (RFC 4122, appendix C)."""


def write(archive: Path, version: str, packages: Iterable[str]) -> Path:
    """Write the list beside an archive.

    Args:
        archive: The archive that it is about.
        version: Of Rapt, without ``v``.
        packages: The names of the Python packages that are in it.

    Returns:
        The path of the list.
    """
    digest = sha256(archive.read_bytes()).hexdigest()
    python = {"type": "platform", "name": "python", "version": platform.python_version()}
    data = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{krew.HOMEPAGE}/{archive.name}#{digest}')}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(int(tools.EPOCH), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "name": krew.PROGRAM,
                "version": version,
                "hashes": [{"alg": "SHA-256", "content": digest}],
            },
        },
        "components": [
            python,
            *(_component(name) for name in sorted({*packages} - {krew.PROGRAM})),
        ],
    }
    path = archive.with_name(archive.name.removesuffix(".tar.gz") + ".cdx.json")
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _component(name: str) -> dict[str, str]:
    version = importlib.metadata.version(name)
    return {"type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"}
