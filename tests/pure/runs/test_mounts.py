"""Files that are given to a run: what the flags mean, and the objects, volumes and records that they become."""

import base64
import json
import random
from dataclasses import replace

import pytest

from kubectl_rapt.errors import Invalid, UsageError
from kubectl_rapt.model.local_files import File
from kubectl_rapt.objects import job_schema
from kubectl_rapt.runs import mounts
from kubectl_rapt.runs.mounts import Given
from tests.given import a_run, a_template

TEXT = Given("settings.ini", "/etc/tool/settings.ini", False, (File("settings.ini", b"a = 1\n"),))
FOLDER = Given(
    "conf.d",
    "/etc/conf.d/",
    False,
    (File("a.txt", b"a"), File("sub/a.txt", b"b"), File("run it.sh", b"#!/bin/sh\n", is_executable=True)),
    is_folder=True,
)
SECRET = Given("token", "/run/token", True, (File("token", b"hunter22"),))


@pytest.mark.parametrize(
    ("text", "local", "path"),
    [
        ("a:/b", "a", "/b"),
        ("./c:d:e.txt:/etc/x", "./c:d:e.txt", "/etc/x"),
        ("a:/b/", "a", "/b/"),
    ],
)
def test_the_last_colon_divides(text: str, local: str, path: str) -> None:
    assert mounts.parse([text], []) == [Given(local, path, False)]


@pytest.mark.parametrize("text", ["a", "a:", ":/b", "a:b", "a:/b:ro", "a:/", "a:/x/../y"])
def test_what_is_no_local_and_absolute_path_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        mounts.parse([text], [])
    assert caught.value.problems[0].where == "--mount"


def test_two_at_one_place_and_far_too_many_are_refused() -> None:
    with pytest.raises(UsageError, match="LOCAL:PATH") as caught:
        mounts.parse(["a:/x"], ["b:/x/"])
    assert caught.value.problems[0].what == "gives /x/ twice"
    with pytest.raises(UsageError):
        mounts.parse([f"a:/{number}" for number in range(21)], [])


def test_the_job_gets_volumes_that_the_schema_permits_and_the_run_says_what_is_in_them() -> None:
    job, found = mounts.add(a_template(), "backup-x7k2p", [TEXT, FOLDER, SECRET])
    assert not job_schema.check(job, job_schema.TOOL_JOB)
    pod = job["spec"]["template"]["spec"]
    assert [(one.kind, one.name, one.path) for one in found] == [
        ("ConfigMap", "backup-x7k2p-1", "/etc/tool/settings.ini"),
        ("ConfigMap", "backup-x7k2p-2", "/etc/conf.d"),
        ("Secret", "backup-x7k2p-3", "/run/token"),
    ]
    assert pod["containers"][0]["volumeMounts"] == [
        {
            "name": "rapt-mount-1",
            "mountPath": "/etc/tool/settings.ini",
            "readOnly": True,
            "subPath": "settings.ini",
        },
        {"name": "rapt-mount-2", "mountPath": "/etc/conf.d", "readOnly": True},
        {"name": "rapt-mount-3", "mountPath": "/run/token", "readOnly": True, "subPath": "token"},
    ]
    assert pod["volumes"][1]["configMap"] == {
        "name": "backup-x7k2p-2",
        "items": [
            {"key": "1-a.txt", "path": "a.txt"},
            {"key": "2-a.txt", "path": "sub/a.txt"},
            {"key": "3-run_it.sh", "path": "run it.sh", "mode": 0o755},
        ],
    }


def test_a_file_goes_into_a_folder_that_ends_with_a_slash() -> None:
    _, (mount,) = mounts.add(a_template(), "r", [replace(TEXT, path="/etc/")])
    assert mount.path == "/etc/settings.ini"


def test_the_tools_own_job_is_not_changed_and_its_own_places_are_not_taken() -> None:
    template = a_template()
    container = template["spec"]["template"]["spec"]["containers"][0]
    container["volumeMounts"] = [{"name": "data", "mountPath": "/run/token"}]
    before = json.dumps(template)
    mounts.add(template, "r", [TEXT])
    assert json.dumps(template) == before
    with pytest.raises(Invalid, match="/run/token already"):
        mounts.add(template, "r", [SECRET])


def test_text_stays_readable_and_anything_else_arrives_byte_for_byte() -> None:
    noise = random.Random(1).randbytes(2000)
    given = replace(FOLDER, files=(File("a", "ä\n".encode()), File("b", noise), File("c", b"\x00\x1b")))
    run = a_run(mounts=mounts.add(a_template(), "backup-x7k2p", [given])[1])
    held = mounts.contents(run, [given])["backup-x7k2p-1"]
    assert held["data"] == {"1-a": "ä\n"}
    assert {key: base64.b64decode(text) for key, text in held["binaryData"].items()} == {
        "2-b": noise,
        "3-c": b"\x00\x1b",
    }
    assert held["immutable"] is True
    assert held["metadata"]["labels"] == run.labels


def test_a_secret_is_in_the_secret_alone_and_cannot_be_found_by_trying() -> None:
    job, found = mounts.add(a_template(), "backup-x7k2p", [SECRET])
    run = a_run(mounts=found, job=job)
    held = mounts.contents(run, [SECRET])["backup-x7k2p-1"]
    assert held["kind"] == "Secret"
    assert base64.b64decode(held["data"]["1-token"]) == b"hunter22"
    assert found[0].digest.startswith("scrypt:")
    assert len(found[0].digest) <= 71, "as the Run's schema says"
    assert found[0].digest != mounts.add(a_template(), "another", [SECRET])[1][0].digest
    assert "hunter22" not in repr(run)


def test_the_same_files_are_the_same_request_and_one_other_byte_is_another() -> None:
    assert mounts.identity([TEXT], "r") == mounts.identity([TEXT], "r")
    others = [
        replace(TEXT, files=(File("settings.ini", b"a = 2\n"),)),
        replace(TEXT, path="/etc/other"),
        replace(TEXT, is_secret=True),
        replace(TEXT, files=(File("settings.ini", b"a = 1\n", is_executable=True),)),
    ]
    assert all(mounts.identity([one], "r") != mounts.identity([TEXT], "r") for one in others)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (replace(FOLDER, files=()), "holds no file"),
        (
            replace(FOLDER, files=(File("..x", b""),)),
            "has a name that begins with .., which no volume can hold",
        ),
    ],
)
def test_what_no_volume_can_hold_is_refused_by_name(given: Given, what: str) -> None:
    with pytest.raises(Invalid) as caught:
        mounts.check([given])
    assert caught.value.problems[0].what == what
    assert caught.value.problems[0].where.startswith("conf.d")
