"""Files that SOPS has encrypted: someone else's, whatever else is in them."""

import re

from kubectl_rapt import documents
from kubectl_rapt.errors import Invalid


def is_encrypted(content: bytes, path: str) -> bool:
    """Whether a YAML or JSON file has a top-level mapping ``sops``, as SOPS writes it beside the encrypted values.

    Args:
        content: The file.
        path: Its name; one of another kind than YAML or JSON is no concern of ours.
    """
    if b"sops" not in content or not path.endswith((".yaml", ".yml", ".json")):
        return False
    try:
        found = documents.load_all(content, path)
    except Invalid:
        # Not as strict as our YAML is, and so not written by us: one line tells.
        return (
            re.search(rb'^(?:sops:[ \t]*(?:#.*)?|[ \t]{0,4}"sops":[ \t]*\{.*)$', content, re.MULTILINE)
            is not None
        )
    return any(isinstance(one, dict) and isinstance(one.get("sops"), dict) for one in found)
