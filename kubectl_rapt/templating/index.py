"""The registry's index: every released version of every template with its content's identity; append-only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.errors import Invalid, NotFound, Problem, Refused
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.fields import Fields, Findings, hidden, refuse
from kubectl_rapt.model.versions import Version, VersionRange

API_VERSION = "rapt.dev/v1alpha1"
KIND = "Index"
MAX_BYTES = 2 * 1024 * 1024
MAX_NODES = 61_000
"""Some 10,000 releases. Anybody's index is read in this process: what is larger would keep a person waiting."""


@dataclass(frozen=True, slots=True)
class Release:
    """A released version: its identity, which never changes, and what is said of it, which may.

    Args:
        tree: The id of its folder's git tree, 40 hex digits.
        digest: ``sha256:`` and 64 hex digits over the same files, because git's SHA-1 alone can be forged.
        min_rapt: The oldest Rapt that renders it; None for any.
        deprecated: Why something else is to be preferred; empty where nothing is.
        yanked: Why it may not be installed any more; empty where it may.
    """

    tree: str
    digest: str
    min_rapt: Version | None = None
    deprecated: str = ""
    yanked: str = ""

    def is_same(self, other: "Release") -> bool:
        """Whether both are the same files."""
        return (self.tree, self.digest) == (other.tree, other.digest)


@dataclass(frozen=True, slots=True)
class Index:
    """All releases: template name to version to identity."""

    templates: Mapping[str, Mapping[Version, Release]]

    def release(self, name: str, version: Version) -> Release:
        """The identity of one release. Raises NotFound, naming what there is."""
        found = self.versions(name).get(version)
        if found is None:
            known = list(self.versions(name))
            what = f"{name} has no version {version}; it has {', '.join(map(str, known))}"
            error = NotFound("no-version", what, f"kubectl rapt show {shell.word(name)}")
            raise error.meant(f"{name}@{version}", f"{name}@{known[-1]}") if known else error
        return found

    def versions(self, name: str) -> Mapping[Version, Release]:
        """The releases of one template, oldest version first. Raises NotFound, naming the nearest."""
        if name not in self.templates:
            near = names.did_you_mean(name, self.templates)
            raise NotFound(
                "no-template", f'the registry has no template "{name}"{near}', "kubectl rapt search"
            )
        return self.templates[name]

    def newest(self, name: str) -> Version:
        """The newest version that is no pre-release; the newest of all where there are only pre-releases."""
        versions = self.versions(name)
        return max([version for version in versions if not version.prerelease] or versions)


@dataclass(frozen=True, slots=True)
class Choice:
    """The version that is to be taken.

    Args:
        version: The version.
        notes: What a person is to know: newer ones that were passed over, and why; a deprecation.
    """

    version: Version
    notes: tuple[str, ...] = ()


def choose(
    name: str,
    releases: Mapping[Version, Release],
    wanted: VersionRange | None,
    rapt: Version,
    *,
    known_as: str = "",
) -> Choice:
    """The newest version that may be installed.

    Args:
        name: The template's name.
        releases: Its versions.
        wanted: Which of them; None for any.
        rapt: This Rapt.
        known_as: How a person types the name, where other registries have it too.

    Raises:
        NotFound: ``no-version``: there is none that was asked for, or each has a reason against it.
        Refused: ``yanked`` or ``rapt-too-old``, for a version that was named exactly.
    """
    passed: list[tuple[Version, str]] = []
    for version in sorted(releases, reverse=True):
        if wanted and not wanted.includes(version):
            continue
        release = releases[version]
        if not (reason := _against(version, release, wanted, rapt)):
            notes = [f"{name} {newer} was passed over: {why}" for newer, why in passed]
            if release.deprecated:
                notes.append(f"{name} {version} is deprecated: {release.deprecated}")
            return Choice(version, tuple(notes))
        passed.append((version, reason))
    if passed and wanted and wanted.is_exact:
        (version, reason), *_ = passed
        if releases[version].yanked:
            raise Refused(
                "yanked", f"{name} {version} is {reason}", f"kubectl rapt show {shell.word(known_as or name)}"
            )
        raise Refused("rapt-too-old", f"{name} {version} {reason}", "take a newer Rapt, or an older version")
    known = ", ".join(str(version) for version in sorted(releases, reverse=True)[:10])
    asked = f"no version {wanted}" if wanted else "no version that may be installed"
    called = known_as or name
    error = NotFound(
        "no-version",
        f"{name} has {asked}{f'; it has {known}' if known else ''}",
        f"kubectl rapt show {shell.word(called)}" if known else "ask its authors to release one",
        [Problem(f"{name} {version}", reason) for version, reason in passed],
    )
    fit = [version for version, one in releases.items() if not _against(version, one, None, rapt)]
    raise error.meant(f"{called}@{wanted}", f"{called}@{max(fit)}") if wanted and fit else error


def _against(version: Version, release: Release, wanted: VersionRange | None, rapt: Version) -> str:
    if release.yanked:
        return f"yanked: {release.yanked}"
    if release.min_rapt and rapt < release.min_rapt:
        return f"needs Rapt {release.min_rapt} or newer; this is {rapt}"
    if version.prerelease and not wanted:
        return "a pre-release"
    return ""


def release_of(files: Mapping[str, bytes]) -> Release:
    """The identity of a template's files (path inside its folder to content)."""
    return Release(tree_id(files), digest(files))


def tree_id(files: Mapping[str, bytes]) -> str:
    """The id that git gives a folder with these files, none of them executable.

    Args:
        files: Slash-separated paths to contents.

    Raises:
        Invalid: ``bad-path``: git could not hold such a path, or it is a file and a folder at once.
    """
    root: dict[str, Any] = {}
    for path, content in files.items():
        _check_path(path)
        *folders, name = path.split("/")
        at = root
        for folder in folders:
            at = at.setdefault(folder, {})
            if not isinstance(at, dict):
                raise Invalid("bad-path", f"{path} needs a folder where there is a file", "rename one")
        if name in at:
            raise Invalid("bad-path", f"{path} is a file and a folder at once", "rename one")
        at[name] = content
    return _write_tree(root).hex()


def _check_path(path: str) -> None:
    forbidden = ("", ".", "..", ".git")
    if "\n" in path or "\0" in path or any(part.lower() in forbidden for part in path.split("/")):
        raise Invalid("bad-path", f"{path!r} is not the path of a file in git", "rename it")


def _write_tree(folder: Mapping[str, Any]) -> bytes:
    entries = []
    for name, content in folder.items():
        is_folder = isinstance(content, dict)
        # Git sorts a folder as if its name ended with a slash.
        order = name.encode() + (b"/" if is_folder else b"")
        mode = b"40000" if is_folder else b"100644"
        identity = _write_tree(content) if is_folder else _object_id(b"blob", content)
        entries.append((order, mode + b" " + name.encode() + b"\0" + identity))
    return _object_id(b"tree", b"".join(entry for _, entry in sorted(entries)))


def _object_id(kind: bytes, content: bytes) -> bytes:
    import hashlib

    header = b"%s %d\0" % (kind, len(content))
    return hashlib.sha1(header + content, usedforsecurity=False).digest()


def digest(files: Mapping[str, bytes]) -> str:
    """The SHA-256 of the files' list, as ``sha256sum`` prints it, sorted by path: ``sha256:…``."""
    import hashlib

    total = hashlib.sha256()
    for path in sorted(files, key=str.encode):
        _check_path(path)
        total.update(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n".encode())
    return f"sha256:{total.hexdigest()}"


def load(text: str | bytes, source: str) -> Index:
    """Read an ``index.yaml``. Raises Invalid: ``bad-text``, ``bad-yaml`` or ``bad-index``."""
    index, findings, lines = _read(text, source)
    refuse(findings, lines, source, "bad-index")
    return index


def load_sound(text: str | bytes, source: str) -> tuple[Index, Mapping[str, str]]:
    """Read someone else's ``index.yaml``: a template with a mistake is left out, and the others are kept.

    Returns:
        The index without those templates; their names, each with its first mistake.

    Raises:
        Invalid: ``bad-text``, ``bad-yaml`` or ``bad-index``: the mistake is not in one template alone.
    """
    index, findings, lines = _read(text, source)
    broken: dict[str, str] = {}
    general: Findings = []
    for pointer, what in findings:
        parts = documents.split_pointer(pointer)
        if len(parts) >= 2 and parts[0] == "templates":
            broken.setdefault(parts[1], f"{documents.place(pointer, lines, source)}: {what}")
        else:
            general.append((pointer, what))
    refuse(general, lines, source, "bad-index")
    return Index({name: one for name, one in index.templates.items() if name not in broken}), broken


def _read(text: str | bytes, source: str) -> tuple[Index, Findings, Mapping[str, int]]:
    checked = documents.check_text(text, source, MAX_BYTES)
    data, lines = documents.load_with_lines(checked, source, max_nodes=MAX_NODES)
    findings: Findings = [*hidden(data)]
    at = Fields(data, "", findings)
    at.choice("apiVersion", (API_VERSION,), required=True)
    at.choice("kind", (KIND,), required=True)
    folder = at.fields("templates")
    templates = {}
    for name in folder:
        if not names.is_dns_label(name):
            folder.wrong(name, "is not the name of a template")
        templates[name] = _releases(folder.fields(name))
    at.done()
    return Index(templates), findings, lines


def _releases(at: Fields) -> dict[Version, Release]:
    found = {}
    for text in at:
        inner = at.fields(text)
        release = Release(
            inner.text("tree", required=True),
            inner.text("digest", required=True),
            inner.parsed("minRapt", Version.parse, None),
            inner.text("deprecated"),
            inner.text("yanked"),
        )
        inner.done()
        if release.tree and not _is_hex(release.tree, 40):
            inner.wrong("tree", "expected 40 hex digits")
        kind, _, value = release.digest.partition(":")
        if release.digest and not (kind == "sha256" and _is_hex(value, 64)):
            inner.wrong("digest", "expected sha256: and 64 hex digits")
        try:
            found[Version.parse(text)] = release
        except ValueError as error:
            at.wrong(text, str(error))
    return dict(sorted(found.items()))


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and all(character in "0123456789abcdef" for character in text)


def dump(index: Index) -> str:
    """The text of an index: names and versions in order, so that adding a release only adds lines."""
    templates = {
        name: {str(version): _spell(release) for version, release in sorted(index.templates[name].items())}
        for name in sorted(index.templates)
    }
    data = {"apiVersion": API_VERSION, "kind": KIND, "templates": templates}
    return documents.dump(data, max_nodes=MAX_NODES)


def _spell(release: Release) -> dict[str, str]:
    said = {
        "minRapt": str(release.min_rapt or ""),
        "deprecated": release.deprecated,
        "yanked": release.yanked,
    }
    return {
        "tree": release.tree,
        "digest": release.digest,
        **{key: text for key, text in said.items() if text},
    }


def append(index: Index, name: str, version: Version, release: Release) -> Index:
    """The index with one more release; the same index where it is there already.

    Raises:
        Refused: ``released-version-changed``: that version was released with other files.
    """
    versions = index.templates.get(name, {})
    if not versions.get(version, release).is_same(release):
        raise Refused(
            "released-version-changed",
            f"{name} {version} is released; its files may not change",
            "raise the version in template.yaml",
        )
    return Index({**index.templates, name: {version: release, **versions}})
