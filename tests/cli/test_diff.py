"""``diff`` as it is typed: its lines, its data, and how it ends."""

import json
from pathlib import Path

import pytest

from kubectl_rapt.config import layout
from kubectl_rapt.config.project import Environment
from tests.cli.conftest import Ask
from tests.cli.endings import refused
from tests.cli.test_checkout import hello
from tests.repositories import ConfigRepository


@pytest.fixture
def repository(tmp_path: Path, home: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> ConfigRepository:
    """One tool in two environments, with another image in prod; it is rendered in a folder and committed."""
    repository = ConfigRepository(tmp_path, Environment("dev", ("team",)), Environment("prod", ("other",)))
    monkeypatch.setenv("RAPT_REPOSITORY", str(repository.path))
    sizes = "{requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 64Mi}}"
    text = repository.files()[layout.PROJECT].decode().replace("    review:", "    profile: p\n    review:")
    files = {
        layout.PROJECT: f"{text}profiles: {{p: {{resources: {sizes}}}}}\n".encode(),
        layout.definition("dev", "hello"): hello(),
        layout.definition("prod", "hello"): hello("busybox:1.36"),
    }
    for path, content in files.items():
        (tmp_path / "work" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "work" / path).write_bytes(content)
    assert ask("render", "--path", str(tmp_path / "work")).exit_code == 0
    for name in ("dev", "prod"):
        files[layout.rendered(name, "hello")] = (
            tmp_path / "work" / layout.rendered(name, "hello")
        ).read_bytes()
    repository.commit({**files})
    return repository


FIELD = "spec.job.spec.template.spec.containers[tool].image"


def test_it_shows_each_field_and_ends_with_1_where_something_differs(
    ask: Ask, repository: ConfigRepository
) -> None:
    ended = ask("diff", "hello", "--in", "dev", "--with", "prod")
    assert (ended.exit_code, ended.stderr) == (1, "")
    assert ended.stdout == (
        "~ tool.rapt.dev/hello -n other\n"
        f"    {FIELD}: 'busybox:1.35' → 'busybox:1.36'\n"
        "hello: 1 object differs from dev to prod\n"
    )
    same = ask("diff", "hello", "--in", "dev", "--with", "dev")
    assert (same.exit_code, same.stdout) == (0, "hello: no difference from dev to dev\n")


def test_programs_read_the_same_as_data(ask: Ask, repository: ConfigRepository) -> None:
    ended = ask("diff", "hello", "--in", "dev", "--with", "prod", "-o", "json")
    assert ended.exit_code == 1
    assert json.loads(ended.stdout) == {
        "tool": "hello",
        "from": "dev",
        "to": "prod",
        "objects": [
            {
                "apiVersion": "rapt.dev/v1alpha1",
                "kind": "Tool",
                "namespace": "other",
                "name": "hello",
                "change": "changed",
                "fields": [{"field": FIELD, "from": "busybox:1.35", "to": "busybox:1.36"}],
            }
        ],
    }


@pytest.mark.parametrize(
    ("flags", "code", "message", "hint"),
    [
        (
            "--with prod --version 1",
            2,
            "--version, --with and --change exclude each other",
            "kubectl rapt diff --help",
        ),
        (
            "--with prd",
            4,
            'no environment "prd" in rapt.yaml',
            "kubectl rapt diff hello --in dev --with prod",
        ),
        (
            "-o table",
            2,
            '-o does not take "table": it takes json or yaml',
            "kubectl rapt diff hello --in dev -o json",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(
    ask: Ask, repository: ConfigRepository, flags: str, code: int, message: str, hint: str
) -> None:
    assert ask("diff", "hello", "--in", "dev", *flags.split()) == refused(code, message, hint)
