"""krew's manifest: what it says of each platform, and what the one that is checked in says."""

import re
from pathlib import Path

import pytest
import yaml

from deploy import krew
from tests.package.built import ROOT

DIGESTS = [krew.Archive(system, machine, "0123456789abcdef" * 4) for system, machine in krew.PLATFORMS]


def test_each_platform_has_one_archive_at_an_address_of_its_version() -> None:
    found = yaml.safe_load(krew.manifest("1.2.3", DIGESTS, "https://example.com/download/"))
    spec = found["spec"]
    assert (found["metadata"]["name"], spec["version"]) == ("rapt", "v1.2.3")
    assert [
        (one["selector"]["matchLabels"]["os"], one["selector"]["matchLabels"]["arch"])
        for one in spec["platforms"]
    ] == [*krew.PLATFORMS]
    for one in spec["platforms"]:
        system, machine = one["selector"]["matchLabels"].values()
        assert (
            one["uri"] == f"https://example.com/download/v1.2.3/kubectl-rapt_v1.2.3_{system}_{machine}.tar.gz"
        )
        assert re.fullmatch("[0-9a-f]{64}", one["sha256"]), (
            "a text of lower-case digits, also where all are decimal"
        )
        assert one["bin"] == "kubectl-rapt"
        assert "files" not in one, "krew's own advice: all files, as they are"


def test_a_digest_of_decimal_digits_alone_is_still_a_text() -> None:
    text = krew.manifest("1.2.3", [krew.Archive("linux", "amd64", "12345678" * 8)])
    assert yaml.safe_load(text)["spec"]["platforms"][0]["sha256"] == "12345678" * 8


def test_the_index_has_the_manifest_under_the_name_of_the_plugin() -> None:
    assert Path(krew.INDEX).name == f"{yaml.safe_load(krew.manifest('1.2.3', []))['metadata']['name']}.yaml"
    assert Path(krew.INDEX).parent == Path("plugins")


def test_the_manifest_of_this_repository_is_as_it_was_released() -> None:
    """Every platform or, before the first release, none; a build never changes it."""
    text = (ROOT / "krew-manifest.yaml").read_text()
    spec = yaml.safe_load(text)["spec"]
    places = [(one["selector"]["matchLabels"], one["sha256"]) for one in spec["platforms"]]
    assert [(at["os"], at["arch"]) for at, _ in places] in ([], [*krew.PLATFORMS])
    addresses = {one["uri"].rpartition("/v")[0] for one in spec["platforms"]} or {""}
    found = [krew.Archive(at["os"], at["arch"], digest) for at, digest in places]
    assert text == krew.manifest(spec["version"].removeprefix("v"), found, *addresses)


@pytest.mark.parametrize(
    "name", ["kubectl-rapt_v9.9.9_linux_amd64.tar.gz", "kubectl-rapt_v1.2.3_plan9_amd64.tar.gz"]
)
def test_archives_of_other_versions_and_platforms_are_not_in_it(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert krew.archives("1.2.3", tmp_path) == []


def test_the_release_builds_exactly_the_platforms_of_the_manifest() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yaml").read_text())
    matrix = workflow["jobs"]["archive"]["strategy"]["matrix"]["include"]
    assert [(one["system"], one["machine"]) for one in matrix] == [*krew.PLATFORMS]
