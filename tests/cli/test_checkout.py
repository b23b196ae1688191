"""``check`` and ``render`` in a checkout of the config repository: the files as they are there, without settings."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kubectl_rapt.actions import catalogs
from kubectl_rapt.adapters.bundle import PackagedBundle
from kubectl_rapt.config import installation, layout
from kubectl_rapt.config.installation import Installation, Lock
from kubectl_rapt.config.project import Environment
from kubectl_rapt.templating import index
from tests.cli.conftest import Ask
from tests.repositories import ConfigRepository

TOOL, RENDERED = layout.definition("prod", "hello"), layout.rendered("prod", "hello")


def hello(image: str = "busybox:1.35") -> bytes:
    """The file of a tool of a bundled template."""
    release = index.release_of(catalogs.folder_of(PackagedBundle().files(), "command"))
    wanted = Installation(
        "hello",
        "command",
        "1.0.0",
        Lock("bundled", release.tree, release.digest),
        {"image": image, "command": ["echo", "hello"]},
    )
    return installation.spell(wanted).encode()


@pytest.fixture
def checkout(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with one tool, rendered and committed; one is in it."""
    repository = ConfigRepository(tmp_path, Environment("prod", ("live",)), Environment("dev", ("team",)))
    text = repository.files()[layout.PROJECT].decode() + "profiles:\n  p:\n    resources:\n"
    text += "      requests: {cpu: 10m, memory: 16Mi}\n      limits: {memory: 64Mi}\n"
    text = text.replace("  prod:\n", "  prod:\n    profile: p\n").replace(
        "  dev:\n", "  dev:\n    profile: p\n"
    )
    repository.commit({layout.PROJECT: text.encode(), TOOL: hello()})
    monkeypatch.chdir(clone(repository, tmp_path / "clone"))
    return tmp_path / "clone"


def clone(repository: ConfigRepository, folder: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", repository.path, folder], check=True, timeout=60)
    return folder


def commit(folder: Path) -> str:
    for words in (("add", "--all"), ("commit", "--quiet", "--message", "By hand")):
        subprocess.run(["git", *words], cwd=folder, check=True, timeout=60)
    found = subprocess.check_output(["git", "rev-parse", "--short=7", "HEAD"], cwd=folder, text=True)
    return found.strip()


def test_render_writes_beside_what_was_edited_and_check_proves_it(ask: Ask, checkout: Path) -> None:
    missing = ask("check")
    assert missing.exit_code == 1
    assert f"{RENDERED}: is missing\n  try: kubectl rapt render hello --in prod\n" in missing.stdout
    dry = ask("render", "--dry-run")
    assert (dry.exit_code, (checkout / RENDERED).exists()) == (0, False)
    assert "+  name: hello" in dry.stdout
    done = ask("render")
    assert (done.exit_code, done.stdout) == (
        0,
        f"{RENDERED}   created\n1 rendered again in {checkout}\n",
    )
    checked = ask("check")
    assert checked.exit_code == 0
    assert checked.stdout.startswith(f"1 tool checked in {checkout} at ")
    assert checked.stdout.endswith(" with 1 file not committed, all right\n")
    head = commit(checkout)
    assert ask("check").stdout == f"1 tool checked in {checkout} at {head}, all right\n"
    assert ask("render").stdout == f"nothing to render in {checkout}\n"


def test_an_edit_is_rendered_and_what_is_not_committed_is_never_lost(ask: Ask, checkout: Path) -> None:
    assert ask("render").exit_code == 0
    commit(checkout)
    (checkout / TOOL).write_bytes(hello("busybox:1.36"))
    assert ask("check").exit_code == 1
    assert ask("render").exit_code == 0
    assert ask("check").exit_code == 0
    edited = (checkout / RENDERED).read_text().replace("busybox:1.36", "busybox:1.0")
    (checkout / RENDERED).write_text(edited)
    refused = ask("render")
    assert (refused.exit_code, (checkout / RENDERED).read_text()) == (6, edited)
    assert RENDERED in refused.stderr
    assert ask("render", "--overwrite").exit_code == 0
    assert ask("check").exit_code == 0


@pytest.mark.parametrize("key", ["clean", "process"])
def test_check_and_render_run_no_filter_of_the_clone(
    ask: Ask, checkout: Path, tmp_path: Path, key: str
) -> None:
    assert ask("render").exit_code == 0
    head = commit(checkout)
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\ncat\n")
    trap.chmod(0o755)
    (checkout / ".git" / "info" / "attributes").write_text("* filter=x\n")
    for name in ("x", "x=y.z"):
        config = checkout / ".git" / "config"
        config.write_text(f'{config.read_text()}[filter "{name}"]\n  {key} = {trap}\n  required = true\n')
    for path in (checkout / TOOL, checkout / RENDERED, checkout / layout.PROJECT):
        path.touch()  # so that git reads it again
        os.utime(path, (1, 1))
    assert ask("check").stdout == f"1 tool checked in {checkout} at {head}, all right\n"
    assert ask("render").exit_code == 0
    assert not sprung.exists()


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


LFS = "rendered/** filter=lfs diff=lfs merge=lfs -text\n"


def in_lfs(checkout: Path, attributes: str = LFS) -> str:
    """Commit the rendered file as Git LFS does: a pointer in git, the file on disk; the commit, shortened."""
    (checkout / ".gitattributes").write_text(attributes)
    content = (checkout / RENDERED).read_bytes()
    (checkout / RENDERED).write_text(POINTER.format(hashlib.sha256(content).hexdigest(), len(content)))
    head = commit(checkout)
    (checkout / RENDERED).write_bytes(content)
    return head


def test_a_file_in_git_lfs_is_as_its_pointer_says_without_the_filter(
    ask: Ask, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask("render").exit_code == 0
    head = in_lfs(checkout)
    right = f"1 tool checked in {checkout} at {head}, all right\n"
    assert ask("check").stdout == right
    content = (checkout / RENDERED).read_bytes()
    (checkout / RENDERED).write_bytes(content.replace(b"hello", b"howdy"))  # of the same size
    edited = ask("check")
    assert edited.exit_code == 1
    assert f"{RENDERED}: is not what {TOOL} renders to: it was edited by hand\n" in edited.stdout
    assert f"at {head} with 1 file not committed, 1 invalid" in edited.stdout
    assert ask("render").exit_code == 6, "what nobody can get back is not replaced"
    (checkout / RENDERED).write_bytes(content)
    assert ask("check").stdout == right
    with monkeypatch.context() as patched:
        patched.chdir(checkout / "tools")
        assert ask("check").stdout == right
    (checkout / TOOL).write_bytes(hello("busybox:1.36"))
    assert ask("render").exit_code == 0, "what the commit has is replaced"


def test_only_what_its_attributes_put_into_git_lfs_is_compared_by_its_pointer(
    ask: Ask, checkout: Path
) -> None:
    assert ask("render").exit_code == 0
    head = in_lfs(checkout, attributes="rendered/** diff=lfs\n")
    assert f"at {head} with 1 file not committed" in ask("check").stdout


def test_a_file_in_git_lfs_below_another_folder_of_the_repository(
    ask: Ask, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask("render").exit_code == 0
    inner = checkout / "deploy äö"
    inner.mkdir()
    for name in (layout.PROJECT, "tools", "rendered"):
        (checkout / name).rename(inner / name)
    subprocess.run(["git", "config", "core.quotePath", "true"], cwd=checkout, check=True, timeout=60)
    monkeypatch.chdir(inner)
    head = in_lfs(inner)
    assert ask("check").stdout == f"1 tool checked in {inner} at {head}, all right\n"
    (inner / TOOL).write_bytes(hello("busybox:1.36"))
    assert ask("render").exit_code == 0


def test_check_asks_no_bare_repository_in_a_tree(
    ask: Ask, checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever commits files named like git's own would choose the configuration."""
    inner = checkout / "sub"
    subprocess.run(["git", "clone", "--quiet", "--bare", checkout, inner], check=True, timeout=60)
    shutil.copytree(checkout / "tools", inner / "tools")
    shutil.copy(checkout / layout.PROJECT, inner / layout.PROJECT)
    sprung = tmp_path / "sprung"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\ncat\n")
    trap.chmod(0o755)
    config = (inner / "config").read_text().replace("bare = true", "bare = false\n  worktree = .")
    (inner / "config").write_text(f'{config}[filter "x"]\n  clean = {trap}\n')
    (inner / "info" / "attributes").write_text("* filter=x\n")
    monkeypatch.chdir(inner)
    ended = ask("check")
    assert not sprung.exists()
    head = subprocess.check_output(["git", "rev-parse", "--short=7", "HEAD"], cwd=checkout, text=True).strip()
    assert head not in ended.stdout, "it is in no repository that anybody made"


def test_check_proves_the_checkout_not_the_configured_repository(
    ask: Ask, checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask("render").exit_code == 0
    commit(checkout)
    empty = ConfigRepository(tmp_path / "other", Environment("prod", ("team",)))
    monkeypatch.setenv("RAPT_REPOSITORY", str(empty.path))
    monkeypatch.chdir(checkout / "tools" / "prod")
    assert ask("check").stdout.startswith(f"1 tool checked in {checkout} at ")
    monkeypatch.chdir(tmp_path)
    assert ask("check").stdout == f"0 tools checked at {empty.main[:7]}, all right\n"
    assert ask("check", "--path", str(checkout)).stdout.startswith(f"1 tool checked in {checkout} at ")


def test_check_finds_a_secret_in_the_project_and_never_repeats_it(ask: Ask, checkout: Path) -> None:
    assert ask("render").exit_code == 0
    secret = "gh" + "p_" + "Zx8Kq2Lw9Vb4Nc7Td1Rm5Yp3Hs6Jf0Ga2Ue8"
    with (checkout / layout.PROJECT).open("a") as file:
        file.write(f"answers: {{note: {secret}}}\n")
    ended = ask("check")
    assert ended.exit_code == 1
    assert ended.stdout.startswith(f"{layout.PROJECT}: ")
    assert secret not in ended.stdout + ended.stderr


def test_check_tells_programs_and_passes_by_what_sops_encrypted(ask: Ask, checkout: Path) -> None:
    assert ask("render").exit_code == 0
    secret = b"data: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\nsops: {mac: 'ENC[x]', version: 3.8.1}\n"
    (checkout / "tools/prod/secret.yaml").write_bytes(secret)
    (checkout / "rendered/prod/secret.yaml").write_bytes(secret)
    assert ask("check", "-o", "json") == ask("check", "-o", "json", "--in", "prod")
    (checkout / TOOL).write_bytes(hello().replace(b"image:", b"imag:"))
    ended = ask("check", "-o", "json")
    assert ended.exit_code == 1
    (found,) = json.loads(ended.stdout)
    assert found["path"] == TOOL
    assert {problem["where"] for problem in found["problems"]} == {"imag", "image"}


def test_it_works_outside_git_and_what_is_no_checkout_is_named(
    ask: Ask, checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = tmp_path / "plain"
    for path in (layout.PROJECT, TOOL):
        (plain / path).parent.mkdir(parents=True, exist_ok=True)
        (plain / path).write_bytes((checkout / path).read_bytes())
    assert ask("render", "--path", str(plain)).exit_code == 0
    assert (
        ask("check", "--path", str(plain)).stdout
        == f"1 tool checked in {plain} without a commit, all right\n"
    )
    (plain / RENDERED).write_bytes(b"# by hand\n")
    assert ask("render", "--path", str(plain)).exit_code == 6
    monkeypatch.chdir(tmp_path)
    ended = ask("check", "--path", "nowhere")
    assert (ended.exit_code, ended.stdout) == (4, "")
    assert "nowhere is in no config repository" in ended.stderr
    (plain / "rendered/prod/link.yaml").symlink_to("/etc/passwd")
    ended = ask("check", "--path", str(plain))
    assert ended.exit_code == 5
    assert "link.yaml" in ended.stderr
    assert "root:" not in ended.stdout + ended.stderr
