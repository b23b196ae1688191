"""Canaries: secrets of every kind that open nothing, each made anew for a run of the tests.

None stands in a file as it is: a scanner of this repository would find it, and be right.
"""

import base64
import json
import random
import string
from dataclasses import dataclass

_LOT = random.Random(20261122)
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Canary:
    """A secret and the text that holds it.

    Args:
        name: What it is, for the test's name.
        kind: What it is to be recognised as.
        value: What must never be seen anywhere.
        text: What a person would write, with the value in it.
    """

    name: str
    kind: str
    value: str
    text: str


def _drawn(size: int, alphabet: str = _LETTERS) -> str:
    """Such a text; it has a letter of each kind, as all but one of a million have."""
    while True:
        text = "".join(_LOT.choice(alphabet) for _ in range(size))
        if len(set(text)) > size // 3:
            return text


def _plain(name: str, kind: str, value: str) -> Canary:
    return Canary(name, kind, value, value)


def _within(name: str, kind: str, value: str, before: str, after: str = "") -> Canary:
    return Canary(name, kind, value, f"{before}{value}{after}")


def _base64(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


_HEX = "0123456789abcdef"
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_KEY = f"-----BEGIN RSA {'PRIVATE'} KEY-----\n{_drawn(64)}\n{_drawn(64)}\n-----END RSA {'PRIVATE'} KEY-----"
_SERVICE_ACCOUNT = json.dumps({"type": "service_account", "private_key": _KEY.replace("RSA ", "")})
_JWT = f"{_base64({'alg': 'HS256'})}.{_base64({'sub': _drawn(12)})}.{_drawn(43)}"
_HIDDEN = "ghp_" + _drawn(36)
_LITERAL = "literal password or key"

CANARIES = (
    _plain("aws-key-id", "AWS access key", "AKIA" + _drawn(16, _UPPER)),
    _plain("aws-secret", "random text", "wJalrXUtnFEMIK7MDENGbPxRfiCY" + _drawn(12)),
    Canary("gcp", "private key", _SERVICE_ACCOUNT[60:100], _SERVICE_ACCOUNT),
    _plain("google-api", "Google API key", "AIza" + _drawn(35)),
    _plain("github", "GitHub token", "ghp_" + _drawn(36)),
    _plain("github-fine", "GitHub token", f"github_pat_{_drawn(22)}_{_drawn(59)}"),
    _plain("gitlab", "GitLab token", "glpat-" + _drawn(20)),
    _plain("slack", "Slack token", f"xoxb-{_drawn(12, '123456789')}-{_drawn(24)}"),
    _within(
        "slack-webhook",
        "Slack webhook",
        f"T{_drawn(8, _UPPER)}/B{_drawn(8, _UPPER)}/{_drawn(24)}",
        "https://hooks.slack.com/services/",
    ),
    _plain("stripe", "Stripe key", "sk_live_" + _drawn(24)),
    _plain("npm", "npm token", "npm_" + _drawn(36)),
    _plain("pypi", "PyPI token", "pypi-AgEIcHlwaS5vcmc" + _drawn(60)),
    _plain("docker-hub", "Docker Hub token", "dckr_pat_" + _drawn(27)),
    _plain("sendgrid", "SendGrid key", f"SG.{_drawn(22)}.{_drawn(43)}"),
    _plain("hugging-face", "Hugging Face token", "hf_" + _drawn(34)),
    _plain("vault", "Vault token", "hvs." + _drawn(90)),
    _plain("age", "age key", "AGE-SECRET-KEY-1" + _drawn(58, _UPPER)),
    Canary("private-key", "private key", _KEY[40:80], _KEY),
    _plain("jwt", "JSON Web Token", _JWT),
    _within(
        "url",
        "password in an address",
        "hunter2hunter2" + _drawn(4),
        "postgres://app:",
        "@db.example.com/app",
    ),
    _within(
        "bearer",
        "authorization header",
        _drawn(24, _HEX),
        "curl -H 'Authorization: Bearer ",
        "' https://example.com",
    ),
    _within(
        "curl-user", "password of curl", "s3cret" + _drawn(6), "curl --user admin:", " https://example.com"
    ),
    _within("assigned", _LITERAL, "correct-horse" + _drawn(4), "export DB_PASSWORD='", "'"),
    _within("flag", _LITERAL, "letmein" + _drawn(4), "mysql --password ", " --host db"),
    _within("sql", "password in SQL", "t0psecret" + _drawn(4), "ALTER ROLE app PASSWORD '", "'"),
    _within("yaml", _LITERAL, "abcd1234" + _drawn(8), "api_key: "),
    _plain("random", "random text", _drawn(40)),
    Canary(
        "hidden",
        "GitHub token in base64",
        base64.b64encode(_HIDDEN.encode()).decode(),
        base64.b64encode(_HIDDEN.encode()).decode(),
    ),
)
