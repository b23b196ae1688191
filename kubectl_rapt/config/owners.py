"""``CODEOWNERS``: who is asked to review the files of a config repository, as each forge spells it."""

import re
from collections.abc import Sequence

PATH = "CODEOWNERS"
"""In the root, where every forge looks for it."""
_OWNER = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9._/-]*|[^@\s]+@[A-Za-z0-9.-]+")
_PLACES = {
    "gitea": ("rapt\\.yaml", "tools/.*", "rendered/.*", "runs/.*"),
    "": ("/rapt.yaml", "/tools/", "/rendered/", "/runs/"),
}
"""Gitea takes regular expressions, the others patterns as git's own ignore files have."""


def is_owner(name: str) -> bool:
    """Whether that names a person or a team (``@name``, ``@group/team``, an address)."""
    return bool(_OWNER.fullmatch(name))


def spell(kind: str, owners: Sequence[str]) -> str:
    """The file for a kind of forge; names get their ``@``."""
    names = " ".join(one if "@" in one else f"@{one}" for one in owners)
    places = _PLACES.get(kind, _PLACES[""])
    return "# Who reviews what Rapt writes.\n" + "".join(f"{place} {names}\n" for place in places)
