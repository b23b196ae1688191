"""What a template's folder may hold: plain files, few and small, with names that every machine keeps apart."""

import unicodedata
from collections.abc import Sequence

MAX_FILES = 200
MAX_FILE_BYTES = 1024 * 1024
MAX_FOLDER_BYTES = 5 * 1024 * 1024

_PLAIN = "100644"
_FOLDER = "040000"
_KINDS = {
    "120000": "is a symbolic link",
    "160000": "is a submodule",
    "100755": "is executable",
}
REQUIRED = ("template.yaml", "job.yaml.j2")


def fault(entries: Sequence[tuple[str, str, int]]) -> str:
    """Why a folder cannot be a template's; empty where it can.

    Args:
        entries: Path inside the folder, mode as git writes it and size in bytes, of all that is in it.
    """
    files = [entry for entry in entries if entry[1] != _FOLDER]
    if len(files) > MAX_FILES:
        return f"it has more than {MAX_FILES} files"
    seen: dict[str, str] = {}
    for path, mode, size in files:
        shown = ascii(path)
        if mode != _PLAIN:
            return f"{shown} {_KINDS.get(mode, f'has the mode {mode}')}; a template has plain files only"
        if problem := _bad_path(path):
            return f"{shown} {problem}"
        if size > MAX_FILE_BYTES:
            return f"{shown} has {size:,} bytes; a file has at most {MAX_FILE_BYTES >> 20} MiB"
    for path, _, _ in entries:
        other = seen.setdefault(unicodedata.normalize("NFC", path).casefold(), path)
        if other != path:
            return f"{other!a} and {path!a} are one file on some machines"
    if sum(size for _, _, size in files) > MAX_FOLDER_BYTES:
        return f"its files have more than {MAX_FOLDER_BYTES >> 20} MiB in all"
    missing = [name for name in REQUIRED if all(path != name for path, _, _ in files)]
    return f"it has no {missing[0]}" if missing else ""


def _bad_path(path: str) -> str:
    if any("\udc80" <= letter <= "\udcff" for letter in path):
        return "is not UTF-8"
    if not path.isprintable() or "\\" in path:
        return "has a character that no path should have"
    parts = path.split("/")
    if any(part in ("", ".", "..") or part.lower().rstrip(". ") == ".git" for part in parts):
        return "leads out of the folder"
    return ""
