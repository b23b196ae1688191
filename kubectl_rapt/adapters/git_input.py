"""What may reach the git program: addresses, names, paths, changes and the environment it runs in."""

import base64
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from kubectl_rapt.adapters.git_answers import shown
from kubectl_rapt.errors import Invalid
from kubectl_rapt.guard import secrets
from kubectl_rapt.ports.git import Remote, Trust

_SETTINGS = (
    ("i18n.commitEncoding", "UTF-8"),
    ("i18n.logOutputEncoding", "UTF-8"),
    ("user.useConfigOnly", "true"),
    # Git would take the password of an address, and every header, along to the server that it is sent to.
    ("http.followRedirects", "false"),
)
_ISOLATED = (
    ("credential.helper", ""),
    ("transfer.fsckObjects", "true"),
)
_VARIABLES = {
    "LC_ALL": "C",
    "LANGUAGE": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GCM_INTERACTIVE": "never",
    "SSH_ASKPASS": "",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ADVICE": "0",
}
_ISOLATING = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
}
_KEPT_FOR_HOSTILE = {"GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_EXEC_PATH", "GIT_SSH", "GIT_SSH_COMMAND"}
_OF_ANOTHER_REPOSITORY = {
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DEFAULT_HASH",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
}
"""Git sets these for its hooks (``git rev-parse --local-env-vars``), and Rapt may be called from a hook."""

_HOST = r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.%]+\])"
_THIS_MACHINE = r"(localhost|127(\.\d+){3}|\[::1\])(:\d+)?"


def address(remote: Remote, home: str) -> tuple[str, str]:
    """Check a remote's address, and make a path absolute.

    Args:
        remote: The remote; a hostile one may use ``http://`` on this machine only.
        home: What ``~`` stands for.

    Returns:
        The address for git, and the protocol: ``file``, ``https``, ``http`` or ``ssh``.

    Raises:
        Invalid: It is an option, names a transport helper, or holds what no address holds.
    """
    url = remote.url
    if not url or url.startswith("-") or not url.isprintable() or re.match(r"[\w.+-]+::", url):
        raise _bad_address(url)
    if match := re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/]*)", url):
        scheme, authority = match[1].lower(), match[2]
        host = authority.rpartition("@")[2]
        if scheme == "file":
            is_allowed = authority in ("", "localhost")
        else:
            is_allowed = bool(re.fullmatch(rf"{_HOST}(:\d*)?", host)) and not authority.startswith("-")
        if scheme == "http" and remote.trust is Trust.HOSTILE:
            is_allowed = bool(re.fullmatch(_THIS_MACHINE, host))
        if scheme not in ("https", "http", "ssh", "file") or not is_allowed:
            raise _bad_address(url)
        return url, scheme
    if match := re.match(r"([^/:]+):(.*)", url):
        user, _, host = match[1].rpartition("@")
        if user.startswith("-") or match[2].startswith("-") or not re.fullmatch(_HOST, host):
            raise _bad_address(url)
        return url, "ssh"
    if home and (url == "~" or url.startswith("~/")):
        url = home + url[1:]
    return str(Path(url).absolute()), "file"


def without_password(url: str) -> tuple[str, list[tuple[str, str]]]:
    """An address without a password or token in it, and the settings that send it all the same, to its host alone.

    Git hands addresses to its helpers as arguments, which every user of a machine may read; settings go through the
    environment.
    """
    match = re.match(r"(?P<scheme>https?)://(?P<login>[^/]*)@(?P<host>[^/@]*)", url, re.IGNORECASE)
    if not match or (":" not in match["login"] and not secrets.find(match["login"])):
        return url, []
    user, _, password = match["login"].partition(":")
    login = f"{unquote(user)}:{unquote(password)}".encode()
    header = f"Authorization: Basic {base64.b64encode(login).decode()}"
    origin = f"{match['scheme']}://{match['host']}"
    return f"{origin}{url[match.end() :]}", [
        (f"http.{origin}/.extraHeader", header),
        (f"http.{origin}/.followRedirects", "false"),
    ]


def environment(
    given: Mapping[str, str], trust: Trust, settings: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """The environment for git: no questions, no other repository, English, isolated for a hostile remote.

    Args:
        given: The user's environment.
        trust: Whether their git configuration applies.
        settings: Configuration that wins over every file.
    """
    made = {
        name: value
        for name, value in given.items()
        if name not in _OF_ANOTHER_REPOSITORY
        and not name.startswith("GIT_TRACE")
        and (trust is Trust.OWN or not name.startswith("GIT_") or name in _KEPT_FOR_HOSTILE)
    }
    made |= _VARIABLES
    settings = [*_SETTINGS, *settings]
    if trust is Trust.HOSTILE:
        made |= _ISOLATING
        settings.extend(_ISOLATED)
    count = made.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    for number, (key, value) in enumerate(settings, first):
        made[f"GIT_CONFIG_KEY_{number}"] = key
        made[f"GIT_CONFIG_VALUE_{number}"] = value
    made["GIT_CONFIG_COUNT"] = str(first + len(settings))
    return made


def import_stream(parent: str, files: Mapping[str, bytes | None]) -> bytes:
    """What ``git fast-import`` reads to make the tree of a change.

    It holds questions about the parent (its root, then ``folders(files)``, then each file), the change, and
    the question for the new root, each answered by one line. The commit is made for its tree only, without
    an author; its ref is given up in the same stream.

    Args:
        parent: The commit to build on; empty for none.
        files: Path to new content; ``None`` deletes the file.
    """
    parts: list[bytes] = []
    parts.append(b"commit refs/rapt/new\ncommitter rapt <rapt> 0 +0000\ndata 0\n")
    if parent:
        parts.append(b'from %s\nls ""\n' % parent.encode())
        parts.extend(b"ls %s\n" % _quoted(path) for path in (*folders(files), *files))
    parts.extend(b"D %s\n" % _quoted(path) for path, content in files.items() if content is None)
    for path, content in files.items():
        if content is not None:
            parts.extend((b"M 100644 inline %s\ndata %d\n" % (_quoted(path), len(content)), content, b"\n"))
    parts.append(b'ls ""\n\nreset refs/rapt/new\nfrom %s\n\ndone\n' % (b"0" * 40))
    return b"".join(parts)


def folders(files: Mapping[str, bytes | None]) -> list[str]:
    """Every folder above a file that is to be written, outermost first."""
    found: dict[str, None] = {}
    for path, content in files.items():
        parts = path.split("/")
        if content is not None:
            found |= dict.fromkeys("/".join(parts[:depth]) for depth in range(1, len(parts)))
    return list(found)


def path(given: str) -> str:
    """Check a path from the root of a repository. Raises Invalid."""
    parts = given.split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" or not _is_utf8(part) for part in parts):
        hint = "give it from the root of the repository, such as tools/prod/backup.yaml"
        raise Invalid("bad-path", f"{given!r} is not a path inside a repository", hint)
    return given


def commit_id(given: str) -> str:
    """Check a commit id. Raises Invalid."""
    if not re.fullmatch(r"[0-9a-f]{40}", given):
        raise Invalid("bad-commit", f"{given!r} is not a commit id", "give all 40 hex digits")
    return given


def message(given: str) -> bytes:
    """Check a commit message, and end its last line. Raises Invalid."""
    if not given.strip() or not _is_utf8(given):
        raise Invalid(
            "bad-message", "a commit message must be text, and not empty", "say what changes and why"
        )
    return (given.rstrip("\n") + "\n").encode()


def branch(given: str) -> str:
    """Check a branch name by the rules of ``git check-ref-format --branch``. Raises Invalid."""
    parts = given.split("/")
    if (
        not re.fullmatch(r"[^\x00-\x20\x7f~^:?*\[\\]+", given)
        or given.startswith("-")
        or given.endswith(".")
        or ".." in given
        or "@{" in given
        or given in ("@", "HEAD")
        or not given.isprintable()
        or any(not part or part.startswith(".") or part.endswith(".lock") for part in parts)
    ):
        raise Invalid("bad-branch", f"{given!r} is not a branch name", "see git help check-ref-format")
    return given


def _quoted(text: str) -> bytes:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"%s"' % escaped.encode()


def _is_utf8(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _bad_address(url: str) -> Invalid:
    return Invalid(
        "bad-address",
        f"{shown(url)!r} is not an address that is allowed for a repository",
        "use https://host/path, ssh://host/path, user@host:path or a path",
    )
