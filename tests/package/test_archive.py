"""The archive: what is in it, and that it is Rapt as anywhere, installed by krew and called through its link."""

import json
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from deploy import archive as freezing
from deploy import entry, krew, sbom
from kubectl_rapt import __version__
from kubectl_rapt.adapters import sandbox
from tests import story
from tests.cluster.clusters import Cluster
from tests.cluster.programs import built
from tests.package import krew as real
from tests.package.built import ROOT
from tests.package.krew import Krew

WITH_A_ZONE = story.Step(
    "kubectl rapt add http-check --in prod --set url=http://example.com/ --schedule '0 3 * * *' --time-zone Asia/Tokyo",
    says=("next runs .* 03:00 ", "pushed as rapt/prod/http-check/"),
)
SCRIPT = Path(sys.executable).with_name("kubectl-rapt")


def test_the_archive_is_small_and_has_one_executable_and_the_license(archive: Path) -> None:
    assert archive.stat().st_size <= 25 * 2**20
    with tarfile.open(archive) as tar:
        entries = tar.getmembers()
        license_file = tar.extractfile("LICENSE")
        assert license_file and license_file.read() == (ROOT / "LICENSE").read_bytes()
    assert all(one.isreg() and ".." not in one.name for one in entries), "krew unpacks nothing else"
    assert [one.name for one in entries if one.mode & 0o111] == ["kubectl-rapt"]
    names = {one.name for one in entries}
    assert {one.partition("/")[0] for one in names} == {"kubectl-rapt", "_internal", "LICENSE"}
    assert not [one for one in names if one.startswith("_internal/kubernetes/")], (
        "it has kubectl's word for that"
    )


def test_an_archive_that_is_built_again_is_the_same_to_the_last_byte(
    archive: Path, wheel: Path, tmp_path: Path
) -> None:
    again = freezing.build(wheel, tmp_path)
    assert sha256(again.read_bytes()).hexdigest() == sha256(archive.read_bytes()).hexdigest()


def test_the_archive_holds_what_the_wheel_holds_and_nothing_of_the_checkout_beside_it(
    wheel: Path, tmp_path: Path
) -> None:
    other = tmp_path / wheel.name
    with zipfile.ZipFile(wheel) as read, zipfile.ZipFile(other, "w") as written:
        for name in read.namelist():
            more = b'MARK = "only in this wheel"\n' if name == "kubectl_rapt/errors.py" else b""
            written.writestr(name, read.read(name) + more)
    with tarfile.open(freezing.build(other, tmp_path / "built")) as tar:
        code = tar.extractfile("_internal/kubectl_rapt/errors.pyc")
        assert code and b"only in this wheel" in code.read()


def test_the_list_of_what_is_in_an_archive_has_each_package_with_its_version_and_no_other_time(
    tmp_path: Path,
) -> None:
    packed = tmp_path / krew.name("1.2.3", "linux", "amd64")
    packed.write_bytes(b"x")
    names = [name for name, _ in freezing.packages()]
    listed = sbom.write(packed, "1.2.3", names)
    first = listed.read_bytes()
    assert sbom.write(packed, "1.2.3", reversed(names)).read_bytes() == first
    found = json.loads(first)
    assert (found["bomFormat"], found["specVersion"], listed.name) == (
        "CycloneDX",
        "1.6",
        "kubectl-rapt_v1.2.3_linux_amd64.cdx.json",
    )
    assert found["metadata"]["component"]["hashes"][0]["content"] == sha256(b"x").hexdigest()
    assert {"jinja2", "typer", "gitpython", "python"} <= {one["name"] for one in found["components"]}
    assert all(one["version"] for one in found["components"])


@pytest.mark.parametrize(
    "name", ["jinja2", "typer", "ruamel-yaml", "kubernetes-validate", "tzdata", "python"]
)
def test_the_licenses_of_what_is_frozen_are_in_it(archive: Path, name: str) -> None:
    with tarfile.open(archive) as tar:
        assert [one for one in tar.getnames() if one.startswith(f"_internal/licenses/{name}/")]


def test_the_validator_of_krew_installs_all_four_platforms(archive: Path, tmp_path: Path) -> None:
    someone = Krew(tmp_path)
    someone.index("apiVersion: of an index that has nothing\n")
    file = tmp_path / "rapt.yaml"
    with real.released(archive, tmp_path / "server", krew.PLATFORMS) as manifest:
        file.write_text(manifest)
        said = someone.type(
            built(real.SOURCE, *real.SOURCE.commands)["validate-krew-manifest"], "-manifest", file
        )
    assert "all 4 spec.platforms installed fine" in said
    assert "no overlapping spec.platform[].selector" in said
    assert not re.search("^W", said, re.MULTILINE), said


def test_kubectl_finds_it_through_the_link_of_krew(person: Krew) -> None:
    link = person.programs / "kubectl-rapt"
    assert link.is_symlink()
    assert (person.root / "store" / "rapt" / f"v{__version__}" / "LICENSE").is_file()
    assert person.type("kubectl", "rapt", "version") == f"kubectl-rapt {__version__}\n"


def test_kubectl_completes_it(person: Krew) -> None:
    place = person.programs / "kubectl_complete-rapt"
    assert person.type("kubectl", "rapt", "completion", "install").startswith(f"{place} written\n")
    assert place.is_file()
    assert "version" in person.type("kubectl", "__complete", "rapt", "versi")


@pytest.mark.parametrize(
    ("words", "locale"),
    [
        ("--help", "C"),
        ("run --help", "C.UTF-8"),
        ("search", "C"),
        ("show volume-backup", "C.UTF-8"),
        ("policy show transient --compiled", "C"),
        ("schema project", "C"),
        ("template lint http-check", "C"),
        ("template test http-check", "C.UTF-8"),
        ("help errors no-kubectl", "C"),
        ("lisst", "C"),
    ],
)
def test_it_says_what_the_script_says(person: Krew, home: Path, words: str, locale: str) -> None:
    environ = {**person.environ, "HOME": str(home), "LC_ALL": locale}
    said = [
        subprocess.run(
            [str(program), *words.split()],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            timeout=180,
            check=False,
        )
        for program in (person.programs / "kubectl-rapt", SCRIPT)
    ]
    assert said[0].stdout == said[1].stdout
    assert (said[0].stderr, said[0].returncode) == (said[1].stderr, said[1].returncode)


@pytest.mark.parametrize("libraries", [None, "/opt/own/lib"])
def test_programs_that_it_starts_have_the_environment_of_the_person(
    person: Krew, home: Path, libraries: str | None
) -> None:
    """What the loader puts there would have git and credential plug-ins load the archive's libraries."""
    told = home / "told"
    spy = home / "git"
    spy.write_text(f'#!/bin/sh\nenv >>"{told}"\nPATH=$REST exec git "$@"\n')
    spy.chmod(0o755)
    own = {"HOME": str(home), "PATH": f"{home}:{person.environ['PATH']}", "REST": person.environ["PATH"]}
    own |= {"LD_LIBRARY_PATH": libraries} if libraries else {}
    subprocess.run(
        [str(person.programs / "kubectl-rapt"), "init", "--local"],
        env={**person.environ, **own},
        check=True,
        capture_output=True,
        timeout=180,
    )
    seen = dict(line.split("=", 1) for line in told.read_text().splitlines() if "=" in line)
    assert seen.get("LD_LIBRARY_PATH") == libraries
    assert not [name for name in seen if "_PYI_" in name or name == "LD_LIBRARY_PATH_ORIG"]


def test_without_kubectl_it_says_what_is_missing(person: Krew, home: Path) -> None:
    (home / "config").write_text("apiVersion: v1\nkind: Config\n")
    done = subprocess.run(
        [str(person.programs / "kubectl-rapt"), "list"],
        env={"HOME": str(home), "KUBECONFIG": str(home / "config"), "PATH": str(home)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 8, done.stderr
    assert done.stderr.startswith("error: kubectl is not on the PATH")


def test_the_renderer_is_asked_for_by_the_same_word_on_both_sides() -> None:
    assert entry.RENDERER == sandbox.ARGUMENT


def test_the_main_job_works_from_the_archive(
    person: Krew, cluster: Cluster, user: Path, namespace: str, tmp_path: Path
) -> None:
    known = {"user": f"user-of-{namespace}", "dev": namespace, "prod": f"{namespace}-prod"}
    teller = story.Teller(tmp_path, user, cluster.kubeconfig, known)
    teller.environ["PATH"] = f"{person.programs}:{teller.environ['PATH']}"
    assert shutil.which("kubectl-rapt", path=teller.environ["PATH"]) == str(person.programs / "kubectl-rapt")
    last = next(number for number, step in enumerate(story.STORY) if " rapt why " in step.command)
    for step in (*story.STORY[: last + 1], WITH_A_ZONE):
        told = teller.tell(step)
        assert not story.complaints(told, teller.known), f"$ {told.command}\n{told.both}"
    store = person.root / "store"
    for _ in range(300):  # the kernel may still be ending them
        if not (left := [one for one in _running() if one.startswith(str(store))]):
            break
        time.sleep(0.1)
    assert not left, "no process remains"


def _running() -> list[str]:
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                found.append(str((process / "exe").readlink()))
            except OSError:
                continue
    return found
