"""Secrets in plain sight: texts that look like one are found, and never repeated."""

import base64
import binascii
import bisect
import hashlib
import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kubectl_rapt.errors import Problem, Refused
from kubectl_rapt.model import names, shell

HIDDEN = "***"
"""What is shown instead of a secret."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One place in a text that looks like a secret.

    Args:
        kind: What it looks like: ``GitHub token``.
        start: Where it begins in the text.
        end: Where it ends.
        digest: ``sha256:…`` of it: by this name a file may allow it.
    """

    kind: str
    start: int
    end: int
    digest: str


_TOKENS = tuple(
    (kind, beginnings, re.compile(rf"(?<![A-Za-z0-9]){pattern}"))
    for kind, beginnings, pattern in (
        ("AWS access key", ("AKIA", "ASIA", "ABIA", "ACCA"), r"A(?:KI|SI|BI|CC)A[A-Z2-7]{16}(?![A-Za-z0-9])"),
        ("Google API key", ("AIza",), r"AIza[0-9A-Za-z_-]{35}"),
        ("Google OAuth token", ("ya29.", "GOCSPX-"), r"(?:ya29\.|GOCSPX-)[0-9A-Za-z_-]{20,}"),
        ("GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9]{30,255}"),
        ("GitHub token", ("github_pat_",), r"github_pat_[A-Za-z0-9_]{22,255}"),
        (
            "GitLab token",
            ("gl",),
            r"gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_-]{20,}",
        ),
        ("Slack token", ("xox", "xapp-"), r"(?:xox[abeoprs]|xapp-\d)-[A-Za-z0-9-]{10,}"),
        (
            "Slack webhook",
            ("hooks.slack.com/",),
            r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,}",
        ),
        ("Discord webhook", ("/api/webhooks/",), r"discord(?:app)?\.com/api/webhooks/\d+/[A-Za-z0-9_-]{20,}"),
        ("Stripe key", ("k_live_", "k_test_"), r"[rsp]k_(?:live|test)_[A-Za-z0-9]{16,}"),
        ("Stripe key", ("whsec_",), r"whsec_[A-Za-z0-9+/=]{24,}"),
        ("npm token", ("npm_",), r"npm_[A-Za-z0-9]{36}"),
        ("PyPI token", ("pypi-",), r"pypi-[A-Za-z0-9_-]{50,}"),
        ("RubyGems key", ("rubygems_",), r"rubygems_[0-9a-f]{48}"),
        ("Docker Hub token", ("dckr_",), r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
        ("SendGrid key", ("SG.",), r"SG\.[A-Za-z0-9_-]{16,100}\.[A-Za-z0-9_-]{16,}"),
        ("Twilio key", ("SK",), r"SK[0-9a-f]{32}(?![0-9A-Za-z])"),
        ("Anthropic key", ("sk-ant-",), r"sk-ant-[A-Za-z0-9_-]{20,}"),
        ("OpenAI key", ("sk-",), r"sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{32,}"),
        ("Hugging Face token", ("hf_",), r"hf_[A-Za-z0-9]{30,}"),
        ("Vault token", ("hvs.", "hvb.", "hvr."), r"hv[sbr]\.[A-Za-z0-9_-]{24,}"),
        ("Databricks token", ("dapi",), r"dapi[0-9a-f]{32}"),
        ("DigitalOcean token", ("_v1_",), r"do[opr]_v1_[0-9a-f]{64}"),
        ("Grafana token", ("glsa_", "glc_"), r"(?:glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|glc_[A-Za-z0-9+/=]{32,})"),
        ("Atlassian token", ("ATATT3",), r"ATATT3[A-Za-z0-9_=-]{40,}"),
        ("Telegram token", (":AA",), r"\d{8,10}:AA[A-Za-z0-9_-]{33}"),
        (
            "Azure key",
            ("AccountKey=", "SharedAccessKey="),
            r"(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,}={0,2}",
        ),
        ("age key", ("AGE-SECRET-KEY-1",), r"AGE-SECRET-KEY-1[0-9A-Z]{50,}"),
        ("JSON Web Token", ("eyJ",), r"eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    )
)
"""Kind, words without which there is none (quick to look for), and what it looks like, as its issuer writes it."""

_WORDS_FOR_PASSWORDS = r"pass(?:word|wd|phrase|code)|pwd"
_WORDS_FOR_KEYS = (
    r"secret|token|credentials?|(?:api|access|auth|private|secret|account|client|encryption|signing|shared|master)"
    r"[-_. ]?key|(?:client|app|shared|user|api)[-_. ]?(?:secret|token)"
)
_NAMES = rf"(?:(?P<weak>{_WORDS_FOR_PASSWORDS})|{_WORDS_FOR_KEYS})"
_NAME = re.compile(rf"{_NAMES}$", re.IGNORECASE)

_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?P<kind>[A-Z0-9 ]*)PRIVATE KEY(?: BLOCK)?-----"
    r".*?(?:-----END[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_GOOGLE_KEY_ID = re.compile(r"\"private_key_id\"\s*:\s*\"(?P<value>[0-9a-f]{20,})\"")
_URL = re.compile(r"://[^\s/:@?#'\"]{0,200}:(?P<value>[^\s/@'\"]{2,})@[^\s/@]")
_HEADER = re.compile(
    r"(?:\bauthorization['\"]?\s*[:=]\s*['\"]?(?:bearer|basic|token|apikey)\s+(?P<value>[^\s'\"]{6,})"
    r"|\bbearer\s+(?P<bare>[A-Za-z0-9._~+/=-]{16,}))",
    re.IGNORECASE,
)
_CURL = re.compile(
    r"\bcurl\b[^\n|;&]{0,400}?\s(?:-u|--user|--proxy-user)[ =]?['\"]?[^\s:'\"$]{1,200}:(?P<value>[^\s'\"]{3,})"
)
_SQL = re.compile(r"\b(?:identified\s+by|password)\s+'(?P<value>[^'\n]{4,})'", re.IGNORECASE)
_GIVEN = r"(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|(?P<plain>[^\s'\",;&|<>){}\]]+)(?P<after>.?))"
_ASSIGNED = re.compile(rf"{_NAMES}['\"]?(?P<sign>[ \t]*(?::=|[=:])[ \t]*){_GIVEN}", re.IGNORECASE)
_FLAG = re.compile(rf"(?<![\w-])--?[\w-]{{0,40}}?{_NAMES}[= ](?!-){_GIVEN}", re.IGNORECASE)
_HINTS = ("pass", "pwd", "secret", "token", "credential", "key")
"""Each name of a secret holds one of these."""

_REFERENCE = re.compile(r"\$[({]|^\$\w+$|\{\{|%[({]|<[^<>]*>|^@|…|\.\.\.")
"""Stands for a value that is elsewhere, also in quotes: a variable, or a template. A Secret's name and key
are data, ``{name, key}``: the text ``password=name/key`` may as well be a password."""
_CODE = re.compile(r"[$`(\[\\]|^[:?%]|\bos\.|\bprocess\.|\benv\b")
"""Where there are no quotes, this is code."""
_EXPANDED = re.compile(r"[`\\]|\$[A-Za-z_]")
"""A shell looks into double quotes."""
_WORD = re.compile(r"[A-Za-z]+(?:[-_. ][A-Za-z]+)*")
_PATH = re.compile(r"(?:~|\.{1,2})?/[\w./@-]*|[A-Za-z]:\\.*|(?:file|https?)://\S*")
_NOTHING = ("true", "false", "null", "none", "nil", "undefined", "required", "optional")

_LONG = re.compile(r"[A-Za-z0-9+/_=-]{20,}")
_HEX = re.compile(r"(?:0x)?[0-9a-f]+|(?:0x)?[0-9A-F]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_PUBLIC = re.compile(
    r"(?:\bsha(?:1|224|256|384|512)[-:=]|\bh1:|\bSHA256:|\b(?:ssh|ecdsa)-[a-z0-9-]+ )", re.IGNORECASE
)
_MARK = re.compile(r"-----(?:(?P<begin>BEGIN)|END) (?![A-Z0-9 ]{0,40}PRIVATE)[A-Z0-9 ]{1,60}-----")
_NAME_LIKE = re.compile(r"[a-z]+(?:[-_./][a-z]*\d{0,4})*")
_CAMELS = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}(?![a-z])")


def find(text: str) -> tuple[Secret, ...]:
    """What looks like a secret in a text, in order; overlapping ones count once, the better known kind.

    Args:
        text: Any text: a value, a script, a whole file.
    """
    return _find(text) if len(text) >= 6 else ()


@lru_cache(maxsize=4096)
def _find(text: str) -> tuple[Secret, ...]:
    found: list[Secret] = []
    for kind, start, end in _candidates(text):
        at = bisect.bisect_left(found, start, key=lambda one: one.start)
        is_free = (at == 0 or found[at - 1].end <= start) and (at == len(found) or end <= found[at].start)
        if is_free:
            found.insert(at, _secret(kind, text[start:end], start))
    return tuple(found)


def _secret(kind: str, value: str, start: int = 0) -> Secret:
    digest = "sha256:" + hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return Secret(kind, start, start + len(value), digest)


def _candidates(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of what may be a secret, the best known kinds first."""
    if "-----BEGIN" in text:
        for match in _PRIVATE_KEY.finditer(text):
            yield "private key", match.start(), match.end()
    yield from _tokens(text)
    lower = text.lower()
    for kind, hints, pattern in _IN_CONTEXT:
        if any(hint in lower for hint in hints):
            for match in pattern.finditer(text):
                group = _value_group(match)
                if group and _is_literal(match[group], match):
                    yield kind, match.start(group), match.end(group)
    yield from _random_ones(text)


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    for kind, beginnings, pattern in _TOKENS:
        if any(beginning in text for beginning in beginnings):
            yield from ((kind, match.start(), match.end()) for match in pattern.finditer(text))


_IN_CONTEXT = (
    ("key of a Google service account", ("private_key_id",), _GOOGLE_KEY_ID),
    ("password in an address", ("://",), _URL),
    ("authorization header", ("bearer", "authorization"), _HEADER),
    ("password of curl", ("curl",), _CURL),
    ("password in SQL", ("identified", "password"), _SQL),
    ("literal password or key", _HINTS, _FLAG),
    ("literal password or key", _HINTS, _ASSIGNED),
)
"""What it is called, words without which there is none (quick to look for), and what it looks like."""


def _value_group(match: "re.Match[str]") -> str:
    for name in ("value", "bare", "double", "single", "plain"):
        if match.groupdict().get(name):
            return name
    return ""


def _is_literal(value: str, match: "re.Match[str]") -> bool:
    """Whether what stands in the place of a secret is one, and no variable, placeholder, path or word of code."""
    groups = match.groupdict()
    if not _may_be_secret(value):
        return False
    if match.re in (_URL, _CURL, _SQL, _GOOGLE_KEY_ID):
        return not _EXPANDED.search(value) and not (match.re is _CURL and value.isdigit())
    if match.re is _HEADER:
        return not _EXPANDED.search(value) and _WORD.fullmatch(value) is None
    is_password = bool(groups.get("weak"))
    if groups.get("single") or groups.get("double"):
        return not (groups.get("double") and _EXPANDED.search(value)) and _fits_name(value, is_password)
    # Unquoted: a word alone is as likely a variable or prose; a shell's assignment stands alone.
    is_shell = groups.get("sign") == "=" and groups["after"] in ("", " ", ";")
    is_no_word = re.search(r"\d|[^\w.-]", value) is not None
    is_alone = is_no_word or is_shell or match.re is _FLAG
    return is_alone and not _CODE.search(value) and _fits_name(value, is_password)


def _may_be_secret(value: str) -> bool:
    value = value.strip()
    return (
        len(value) >= 4
        and len(set(value)) > 2
        and value.lower() not in _NOTHING
        and not _REFERENCE.search(value)
        and (not _PATH.fullmatch(value) or _is_random(value))
        and not _UUID.fullmatch(value)
    )


def _fits_name(value: str, is_password: bool) -> bool:
    """Something called password may be any word; a token, key or secret is no mere words."""
    if is_password:
        return True
    return len(value) >= 8 and _NAME_LIKE.fullmatch(value) is None and re.search(r"\d", value) is not None


def _random_ones(text: str) -> Iterator[tuple[str, int, int]]:
    public = _public_blocks(text) if "-----BEGIN" in text else []
    for match in _LONG.finditer(text):
        value, start = match[0], match.start()
        if kind := _hidden(value):
            yield kind, start, match.end()
        elif _is_random(value) and not any(first <= start < last for first, last in public):
            before = text[max(0, start - 32) : start]
            if not any(one.end() == len(before) for one in _PUBLIC.finditer(before)):
                yield "random text", start, match.end()


def _public_blocks(text: str) -> list[tuple[int, int]]:
    """Where certificates, public keys and the like stand."""
    blocks, begin = [], -1
    for mark in _MARK.finditer(text):
        if mark["begin"]:
            begin = mark.start()
        elif begin >= 0:
            blocks.append((begin, mark.end()))
            begin = -1
    return blocks


def _hidden(value: str) -> str:
    """The kind of secret that a text in base64 is, or nothing."""
    plain = _decoded(value)
    if plain is None or not (any(_tokens(plain)) or _PRIVATE_KEY.search(plain)):
        return ""
    return f"{find(plain)[0].kind} in base64"


def _decoded(value: str) -> str | None:
    """What a text says in base64, where that is printable text; else None."""
    try:
        plain = base64.b64decode(
            value + "=" * (-len(value) % 4), altchars=b"-_" if re.search("[-_]", value) else None
        )
        text = plain.decode()
    except (binascii.Error, ValueError):
        return None
    return text if all(one.isprintable() or one in "\n\r\t" for one in text) else None


def _is_random(value: str) -> bool:
    """Whether a long token looks drawn by lot.

    Words, even many in camel case, are runs of small letters; of letters drawn by lot every second one is of
    another kind than the one before. Hexadecimal texts are ids and digests far more often than secrets, and what
    starts as a digest or a public key is none.
    """
    core = value.strip("=+/_-")
    if _PUBLIC.match(core) or core.startswith(("AAAA", "age1")):
        return False
    if len(core) < 20 or _HEX.fullmatch(core.replace("-", "")) or _ULID.fullmatch(core):
        return False
    parts = [part for part in re.split(r"[+/_=-]+", core) if part]
    letters = "".join(parts)
    if len(letters) < 18 or len(letters) / len(parts) < 7:
        return False
    changes = sum(_kind(one) != _kind(other) for part in parts for one, other in itertools.pairwise(part))
    share = changes / (len(letters) - len(parts))
    digits = sum(map(str.isdigit, letters)) / len(letters)
    in_words = sum(len(word) for part in parts for word in _CAMELS.findall(part)) / len(letters)
    kinds = {_kind(one) for one in letters}
    if len(kinds) == 3 or "d" not in kinds:
        least = 18 if len(kinds) == 3 else 28
        is_mixed = (
            len(kinds) > 1 and len(letters) >= least and share >= 0.3 and in_words <= 0.5 and digits <= 0.5
        )
    else:
        is_mixed = (
            len(kinds) == 2
            and len(letters) >= 24
            and len(parts) == 1
            and share >= 0.26
            and 0.1 <= digits <= 0.5
        )
    return (
        is_mixed and _entropy(letters) >= min(3.6, math.log2(len(letters)) - 1.1) and _decoded(value) is None
    )


def _kind(letter: str) -> str:
    return "d" if letter.isdigit() else "u" if letter.isupper() else "l"


def _entropy(text: str) -> float:
    """Bits a character, by how often each occurs."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


_SECRET_KEY = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?/[A-Za-z0-9._-]{1,250}")


def redact(text: str, *, has_references: bool = False) -> str:
    """A text without the secrets in it.

    Args:
        text: Any text.
        has_references: Whether a value such as ``database/password`` is the name of a Secret and a key in it, as it is
            in a command. A value that looks like a secret by itself is hidden there as well.
    """
    parts: list[str] = []
    at = 0
    for one in find(text):
        value = text[one.start : one.end]
        if has_references and _SECRET_KEY.fullmatch(value) and not find(value):
            continue
        parts += (text[at : one.start], HIDDEN)
        at = one.end
    return "".join([*parts, text[at:]])


Hit = tuple[str, Secret]
"""Where, and what."""


def search(data: Any, where: str = "") -> Iterator[Hit]:
    """What looks like a secret anywhere in JSON data, each once a place.

    A name beside a value counts: ``{"password": "…"}``, a variable of the name ``DB_PASSWORD``, the word after
    ``--password`` in a command.

    Args:
        data: Texts, lists and mappings.
        where: What the data is called, for the places: ``answer``, ``tool/backup``.
    """
    match data:
        case str():
            yield from ((where, one) for one in find(data))
        case Mapping():
            name = data.get("name")
            for key, value in data.items():
                inner = f"{where}.{key}" if where else str(key)
                called = name if key in ("value", "default") and isinstance(name, str) else key
                yield from _named(str(called), value, inner)
                yield from ((inner, one) for one in find(str(key)))
        case list() | tuple():
            for index, item in enumerate(data):
                before = data[index - 1] if index else ""
                is_flag = isinstance(before, str) and before.startswith("-") and "=" not in before
                yield from _named(before.lstrip("-") if is_flag else "", item, f"{where}[{index}]")


def _named(name: str, value: Any, where: str) -> Iterator[Hit]:
    """What is found in a value, or the value itself where its name says that it is a secret."""
    hits = list(search(value, where))
    if not hits and isinstance(value, str) and _is_secret_by_name(name, value):
        hits = [(where, _secret("literal password or key", value))]
    yield from hits


def why(name: str, value: str) -> str:
    """Why a literal value of that name is a secret in plain sight; empty where it is none."""
    found = next(_named(name, value, ""), None)
    return f"looks like a {found[1].kind}" if found else ""


def is_name(name: str) -> bool:
    """Whether what is called so is a secret by its name: ``DB_PASSWORD``, ``api-key``, ``token``."""
    return _NAME.search(name) is not None


def _is_secret_by_name(name: str, value: str) -> bool:
    match = _NAME.search(name)
    return match is not None and _may_be_secret(value) and _fits_name(value, bool(match["weak"]))


def in_file(content: bytes, path: str) -> Iterator[Hit]:
    """What looks like a secret in a file, comments and all; the place is ``path:line``."""
    text = content.decode("utf-8", "replace")
    for one in find(text):
        yield f"{path}:{text.count(chr(10), 0, one.start) + 1}", one


def check(hits: Iterable[Hit], allowed: Collection[str] = (), references: Collection[str] = ()) -> None:
    """Refuse what was found, unless a file allows it.

    Args:
        hits: What ``search`` and ``in_file`` found; of one value the first place is told.
        allowed: Digests of the values that are no secrets.
        references: The parameters that take the name of a Secret and a key in it.

    Raises:
        Refused: ``literal-secret``: the kind and the place of each, and the line that would allow it.
    """
    problems: dict[str, Problem] = {}
    for where, one in hits:
        if one.digest not in allowed:
            what = f'looks like a {one.kind}; if it is not a secret: allowedLiterals: ["{one.digest}"]'
            problems.setdefault(one.digest, Problem(where, what))
    if problems:
        count = "1 secret stands" if len(problems) == 1 else f"{len(problems)} secrets stand"
        raise Refused(
            "literal-secret",
            f"{count} there in plain sight; make a Secret, and give NAME/KEY as the answer",
            _as_reference(problems.values(), references),
            list(problems.values()),
        )


def _as_reference(problems: Iterable[Problem], references: Collection[str]) -> tuple[str, ...]:
    """The commands that make a Secret, and give it to the parameter that takes one."""
    places = (problem.where.partition(".")[0] for problem in problems)
    name = next((one for one in places if one in references), "")
    if not name:
        return ("kubectl create secret generic NAME --from-literal KEY=…",)
    secret = shell.word(names.as_label(name))
    return (
        f"kubectl create secret generic {secret} --from-literal value={shell.BLANK}",
        f"--set {shell.word(name)}={secret}/value",
    )
