"""How releases are made: nothing that moves is trusted, and what may write runs nothing of anybody's."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.house import source

WORKFLOWS = sorted((source.HOME / ".github" / "workflows").glob("*.y*ml"))
INSTALLS = re.compile(
    r"\b(pip|uv|npm|apt-get|apt|brew|go) (pip )?(install|sync|get|run|tool)\b|make |-m deploy"
)
CONTAINERFILE = source.HOME / "deploy" / "Containerfile"


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text())["jobs"].items():
            yield f"{path.name}: {name}", job


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_grants_nothing_that_a_job_does_not_name(path: Any) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {}
    for name, job in jobs():
        assert job.get("permissions"), f"{name} says which permissions it needs"


def test_actions_are_named_by_the_commit_and_the_version_beside_it() -> None:
    lines = [line for path in WORKFLOWS for line in path.read_text().splitlines() if "uses:" in line]
    assert lines
    for line in lines:
        assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_no_checkout_keeps_the_credentials() -> None:
    for name, job in jobs():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step.get("with", {}).get("persist-credentials") is False, name


def test_a_job_that_may_write_or_sign_has_no_checkout_and_installs_nothing() -> None:
    writing = [(name, job) for name, job in jobs() if "write" in job["permissions"].values()]
    assert writing
    for name, job in writing:
        for step in job["steps"]:
            assert not step.get("uses", "").startswith(("actions/checkout@", "astral-sh/")), name
            assert not INSTALLS.search(step.get("run", "")), name


def test_what_is_installed_is_checked_by_its_digest_and_nothing_else_is_fetched() -> None:
    for name, job in jobs():
        for step in job["steps"]:
            run = step.get("run", "")
            if re.search(r"pip install", run):
                assert "--require-hashes" in run or "--offline" in run, f"{name}: {run}"
    for line in CONTAINERFILE.read_text().splitlines():
        if " install " in line:
            assert "--require-hashes" in line or "--no-index" in line, line


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-build.txt"])
def test_every_requirement_has_one_version_and_digests(name: str) -> None:
    text = (source.HOME / "deploy" / name).read_text()
    for entry in text.replace("\\\n", "").strip().splitlines():
        assert re.match(r"[a-z0-9.-]+==\S+( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+$", entry), entry[:100]
    wanted = source.HOME / "pyproject.toml"
    for needed in re.findall(
        r'^  "([a-z0-9.-]+)[><=]', wanted.read_text().partition("[project.optional")[0], re.M
    ):
        assert re.search(rf"^{re.escape(needed.replace('.', '-'))}==", text, re.M), (
            f"{needed}: see docs/decisions/packages.md"
        )


def test_the_image_is_of_a_base_that_is_named_by_its_digest_and_of_few_files() -> None:
    text = CONTAINERFILE.read_text()
    assert re.findall(r"^FROM (\S+)", text, re.M) == ["${BASE}", "${BASE}"]
    assert re.search(r"^ARG BASE$", text, re.M), "it has no default"
    ignored = (source.HOME / ".dockerignore").read_text().splitlines()
    first = next(line for line in ignored if line and not line.startswith("#"))
    assert first == "*", "a list of what may come along"
