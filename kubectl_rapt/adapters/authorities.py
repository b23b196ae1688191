"""The certificate authorities that this machine trusts, also for an interpreter that was built on another."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # older ones of these
    "/var/lib/ca-certificates/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)
"""Where systems keep them in one file."""


def context(places: Sequence[str] = PLACES) -> "ssl.SSLContext":
    """What connections are checked against.

    Args:
        places: Where to look if OpenSSL has nothing where it was told to look when it was built.
    """
    import ssl

    found = ssl.get_default_verify_paths()
    if (
        found.cafile
        or found.capath
        or os.environ.keys() & {found.openssl_cafile_env, found.openssl_capath_env}
    ):
        return ssl.create_default_context()
    file = next((place for place in places if os.path.isfile(place)), None)
    return ssl.create_default_context(cafile=file)
