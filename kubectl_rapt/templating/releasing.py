"""Adding a release to the text of an index that people keep: only lines are added, comments and all else stay."""

from kubectl_rapt import documents
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.versions import Version
from kubectl_rapt.templating import index
from kubectl_rapt.templating.index import Index, Release


def insert(text: str, source: str, name: str, version: Version, release: Release) -> str:
    """The text of an index with one more release; the same text where it is there already.

    Args:
        text: The index; empty where there is none yet.
        source: Its file, for messages.
        name: The template.
        version: The version.
        release: Its identity.

    Raises:
        Invalid: The index cannot be read.
        Refused: ``released-version-changed``: that version was released with other files.
    """
    old = index.load(text, source) if text else Index({})
    new = index.append(old, name, version, release)
    if new == old:
        return text or index.dump(old)
    added = _between_lines(text, source, old, name, version, release)
    try:
        if added and index.load(added, source) == new:
            return added
    except RaptError:
        pass
    return index.dump(new)


def _between_lines(text: str, source: str, old: Index, name: str, version: Version, release: Release) -> str:
    """The release's own lines behind those of the version, or of the template, that comes before it."""
    block = index.dump(Index({name: {version: release}})).splitlines(keepends=True)[3:]
    _, lines = documents.load_with_lines(text, source) if text else (None, {})
    earlier = [one for one in old.templates.get(name, {}) if one < version]
    if name in old.templates:
        block = block[1:]
        before = documents.join_pointer(f"/templates/{name}", str(max(earlier))) if earlier else ""
    else:
        names = [one for one in old.templates if one < name]
        before = f"/templates/{max(names)}" if names else ""
    if not before:
        return ""
    last = max(line for pointer, line in lines.items() if f"{pointer}/".startswith(f"{before}/"))
    kept = text.splitlines(keepends=True)
    if not kept[last - 1].endswith("\n"):
        kept[last - 1] += "\n"
    return "".join([*kept[:last], *block, *kept[last:]])
