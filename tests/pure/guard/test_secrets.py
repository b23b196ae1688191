"""What looks like a secret, what does not, and that no message repeats one."""

import base64
import hashlib
import random
import string
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

import kubectl_rapt
from kubectl_rapt.errors import Refused
from kubectl_rapt.guard import secrets
from tests.secrets import CANARIES, Canary

LETTERS = string.ascii_letters + string.digits
DIGEST = "sha256:" + hashlib.sha256(b"x").hexdigest()
UUID = str(uuid.UUID(int=2**127 + 12345678901234567))


@pytest.mark.parametrize("canary", CANARIES, ids=lambda one: one.name)
def test_every_kind_of_secret_is_found_by_its_kind_and_nothing_of_it_is_shown(
    canary: Canary,
) -> None:
    (found, *more) = secrets.find(canary.text)
    assert (found.kind, more) == (canary.kind, [])
    assert canary.value in canary.text[found.start : found.end]
    redacted = secrets.redact(canary.text)
    assert canary.value not in redacted
    assert redacted == f"{canary.text[: found.start]}***{canary.text[found.end :]}", "nothing of it is left"
    assert secrets.redact(redacted) == redacted or canary.value not in secrets.redact(redacted)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({"password": "letmein"}, "password"),
        ({"env": [{"name": "DB_PASSWORD", "value": "letmein"}]}, "env[0].value"),
        ({"parameters": [{"name": "apiToken", "default": "abcd1234efgh"}]}, "parameters[0].default"),
        ({"command": ["mysql", "--password", "letmein"]}, "command[2]"),
        ({"command": ["mysql", "--password=letmein"]}, "command[1]"),
        ({"clientSecret": "x8Q~abcdefgh"}, "clientSecret"),
        ({"a": {"b": ["x", f"ghp_{'a1B2' * 9}"]}}, "a.b[1]"),
        ({f"ghp_{'a1B2' * 9}": "key"}, f"ghp_{'a1B2' * 9}"),
    ],
)
def test_a_value_is_judged_with_its_name(data: Any, where: str) -> None:
    assert [place for place, _ in secrets.search(data)] == [where]


def random_text(alphabet: str, size: int, seed: int) -> str:
    lot = random.Random(seed)
    return "".join(lot.choice(alphabet) for _ in range(size))


@pytest.mark.parametrize("size", [32, 40, 64])
@pytest.mark.parametrize("alphabet", [LETTERS, f"{LETTERS}+/", f"{LETTERS}-_"], ids=["62", "64", "url"])
def test_nine_of_ten_random_texts_are_found_whatever_they_are_of(alphabet: str, size: int) -> None:
    found = [bool(secrets.find(f"run --with {random_text(alphabet, size, seed)} now")) for seed in range(200)]
    assert sum(found) >= 180


HARMLESS = (
    DIGEST,
    UUID,
    hashlib.sha1(b"commit").hexdigest(),
    "sha512-" + base64.b64encode(hashlib.sha512(b"a").digest()).decode(),
    "h1:" + base64.b64encode(hashlib.sha256(b"a").digest()).decode(),
    f"registry.example/team/app:1.2.3-alpine3.20@{DIGEST}",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/Service:2026-11-22T10-00-00",
    "*/15 0-6 1,15 * 1-5",
    base64.b64encode(b"hello world, these are the plain words of someone").decode(),
    "/var/lib/postgresql/16/main/pg_wal/archive_status/000000010000000A000000FE.done",
    "s3://bucket-name-123/Some/Prefix/Year2026/Month11/",
    "SELECT id, token, password FROM users WHERE token = ? AND password IS NOT NULL AND secret = :secret",
    "UPDATE accounts SET password_hash = crypt($1, gen_salt('bf')) WHERE id = 7",
    "PASSWORD=$(cat /run/secrets/password)",
    'password="$DB_PASSWORD" token=${TOKEN} secret=`pass show x`',
    "PGPASSWORD=$PGPASSWORD pg_dump --no-password -h $HOST | gzip > backup-$(date +%F).sql.gz",
    "password = os.environ['DB_PASSWORD']",
    "connect(user=user, password=password, token=config.token)",
    "password=getpass.getpass()",
    "--password-file /run/secrets/db --token-ttl 3600s",
    "echo 'no password was given'; exit 1",
    "the token: expired; password: required; api key: none",
    "max_tokens=4096 tokens: 12345678",
    "API_KEY: <your key>  password: {{ password }}  token=%(token)s  secret: ********",
    "Authorization: Bearer $TOKEN",
    "curl -u $USER:$PASSWORD https://example.com; curl -u 1000:1000 x",
    "https://someone@example.com/team/repo.git ssh://git@example.com/x git@example.com:team/repo.git",
    "http://$USER:$PASSWORD@example.com/",
    "secretKeyRef imagePullSecrets: registry-login serviceAccountToken: path",
    "PASSWORD_FILE=/run/secrets/x TOKEN=/var/run/secrets/kubernetes.io/serviceaccount/token",
    "pull_secret: team-registry-login-2",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ" + random_text(LETTERS, 43, 1),
    "-----BEGIN CERTIFICATE-----\n"
    + base64.encodebytes(random.Random(1).randbytes(700)).decode()
    + "-----END CERTIFICATE-----\n",
    "com.fasterxml.jackson.databind.ObjectMapperFactoryBeanConfiguration2",
    "MyVeryLongCamelCaseClassNameForABeanFactory2",
    "backup-2026-11-22T10-00-00-prod-eu-west-1-x7k2p.tar.gz",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "arn:aws:iam::123456789012:role/BackupOperator-Prod-2026",
    "projects/my-project-123456/locations/europe-west1/clusters/prod-1",
    "-XX:+UnlockExperimentalVMOptions -XX:MaxRAMPercentage=75.0",
    "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudcqh2qhzp0q9",
    "",
)


@pytest.mark.parametrize("text", HARMLESS, ids=lambda text: text[:30])
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert [str(one) for one in secrets.find(text)] == []
    assert secrets.redact(text) == text


HOME = Path(kubectl_rapt.__file__).parents[1]
SHIPPED = [
    path
    for folder in ("templates", "policies", "registry", "docs")
    for path in sorted((HOME / folder).rglob("*"))
    if path.is_file() and "_build" not in path.parts
]
KNOWN = {
    # A test whose answers are to be refused.
    "postgres-backup/tests/literal-password.yaml": ["hunter2"],
    # The value of a parameter that names a Secret and its key, in a command to type.
    "postgres-backup/README.md": ["postgres/password"],
}
"""The texts in what is shipped that look like secrets, and are none."""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: "/".join(path.parts[-3:]))
def test_nothing_in_what_is_shipped_looks_like_a_secret_but_what_is_known(path: Path) -> None:
    text = path.read_text()
    found = [text[one.start : one.end] for one in secrets.find(text)]
    name = next((name for name in KNOWN if str(path).endswith(f"/{name}")), "")
    assert found == KNOWN.get(name, [])


def test_a_reference_is_data_and_a_text_that_looks_like_one_is_a_password() -> None:
    assert list(secrets.search({"password": {"name": "db", "key": "password"}})) == []
    assert list(secrets.in_file(b"answers:\n  password: {name: db, key: password}\n", "a.yaml")) == []
    for text in ("password=tiger/swan", "--password tiger/swan", "password: tiger/swan.x"):
        assert [one.kind for one in secrets.find(text)] == ["literal password or key"], text
    assert [where for where, _ in secrets.search({"dbPassword": "tiger/swan"})] == ["dbPassword"]


def test_what_is_found_is_refused_with_the_line_that_would_allow_it() -> None:
    token = "ghp_" + random_text(LETTERS, 36, 2)
    digest = "sha256:" + hashlib.sha256(token.encode()).hexdigest()
    with pytest.raises(Refused) as caught:
        secrets.check(secrets.search({"url": f"https://example.com/?t={token}", "again": token}))
    (problem,) = caught.value.problems
    assert (caught.value.code, caught.value.exit_code, problem.where) == ("literal-secret", 6, "url")
    line = f'allowedLiterals: ["{digest}"]'
    assert problem.what == f"looks like a GitHub token; if it is not a secret: {line}"
    assert token[4:] not in f"{caught.value.message}{caught.value.hint}{problem}"
    secrets.check(secrets.search({"url": token}), [digest])


def test_a_place_in_a_file_is_its_line() -> None:
    content = b"a: 1\n# password=letmein1\nb: 2\n"
    assert [where for where, _ in secrets.in_file(content, "tools/dev/x.yaml")] == ["tools/dev/x.yaml:2"]


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "<",
        "-",
        "=",
        "-eyJ",
        "password=",
        "://a:",
        "curl ",
        "-----BEGIN A-----",
        "aA1",
        "token: ",
        "--a",
        "x:y@",
    ],
)
def test_a_hostile_text_takes_no_time(piece: str) -> None:
    begun = time.process_time()
    secrets.find(piece * (65536 // len(piece)))
    assert time.process_time() - begun < 2
