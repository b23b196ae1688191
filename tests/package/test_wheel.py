"""The wheel: what is in it, that it is the same for everybody, and that people's installers take it."""

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from deploy import wheel as building
from tests.package.built import CACHE, ROOT

PROGRAMS = Path(sys.executable).parent


def test_two_builds_in_two_folders_are_the_same_to_the_last_byte(wheel: Path, tmp_path: Path) -> None:
    copy, made = tmp_path / "elsewhere", tmp_path / "made"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.check_output(listed, cwd=ROOT, text=True).split("\0"):
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
            (copy / name).chmod(0o600)
            os.utime(copy / name, (1, 1))
    digests = {sha256(one.read_bytes()).hexdigest() for one in (wheel, building.build(copy, made))}
    assert len(digests) == 1


def test_the_wheel_is_pure_and_small(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    assert wheel.stat().st_size <= 2 * 2**20


def test_the_wheel_has_what_commands_need_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = {one for one in packed.namelist() if not one.endswith("/")}
        modes = {one.external_attr >> 16 for one in packed.infolist()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert {"templates", "registry", "policies"} <= included.keys()
    for source, place in included.items():
        for file in (ROOT / source, *(ROOT / source).rglob("*")):
            if file.is_file():
                assert f"{place}/{file.relative_to(ROOT / source).as_posix()}".removesuffix("/.") in names
    assert {one.partition("/")[0].partition("-")[0] for one in names} == {"kubectl_rapt"}
    assert not [one for one in names if one.endswith(".pyc") or "tests/package" in one]
    assert {stat.S_IMODE(mode) for mode in modes} == {0o644}
    assert [one for one in names if one.endswith("licenses/LICENSE")]


def _check(program: Path, environ: Mapping[str, str]) -> None:
    """An installed program answers, has the bundled registry, renders, and prints schemas."""

    def says(*words: str) -> str:
        done = subprocess.run(
            [str(program), *words],
            env=environ,
            cwd=environ["HOME"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    assert says("version").startswith("kubectl-rapt ")
    assert "http-check" in says("search")
    assert says("schema", "tool") == (ROOT / "docs" / "schemas" / "tool.json").read_text()
    shutil.copytree(ROOT / "templates" / "http-check", Path(environ["HOME"], "templates", "http-check"))
    assert " passed, 0 failed" in says("template", "test", "http-check")


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    """Where registries, proxies and certificates are is the machine's; all else is a home of one's own."""
    ways = re.compile("(?:PIP|UV|SSL)_.*|.*_PROXY", re.IGNORECASE)
    kept = {name: value for name, value in os.environ.items() if ways.fullmatch(name)}
    return {**kept, "HOME": str(home), "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}


def test_pipx_installs_the_wheel(wheel: Path, home: Path, environ: dict[str, str]) -> None:
    environ |= {"PIP_CACHE_DIR": str(CACHE / "pip"), "PIP_NO_COMPILE": "1"}
    _install([str(PROGRAMS / "pipx"), "install", "--quiet", str(wheel)], environ)
    _check(home / ".local" / "bin" / "kubectl-rapt", environ)


def test_uv_installs_the_wheel(wheel: Path, home: Path, environ: dict[str, str]) -> None:
    environ |= {"UV_CACHE_DIR": str(CACHE / "uv"), "UV_PYTHON_DOWNLOADS": "never"}
    _install([str(PROGRAMS / "uv"), "tool", "install", "--quiet", str(wheel)], environ)
    _check(home / ".local" / "bin" / "kubectl-rapt", environ)


def _install(command: list[str], environ: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, env=environ, cwd=environ["HOME"], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
