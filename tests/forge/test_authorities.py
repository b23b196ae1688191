"""Whom TLS trusts where OpenSSL was built for another machine, as in krew's archive."""

import ssl
from pathlib import Path

import pytest

from kubectl_rapt.adapters import authorities
from tests.cluster.certificates import Authority


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of authorities that OpenSSL knows nothing of: where it looks, there is nothing."""
    authority = Authority(tmp_path / "authority")
    authority.found()
    nothing = ssl.DefaultVerifyPaths(
        "", "", "SSL_CERT_FILE", "/of/another/cert.pem", "SSL_CERT_DIR", "/of/another/certs"
    )
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nothing)
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)
    return authority.pair.certificate


def test_the_machine_is_asked_where_its_authorities_are(bundle: Path, tmp_path: Path) -> None:
    context = authorities.context([str(tmp_path / "missing"), str(bundle)])
    assert [one["subject"] for one in context.get_ca_certs()] == [((("commonName", "rapt test cluster"),),)]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_who_names_the_authorities_is_believed(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert authorities.context([str(bundle)]).get_ca_certs() == []
