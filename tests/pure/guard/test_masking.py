"""What a trace shows: everything but secrets."""

import json
from typing import Any

import pytest

from kubectl_rapt.guard import masking
from tests.secrets import CANARIES, Canary

SECRET = {
    "kind": "Secret",
    "metadata": {"name": "db", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}},
    "data": {"password": "aHVudGVyMg=="},
    "stringData": {"user": "ann"},
    "type": "Opaque",
}
SHOWN = {
    "kind": "Secret",
    "metadata": {"name": "db", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "***"}},
    "data": {"password": "***"},
    "stringData": {"user": "***"},
    "type": "Opaque",
}


def shown(data: Any) -> Any:
    return json.loads(masking.body(json.dumps(data).encode()))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (SECRET, SHOWN),
        ({"type": "MODIFIED", "object": SECRET}, {"type": "MODIFIED", "object": SHOWN}),
        (
            {"kind": "SecretList", "items": [{key: SECRET[key] for key in SECRET if key != "kind"}]},
            {"kind": "SecretList", "items": [{key: SHOWN[key] for key in SHOWN if key != "kind"}]},
        ),
        ({"kind": "Secret", "data": "broken"}, {"kind": "Secret", "data": "***"}),
        ({"kind": "ConfigMap", "data": {"mode": "fast"}}, {"kind": "ConfigMap", "data": {"mode": "fast"}}),
        (
            {"kind": "TokenRequest", "status": {"token": "x", "expirationTimestamp": "2026-11-30T00:00:00Z"}},
            {
                "kind": "TokenRequest",
                "status": {"token": "***", "expirationTimestamp": "2026-11-30T00:00:00Z"},
            },
        ),
        (
            {"answers": {"password": "hunter2", "host": "db"}},
            {"answers": {"password": "***", "host": "db"}},
        ),
        (
            [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "HOST", "value": "db"}],
            [{"name": "DB_PASSWORD", "value": "***"}, {"name": "HOST", "value": "db"}],
        ),
        (
            ["dump", "--password", "hunter2", "--host", "db"],
            ["dump", "--password", "***", "--host", "db"],
        ),
        ({"password": "", "count": 3, "on": True, "none": None},) * 2,
    ],
)
def test_secrets_are_hidden_and_the_rest_is_shown(data: Any, expected: Any) -> None:
    assert shown(data) == expected


@pytest.mark.parametrize("canary", CANARIES, ids=lambda one: one.name)
def test_no_secret_is_shown_wherever_it_stands(canary: Canary) -> None:
    for data in (canary.text, {"spec": {"args": [canary.text]}}, {"data": {"file": canary.text}}):
        assert canary.value not in masking.body(json.dumps(data).encode())
    assert canary.value not in masking.body(canary.text.encode())


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Authorization", "Bearer abc", "***"),
        ("authorization", "Basic abc", "***"),
        ("Cookie", "session=1", "***"),
        ("X-Gitlab-Token", "abc", "***"),
        ("Private-Token", "abc", "***"),
        ("Accept", "application/json", "application/json"),
    ],
)
def test_headers_that_say_who_asks_are_hidden(name: str, value: str, expected: str) -> None:
    assert masking.header(name, value) == expected


def test_what_is_no_json_is_shown_as_text() -> None:
    assert masking.body(b"<h1>no \xff</h1>") == "<h1>no \ufffd</h1>"


def test_a_log_is_kept_without_known_secrets_and_otherwise_as_it_is() -> None:
    for canary in CANARIES:
        line = f"login with {canary.text} done"
        kept = masking.log(f"before\n{line}\nafter 17 of 20\n")
        assert canary.text not in kept, canary
        assert (kept.splitlines()[0], kept.splitlines()[-1]) == ("before", "after 17 of 20")
    assert masking.log("a\n* 3 tables\n") == "a\n* 3 tables\n"
    assert masking.kept(b"\xff\xfe no text\n") == b"\xff\xfe no text\n"


def test_the_rest_of_a_private_key_whose_beginning_was_cut_off_is_masked() -> None:
    key = "\n".join("Qk9HVVM" * 8 for _ in range(20))
    kept = masking.log(f"{key}\n-----END RSA PRIVATE KEY-----\ndone\n")
    assert ("Qk9HVVM" in kept, kept.endswith("done\n")) == (False, True)


def test_texts_of_a_record_are_masked_at_every_depth() -> None:
    token = "ghp_" + "a1B2c3D4" * 5
    data = {"log": f"with {token}\n", "attempts": [{"evidence": token, "number": 1}], "state": "Exhausted"}
    shown = {"log": "with ***\n", "attempts": [{"evidence": "***", "number": 1}], "state": "Exhausted"}
    assert masking.texts(data) == shown
