"""Read server certificates, and check their dates, host names, order and private key."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from hub.errors import ConfigError

RENEW_DAYS = 14
"""A certificate is reported as a fault when it expires in this many days or fewer."""
MAX_BYTES = 1_000_000


class CertificateFault(NamedTuple):
    """A problem with a certificate, and how to solve it. ``serious`` is True if clients refuse the certificate."""

    text: str
    advice: str
    serious: bool = True


class Certificate(NamedTuple):
    """A certificate, with the fields that the hub checks."""

    x509: x509.Certificate

    @property
    def subject(self) -> str:
        return self.x509.subject.rfc4514_string() or "no subject"

    @property
    def issuer(self) -> str:
        return self.x509.issuer.rfc4514_string()

    @property
    def ends(self) -> datetime:
        return self.x509.not_valid_after_utc

    @property
    def der(self) -> bytes:
        return self.x509.public_bytes(Encoding.DER)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate, as browsers show it."""
        return self.x509.fingerprint(SHA256()).hex(":").upper()

    @property
    def self_signed(self) -> bool:
        return self.x509.subject == self.x509.issuer

    @property
    def names(self) -> tuple[str, ...]:
        """The host names and IP addresses for which the certificate is valid (subjectAltName).

        The name in the subject is not among them, because browsers ignore it.
        """
        try:
            found = self.x509.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return ()
        addresses = map(str, found.get_values_for_type(x509.IPAddress))
        return (*found.get_values_for_type(x509.DNSName), *addresses)

    def covers(self, host: str) -> bool:
        """Return whether the certificate is valid for a host. A wildcard such as ``*.example.com`` covers one label."""
        host = host.lower().strip("[]")
        wildcard = f"*.{host.partition('.')[2]}"
        return any(name.lower() in (host, wildcard) for name in self.names)


def parse_chain(content: bytes, source: str) -> list[Certificate]:
    """Return the certificates in PEM data, in their order. Raises ConfigError if there is no valid certificate.

    ``source`` names the data in the error message.
    """
    try:
        return [Certificate(each) for each in x509.load_pem_x509_certificates(content)]
    except ValueError as error:
        raise ConfigError(f"{source} has no valid certificate.", "Use a file in the PEM format.") from error


def read_chain(file: Path) -> list[Certificate]:
    """Return the certificates of a PEM file, in their order. Raises ConfigError if it cannot be read or has none."""
    return parse_chain(_read(file), str(file))


def check_key(chain: Sequence[Certificate], key_file: Path) -> None:
    """Raise ConfigError unless the private key can be read and belongs to the first certificate of the chain."""
    content = _read(key_file)
    try:
        key = load_pem_private_key(content, None)
    except TypeError:
        hint = "Store it without a passphrase, readable for the hub only."
        raise ConfigError(f"The key {key_file} is encrypted.", hint) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError(f"{key_file} has no valid private key.", "Use a file in the PEM format.") from None
    if key.public_key() != chain[0].x509.public_key():
        raise ConfigError(f"The key {key_file} belongs to another certificate.", "Set a certificate and its own key.")


def mode_fault(key_file: Path) -> CertificateFault | None:
    """Return a fault if every user of the machine can read or write the key file; otherwise None."""
    mode = stat.S_IMODE(key_file.stat().st_mode)
    if mode & 0o007:
        return CertificateFault(f"every user can read the key {key_file} (mode {mode:o})", f"chmod 640 {key_file}")
    return None


def faults_of(chain: Sequence[Certificate], hosts: Sequence[str], now: datetime) -> list[CertificateFault]:
    """Return the faults in the dates, names and order of a server's certificates.

    ``chain`` begins with the server's own certificate. ``hosts`` are the names under which clients reach the server.
    """
    own = chain[0]
    faults = [fault for each in chain if (fault := date_fault(each, now))]
    if not own.names:
        text = "the certificate names no host (subjectAltName), so browsers refuse it"
        faults.append(CertificateFault(text, "Have it issued again with the names of the hub."))
    elif missing := [host for host in hosts if not own.covers(host)]:
        text = f"the certificate is not valid for {', '.join(missing)} but for {', '.join(own.names)}"
        faults.append(CertificateFault(text, "Have it issued again with these names.", False))
    faults += [fault for pair in pairwise(chain) if (fault := _order_fault(*pair))]
    if len(chain) == 1 and not own.self_signed:
        text = f"the file has no certificate of the issuer ({own.issuer})"
        faults.append(
            CertificateFault(text, "If clients do not know it, add it after the hub's own (fullchain.pem).", False)
        )
    return faults


def date_fault(certificate: Certificate, now: datetime) -> CertificateFault | None:
    """Return a fault if the certificate is not valid at ``now``, or expires in at most :data:`RENEW_DAYS` days.

    Return None if there is no fault.
    """
    begins, ends = certificate.x509.not_valid_before_utc, certificate.ends
    if now < begins:
        return CertificateFault(
            f"{certificate.subject} is not valid before {begins:%Y-%m-%d %H:%M} UTC", "Check the clock."
        )
    if now > ends:
        return CertificateFault(f"{certificate.subject} expired on {ends:%Y-%m-%d}", "Renew it now.")
    if ends - now <= timedelta(days=RENEW_DAYS):
        days = (ends - now).days
        return CertificateFault(f"{certificate.subject} expires in {days} days, on {ends:%Y-%m-%d}", "Renew it.", False)
    return None


def _order_fault(lower: Certificate, upper: Certificate) -> CertificateFault | None:
    try:
        lower.x509.verify_directly_issued_by(upper.x509)
    except (ValueError, TypeError, InvalidSignature):
        text = f"{upper.subject} did not issue {lower.subject}, which stands before it"
        return CertificateFault(text, "Put the hub's own certificate first, and each issuer after what it issued.")
    return None


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        hint = "Check the path, and that the hub's user may read it."
        raise ConfigError(f"{file} cannot be read ({error.strerror}).", hint) from error
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{file} is larger than {MAX_BYTES:,} bytes.", "Use a file in the PEM format.")
    return content
