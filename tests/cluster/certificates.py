"""The certificates of a cluster, made with openssl: one authority signs them all."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import debian

_REQUEST = "req -x509 -utf8 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650"


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, as PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """A folder with a certificate authority and what it signed."""

    folder: Path

    @property
    def pair(self) -> Pair:
        """The authority's own certificate and key."""
        return self.at("ca")

    def at(self, name: str) -> Pair:
        """Where the pair of this name is, or will be."""
        return Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")

    def found(self) -> None:
        """Makes the authority itself, and the key pair that signs the tokens of service accounts."""
        self.folder.mkdir(mode=0o700, parents=True)
        self._make("ca", ["-subj", "/CN=rapt test cluster"], ["basicConstraints=critical,CA:TRUE"])
        self._make("service-accounts", ["-subj", "/CN=service accounts"], [])

    def client(self, name: str, user: str, groups: Sequence[str] = ()) -> Pair:
        """A certificate that Kubernetes reads as a user and their groups.

        Args:
            name: Names the files; an existing pair is returned as it is.
            user: The common name.
            groups: The organizations.
        """
        pair = self.at(name)
        if not pair.certificate.exists():
            parts = [("O", group) for group in groups] + [("CN", user)]
            subject = "".join(f"/{key}={_escaped(value)}" for key, value in parts)
            self._make(name, ["-subj", subject, *self._signed()], ["extendedKeyUsage=clientAuth"])
        return pair

    def server(self, name: str, names: Sequence[str], addresses: Sequence[str]) -> Pair:
        """A certificate for a server that is called by these host names and addresses."""
        alternatives = [f"DNS:{it}" for it in names] + [f"IP:{it}" for it in addresses]
        extensions = [f"subjectAltName={','.join(alternatives)}", "extendedKeyUsage=serverAuth,clientAuth"]
        self._make(name, ["-subj", f"/CN={name}", *self._signed()], extensions)
        return self.at(name)

    def _signed(self) -> list[str]:
        return ["-CA", str(self.pair.certificate), "-CAkey", str(self.pair.key)]

    def _make(self, name: str, arguments: Sequence[str], extensions: Sequence[str]) -> None:
        pair = self.at(name)
        # The certificate comes last: where it is, the pair is whole.
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            key, certificate = Path(folder, "key"), Path(folder, "crt")
            extended = [f"-addext={extension}" for extension in extensions]
            files = [f"-keyout={key}", f"-out={certificate}"]
            debian.run("openssl", *_REQUEST.split(), *files, *arguments, *extended)
            key.rename(pair.key)
            certificate.rename(pair.certificate)


def _escaped(value: str) -> str:
    return "".join(f"\\{it}" if it in "/\\+=," else it for it in value)
