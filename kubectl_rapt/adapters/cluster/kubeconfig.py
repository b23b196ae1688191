"""The namespace of the context in use, from a kubeconfig that is as plain as kubectl itself writes it.

To ask kubectl is a second process beside the proxy: a third more for every command. Whatever is not plain is left
to it: several files, quotes within quotes, a context that is missing. The contract is that both say the same.
"""

import re
from collections.abc import Mapping, Sequence

_NAME = r"([A-Za-z][\w.@:/+-]*[\w/+-]|[A-Za-z])"
_TEXT = re.compile(rf"{_NAME}|\"([\w.@:/+-]*)\"", re.ASCII)
_WORDS = ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
_SECTION = re.compile(r"([A-Za-z]+(?:-[A-Za-z]+)*):(?: +(\S+))? *")
_LINE = re.compile(r"( *)(- )?([A-Za-z-]+):(?: +(\S+))? *")
_SKIPPED = re.compile(r"[^\"'|>&*!{}\[\]%`\t]*")


def namespace(flags: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """The namespace that kubectl takes where none is given.

    Args:
        flags: kubectl's flags; ``--kubeconfig=…`` and ``--context=…`` matter.
        environ: The process's environment.

    Returns:
        None where kubectl must be asked.
    """
    given = dict(flag.split("=", 1) for flag in flags)
    home = environ.get("HOME", "")
    path = given.get("--kubeconfig") or environ.get("KUBECONFIG") or (f"{home}/.kube/config" if home else "")
    try:
        with open(path, encoding="utf-8", newline="\n") as file:  # noqa: PTH123 - pathlib takes longer than this
            text = file.read()
    except (OSError, ValueError):
        return None
    found = _from_json(text) if text.startswith("{") else _from_yaml(text)
    if found is None:
        return None
    current, namespaces = found
    value = namespaces.get(given.get("--context") or current)
    return "default" if value == "" else value


def _from_json(text: str) -> tuple[str, dict[str, str]] | None:
    import json

    try:
        config = json.loads(text)
        contexts = {one["name"]: one["context"].get("namespace", "") for one in config["contexts"]}
        current = config.get("current-context", "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    is_plain = len(contexts) == len(config["contexts"]) and all(isinstance(one, str) for one in contexts.values())
    return (current, contexts) if is_plain and isinstance(current, str) else None


def _from_yaml(text: str) -> tuple[str, dict[str, str]] | None:
    """The current context, and each context's namespace or ""; None for anything but kubectl's own manner."""
    sections: dict[str, list[str]] = {}
    values: dict[str, str | None] = {}
    lines: list[str] | None = None
    for line in text.split("\n"):
        if line.startswith((" ", "-")):
            if lines is None:
                return None
            lines.append(line)
        elif line and not line.startswith("#"):
            found = _SECTION.fullmatch(line)
            if not found or found[1] in sections:
                return None
            lines = sections[found[1]] = []
            values[found[1]] = found[2]
    current = _text(values.get("current-context"))
    namespaces = _contexts(sections.get("contexts", []))
    return None if current is None or namespaces is None else (current, namespaces)
