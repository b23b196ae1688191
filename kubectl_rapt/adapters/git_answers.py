"""What git's messages mean: each failure of the program becomes one of our errors here, nowhere else."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from kubectl_rapt.adapters import platform
from kubectl_rapt.errors import AGAIN, Conflict, Invalid, NotFound, RaptError, Refused, Unavailable
from kubectl_rapt.ports.git import Trust


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What git says (a regular expression), and the error that stands for it.

    The texts may hold ``{where}`` (the address), ``{line}`` (git's words) and ``{remote}`` (the remote's).
    """

    kind: type[RaptError]
    code: str
    pattern: str
    message: str
    hint: str


_PUSH = (
    _Meaning(
        Unavailable,
        "git-failed",
        r"eof before pack header|pack-objects died",
        "the mirror of {where} is damaged, and will be made again: {line}",
        AGAIN,
    ),
    _Meaning(
        Invalid,
        "branch-blocked",
        r"exists; cannot create",
        "{where} has a branch whose name is the beginning of this one, or the other way round",
        "delete that branch, or use another name",
    ),
    _Meaning(
        Conflict,
        "branch-moved",
        r"\((stale info|fetch first|reference already exists|incorrect old value provided)\)"
        r"|remote ref does not exist|is at [0-9a-f]+ but expected|: reference already exists",
        "someone else changed the branch in {where} meanwhile",
        AGAIN,
    ),
    _Meaning(
        Refused,
        "push-refused",
        r"hook declined|unpacker error|\.lock': Permission denied"
        r"|\[remote rejected\].*\(.*(prohibited|protected|refus|denied|deny|not allowed|non-fast-forward|checked out)",
        "{where} refused the push: {remote}",
        "ask those who look after the repository, or propose the change as a review",
    ),
    _Meaning(
        Conflict,
        "branch-busy",
        r"cannot lock ref|failed to (update|lock)|Unable to create '.*\.lock'|atomic (transaction|push) fail",
        "the branch in {where} is locked by another push",
        AGAIN,
    ),
    _Meaning(
        Refused,
        "push-refused",
        r"\[remote rejected\]|does not support --?atomic|dumb http transport",
        "{where} refused the push: {remote}",
        "ask those who look after the repository",
    ),
)
_FETCH = (
    _Meaning(
        NotFound,
        "no-commit",
        r"not our ref|unadvertised object|couldn't find remote ref",
        "{where} does not have that commit",
        "it may have gone with a forced push: choose another version",
    ),
    _Meaning(
        Unavailable,
        "stale-lock",
        r"Unable to create '.*\.lock': File exists",
        "a process that was ended left its lock in the mirror of {where}",
        AGAIN,
    ),
    _Meaning(
        Invalid,
        "bad-objects",
        r"fsck error|error in (tag|commit|tree|blob)|[a-z0-9]{40}: [a-zA-Z]+: ",
        "{where} holds what git considers unsafe: {line}",
        "ask those who look after it to run git fsck --strict",
    ),
)
_ANY = (
    _Meaning(
        Invalid,
        "no-git-identity",
        r"auto-detection is disabled|empty ident name|tell me who you are|unable to auto-detect email",
        "git does not know who you are",
        'git config --global user.name "Your Name" && git config --global user.email you@example.com',
    ),
    _Meaning(
        Refused,
        "no-access",
        r"dubious ownership",
        "the repository {where} belongs to another user of this machine",
        "git config --global --add safe.directory {where}",
    ),
    _Meaning(
        Refused,
        "no-access",
        r"could not read (Username|Password)|terminal prompts disabled|Authentication failed|[Aa]ccess denied"
        r"|Permission (denied|to .* denied)|Host key verification failed|returned error: 40[13]"
        r"|insufficient permission|You are not allowed",
        "no access to {where}: {line}",
        "give git credentials (a credential helper, an ssh key, GIT_ASKPASS) and see: git ls-remote {where}",
    ),
    _Meaning(
        NotFound,
        "no-repository",
        r"does not appear to be a git repository|[Rr]epository .*not found|returned error: 404|could not be found",
        "no git repository at {where}, or you may not see it",
        "check the address, and your access to it",
    ),
    _Meaning(
        Invalid,
        "repository-moved",
        r"(returned error:|HTTP) 30[1278]|unable to update url base from redirection",
        "{where} redirects to another address, which is not followed, since it would get your credentials",
        "kubectl rapt config set repository URL",
    ),
    _Meaning(
        Invalid,
        "bad-address",
        r"transport '.*' not allowed|strange (host|path)name|nsupported protocol|is not a git command",
        "git does not take the address {where}: {line}",
        "use https://, ssh:// or a path",
    ),
    _Meaning(
        Unavailable,
        "unreachable",
        r"Could not resolve|[Ff]ailed to connect|Couldn't connect|Connection refused|No route to host|timed out"
        r"|Network is unreachable|too slow|returned error: (5\d\d|429|408)|RPC failed|hung up|early EOF"
        r"|unexpected disconnect|[Cc]onnection (was )?(reset|closed)|Empty reply|transfer closed|certificate"
        r"|handshake|unable to access|kex_exchange|Could not read from remote|Broken pipe|protocol error"
        r"|expected flush|bad line length",
        "{where} does not answer: {line}",
        f"check the address and the network, then {AGAIN}",
    ),
)
"""The first that fits counts."""

_NEVER_SENT = r"unable to access|ssh: connect to host|Could not resolve|Connection refused|No route to host"

_PASSES = (
    r"returned error: (5(?!01)\d\d|429|408)|HTTP (5(?!01)\d\d|429|408)|hung up|early EOF|unexpected (disconnect|eof)"
    r"|[Cc]onnection (was )?(reset|closed)|Empty reply|transfer closed|SSL_ERROR_SYSCALL|Broken pipe"
    r"|properly terminated|pull function|expected flush"
)
"""What is said where an answer was lost, or a server had no time: the same question may soon be answered."""

_CREDENTIALS = r"(?P<scheme>[A-Za-z][\w+.-]*)://(?P<credentials>[^/\s'\"]*:(?!\d+/)[^\s'\"]*|[^/\s'\"]*)@"
"""Up to the last ``@`` where there is a password, since someone may have left a ``/`` in it as it is."""


_DISK = r"No space left on device|Disk quota exceeded|Read-only file system"
_NO_RIGHT = r"Permission denied|insufficient permission for adding an object"


def _unwritable(verb: str, lines: Sequence[str], url: str, mirror: str) -> RaptError | None:
    """The error where a disk is what does not take it: that of the repository, or that of our mirror of it."""
    is_here = ("://" not in url and ":" not in url.partition("/")[0]) or url.startswith("file:")
    for line in lines:
        disk, right = re.search(_DISK, line), re.search(_NO_RIGHT, line)
        if not disk and not right:
            continue
        if mirror and mirror in line:
            return _cannot_write(f"the mirror of {shown(url)}, {mirror}", line, mirror, platform.CACHE)
        if line.startswith("remote:") or (is_here and verb in ("push", "init")):
            if is_here:
                return _cannot_write(f"the repository {shown(url)}", line, shown(url))
            if disk:
                what = f"the server of {shown(url)} cannot write: {disk[0]}"
                return Unavailable("cannot-write-files", what, f"tell those who look after it, then {AGAIN}")
        elif disk:
            return _cannot_write(f"the mirror of {shown(url)}", line, mirror, platform.CACHE)
    return None


def _cannot_write(what: str, line: str, place: str, variable: str = "") -> Unavailable:
    found = re.search(f"{_DISK}|{_NO_RIGHT}", line)
    why = found[0] if found else line
    look = "ls -ld" if re.search("Read-only|ermission", why) else "df -h"
    other = f", or use another folder: export {variable}=FOLDER" if variable else ""
    return Unavailable("cannot-write-files", f"cannot write {what}: {why}", f"{look} {place}{other}")


def classify(verb: str, code: int, said: str, url: str, trust: Trust, mirror: str = "") -> RaptError:
    """What a failed git command means.

    Args:
        verb: The git command, such as ``push``; ``sign`` for a commit that was to be signed.
        code: Its exit code; negative where a signal ended it.
        said: Its standard error and, for ``push --porcelain``, its output, in the C locale.
        url: The address of the repository.
        trust: How far it is trusted.
        mirror: Our mirror of it; empty where there is none.

    Returns:
        The error to raise; its code is ``git-failed`` where the words are not known.
    """
    text = masked(said, url)
    lines = [plain(line) for line in text.splitlines() if line.strip()]
    ours = [line for line in lines if not line.startswith(("remote:", "warning:", "hint:", "To ", "Done"))]
    first = next((line for line in ours if line.startswith(("fatal:", "error:"))), (ours or [""])[0])
    if unwritable := _unwritable(verb, lines, url, mirror):
        return unwritable
    words = {
        "where": shown(url),
        "line": _told(first),
        "remote": _remote_words(lines),
    }
    for meaning in {"push": _PUSH, "fetch": _FETCH}.get(verb, ()) + _ANY:
        if re.search(meaning.pattern, text):
            # Git's last words may only repeat that ssh gave up: the line that says why is the better one.
            telling = [line for line in (first, *ours) if re.search(meaning.pattern, line)]
            words["line"] = _told((telling or [first])[0])
            message = meaning.message.format(**words)
            hint = meaning.hint.format(**words)
            if meaning.code == "no-access" and trust is Trust.HOSTILE:
                hint = "a registry is read without your credential helpers: use ssh, or a line for its host in ~/.netrc"
            if meaning.code == "repository-moved" and trust is Trust.HOSTILE:
                hint = "kubectl rapt registry"
            if meaning.kind is Unavailable:
                is_unknown = verb == "push" and not re.search(_NEVER_SENT, text)
                may_pass = meaning.code == "unreachable" and bool(re.search(_PASSES, text))
                return Unavailable(
                    meaning.code, message, hint, outcome_unknown=is_unknown, is_transient=may_pass
                )
            return meaning.kind(meaning.code, message, hint)
    if verb == "sign":
        hint = "unlock the key (ssh-add, gpg-agent), or see: git config user.signingkey"
        return Invalid("signing-failed", f"git could not sign the commit: {words['line']}", hint)
    ended = f"signal {-code}" if code < 0 else f"exit code {code}"
    return Unavailable(
        "git-failed",
        f"git {verb} for {words['where']} failed: {words['line'] or ended}",
        (AGAIN, f"git ls-remote {words['where']}"),
        outcome_unknown=verb == "push",
    )


def shown(url: str) -> str:
    """An address as it may be printed: without its credentials, and on one line."""
    return plain(masked(url, url))


def masked(text: str, url: str) -> str:
    """Text without the credentials in an address, and without those of any other address in the text."""
    if match := re.match(_CREDENTIALS, url):
        user, _, password = match["credentials"].partition(":")
        for secret in (password, "" if match["scheme"] == "ssh" else user):
            for spelling in (secret, unquote(secret)):
                if len(spelling) >= 6:
                    text = text.replace(spelling, "***")
    return re.sub(_CREDENTIALS, _without_credentials, text)


def plain(text: str) -> str:
    """One line of someone else's text, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:300].strip()


def _told(line: str) -> str:
    """What one of git's lines tells; the address, which it repeats, is in the message already."""
    return re.sub(r"^(?:fatal|error): (?:unable to access '[^']*': )?", "", line)


def _without_credentials(match: re.Match[str]) -> str:
    user = match["credentials"].partition(":")[0]
    return f"{match['scheme']}://{user + '@' if match['scheme'] == 'ssh' else ''}"


def _remote_words(lines: Sequence[str]) -> str:
    """The first lines that the remote's hook or server printed; the remote's verdict where there is none."""
    words = [line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")]
    verdicts = re.findall(r"\[remote rejected\] \((.*)\)", "\n".join(lines))
    return "; ".join([word for word in words if word][:3] or verdicts[:1] or ["it gave no reason"])
