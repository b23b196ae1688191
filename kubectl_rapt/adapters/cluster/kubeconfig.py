"""The namespace of the context in use, from a kubeconfig that is as plain as kubectl itself writes it.

To ask kubectl is one more process beside the proxy, and every command would take a third longer. Whatever is not
plain is left to it all the same: several files, an unusual spelling, a context that is missing.
"""

import string
from collections.abc import Mapping, Sequence

_SIGNS = frozenset(string.ascii_letters + string.digits + "_.@:/+-")
_WORDS = ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
_NOT_SKIPPED = frozenset("\"'|>&*!{}[]%`\t")

_Contexts = tuple[str, dict[str, str]]


def namespace(flags: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """The namespace that kubectl takes where none is given.

    Args:
        flags: kubectl's flags, of which ``--kubeconfig=…`` and ``--context=…`` matter.
        environ: The process's environment.

    Returns:
        None where kubectl must be asked.
    """
    given = dict(flag.split("=", 1) for flag in flags)
    home = environ.get("HOME", "")
    path = given.get("--kubeconfig") or environ.get("KUBECONFIG") or (f"{home}/.kube/config" if home else "")
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            text = file.read()
    except (OSError, ValueError):
        return None
    found = _from_json(text) if text.startswith("{") else _from_yaml(text)
    if found is None:
        return None
    current, namespaces = found
    value = namespaces.get(given.get("--context") or current)
    return "default" if value == "" else value


def _from_json(text: str) -> _Contexts | None:
    import json

    try:
        config = json.loads(text)
        current, listed = config.get("current-context", ""), config["contexts"]
        namespaces = {one["name"]: one["context"].get("namespace", "") for one in listed}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    are_texts = all(isinstance(one, str) for one in (current, *namespaces, *namespaces.values()))
    return (current, namespaces) if are_texts and len(namespaces) == len(listed) else None


def _from_yaml(text: str) -> _Contexts | None:
    """The current context and each context's namespace, which may be empty; None for what is not plain."""
    sections: dict[str, list[str]] = {}
    current = section = ""
    for line in text.split("\n"):
        if line.startswith((" ", "-")) and section:
            sections[section].append(line)
        elif line and not line.startswith("#"):
            section, value = _pair(line)
            if (
                not section
                or section in sections
                or not (value in ("", "{}", "[]") or _text(value) is not None)
            ):
                return None
            sections[section] = []
            if section == "current-context":
                current = _text(value) or ""
    namespaces = _namespaces(sections.get("contexts", []))
    return None if namespaces is None else (current, namespaces)


def _namespaces(lines: Sequence[str]) -> dict[str, str] | None:
    """Context to namespace, from a list of ``name`` and ``context`` with its keys one level below."""
    entries: list[dict[str, str]] = []
    list_at = child_at = -1
    is_context = may_skip = False
    for line in lines:
        body = line.lstrip(" ")
        if not body or body.startswith("#"):
            continue
        dash_at = len(line) - len(body) if body.startswith("- ") else -1
        at = len(line) - len(body) + (2 if dash_at >= 0 else 0)
        if list_at < 0:
            list_at = dash_at
        if may_skip and (at > child_at or dash_at == child_at) and child_at > 0:
            if not _NOT_SKIPPED.isdisjoint(body):
                return None
            continue
        key, value = _pair(body.removeprefix("- "))
        if dash_at >= 0 and dash_at == list_at:
            entries.append({})
        elif dash_at >= 0 or not entries:
            return None
        if at == list_at + 2:
            is_context, child_at, may_skip = key == "context", -1, False
            if (key == "context") == bool(value) or key not in ("context", "name") or key in entries[-1]:
                return None
            entries[-1][key] = value
        elif is_context and at > list_at + 2 and child_at in (-1, at) and key and key not in entries[-1]:
            child_at, may_skip = at, not value
            if value and _text(value) is None:
                return None
            entries[-1][key] = value
        else:
            return None
    return _by_name(entries)


def _by_name(entries: Sequence[Mapping[str, str]]) -> dict[str, str] | None:
    namespaces: dict[str, str] = {}
    for entry in entries:
        name, value = _text(entry.get("name", "")), _text(entry.get("namespace", '""'))
        if not name or name in namespaces or value is None or "context" not in entry:
            return None
        namespaces[name] = value
    return namespaces


def _pair(line: str) -> tuple[str, str]:
    """A key and what follows it on its line; two empty texts where it is no simple key."""
    key, colon, value = line.partition(":")
    is_simple = colon and key.isascii() and key.replace("-", "").isalpha() and value[:1] in ("", " ")
    return (key, value.strip(" ")) if is_simple else ("", "")


def _text(value: str) -> str | None:
    """The text that a scalar is for every reader of YAML; None where that takes more than a look."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        inner = value[1:-1]
    elif value[:1].isalpha() and not value.endswith(":") and value.lower() not in _WORDS:
        inner = value
    else:
        return None
    return inner if _SIGNS.issuperset(inner) else None
