"""Which files are SOPS's."""

import pytest

from kubectl_rapt.guard import sops

YAML = b"""apiVersion: v1
kind: Secret
metadata:
    name: database
stringData:
    password: ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=]
sops:
    kms: []
    lastmodified: "2026-11-22T12:00:00Z"
    version: 3.9.0
"""
JSON = (
    b'{\n\t"password": "ENC[AES256_GCM,data:p673w==,type:str]",\n\t"sops": {\n\t\t"version": "3.9.0"\n\t}\n}'
)


@pytest.mark.parametrize(
    ("content", "path", "expected"),
    [
        (YAML, "rendered/dev/x.yaml", True),
        (YAML, "x.yml", True),
        (b"a: 1\n---\n" + YAML, "x.yaml", True),
        (b"a: &one 1\nb: *one\nsops:\n  version: 3\n", "x.yaml", True),
        (b"<<: [\nsops:  # encrypted\n", "x.yaml", True),
        (JSON, "x.json", True),
        (JSON.replace(b'"password"', b"{broken"), "x.json", True),
        (YAML, "x.md", False),
        (b"a: {sops: {version: 3}}\n", "x.yaml", False),
        (b"sops: text\n", "x.yaml", False),
        (b"# sops:\na: 1\n", "x.yaml", False),
        (b"", "x.yaml", False),
    ],
)
def test_a_file_is_of_sops_by_its_top_level_mapping(content: bytes, path: str, expected: bool) -> None:
    assert sops.is_encrypted(content, path) is expected
