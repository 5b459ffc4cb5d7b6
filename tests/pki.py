"""Certificates for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LOCAL = ("127.0.0.1", "localhost")


class Issued:
    """A certificate and its key."""

    def __init__(
        self,
        name: str,
        issuer: Issued | None = None,
        *,
        hosts: tuple[str, ...] = LOCAL,
        days: float = 90,
        began: float = 1,
        ca: bool = False,
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=began))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca, None), True)
        )
        if hosts and not ca:
            names: list[x509.GeneralName] = [
                x509.IPAddress(ip_address(each)) if each[0].isdigit() else x509.DNSName(each) for each in hosts
            ]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        self.certificate = builder.sign(issuer.key if issuer else self.key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_pair(folder: Path, own: Issued, *chain: Issued, key: Issued | None = None, mode: int = 0o600) -> None:
    """Write ``hub.crt``, with the chain, and ``hub.key``, by default the certificate's own."""
    (folder / "hub.crt").write_bytes(b"".join(each.pem for each in (own, *chain)))
    (folder / "hub.key").write_bytes((key or own).key_pem)
    (folder / "hub.key").chmod(mode)
