"""The hub's own certificate authority (CA): it issues certificates for devices and servers, and revokes them.

The CA's folder contains its certificate ``ca.crt`` and key ``ca.key``, the list of issued certificates ``issued.json``,
and the revocation list ``crl.pem``. The operator may replace ``ca.crt`` and ``ca.key`` by those of another CA. The
private keys of issued certificates are not stored.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hub.certificates.reading import check_key, read_chain
from hub.errors import ConfigError, NotFound, StoreError
from hub.runtime.private_files import make_folder, open_private, replace_file, replace_files, write_draft

CA_DAYS = 3650
SERVER_DAYS = 397
"""Validity of a server certificate in days. Browsers refuse certificates that are valid for longer."""
SKEW = timedelta(hours=1)
"""The validity of a certificate begins this long before it is issued, for devices whose clocks are slow."""
_USAGE = {"client": ExtendedKeyUsageOID.CLIENT_AUTH, "server": ExtendedKeyUsageOID.SERVER_AUTH}

Key = ec.EllipticCurvePrivateKey
Kind = Literal["client", "server"]


class IssuedCertificate(msgspec.Struct, frozen=True):
    """A certificate that the CA has issued.

    ``serial`` is hexadecimal. ``issued``, ``ends`` and ``revoked`` are the times of issue, expiry and revocation in
    epoch ms. ``revoked`` is None if the certificate is not revoked.
    """

    serial: str
    name: str
    kind: Kind
    issued: int
    ends: int
    revoked: int | None = None


class Bundle(msgspec.Struct, frozen=True):
    """The files of a device or server as PEM texts: certificate, private key, and the CA's certificate.

    ``ends`` is when the certificate expires, in epoch ms.
    """

    certificate: str
    key: str
    ca: str
    ends: int


class Authority:
    """The hub's certificate authority (CA) in ``folder``. It is created when it issues its first certificate."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca_file, self.crl_file = folder / "ca.crt", folder / "crl.pem"
        self._key_file, self._list = folder / "ca.key", folder / "issued.json"

    @property
    def exists(self) -> bool:
        """True if the CA has been created."""
        return self.ca_file.exists()

    def issued(self) -> list[IssuedCertificate]:
        """Return the certificates that were issued, oldest first.

        Expired ones are included until the next certificate is issued or revoked. Raises ConfigError if the list cannot
        be read.
        """
        try:
            return msgspec.json.decode(self._list.read_bytes(), type=list[IssuedCertificate])
        except FileNotFoundError:
            return []
        except (OSError, ValueError, RecursionError) as error:
            raise ConfigError(f"{self._list} cannot be read ({error}).", "Restore it from a backup.") from error

    def devices(self) -> dict[str, int]:
        """Return when the last valid certificate of each device expires, in epoch ms, by device id.

        Devices without a valid certificate are left out.
        """
        now, found = _ms(datetime.now(UTC)), dict[str, int]()
        for each in self.issued():
            if each.kind == "client" and each.revoked is None and each.ends > now:
                found[each.name] = max(each.ends, found.get(each.name, 0))
        return found

    def issue(self, name: str, kind: Kind, days: int, hosts: Sequence[str] = ()) -> Bundle:
        """Issue a certificate for the device ``name``, or for a server with the names and addresses ``hosts``.

        The certificate is valid for ``days`` days, but not longer than the CA.
        """
        with self._changing() as records:
            ca, ca_key = self._load()
            key = ec.generate_private_key(ec.SECP256R1())
            now = datetime.now(UTC)
            ends = min(now + timedelta(days=days), ca.not_valid_after_utc)
            builder = _builder(name, key, ca.subject, now, ends, ca_key).add_extension(
                x509.ExtendedKeyUsage([_USAGE[kind]]), False
            )
            builder = builder.add_extension(x509.BasicConstraints(False, None), True)
            if hosts:
                builder = builder.add_extension(x509.SubjectAlternativeName(list(map(_general_name, hosts))), False)
            certificate = builder.sign(ca_key, hashes.SHA256())
            serial = f"{certificate.serial_number:x}"
            records.append(IssuedCertificate(serial, name, kind, _ms(now), _ms(ends)))
        return Bundle(_pem(certificate), _key_pem(key), _pem(ca), _ms(ends))

    def revoke(self, name: str) -> int:
        """Revoke all certificates of a device and return their number. Raises NotFound if there are none."""
        with self._changing() as records:
            now = _ms(datetime.now(UTC))
            found = [each for each in records if (each.name, each.kind, each.revoked) == (name, "client", None)]
            if not found:
                raise NotFound(f"{name[:64]!r} has no certificate.", "To list them: hub device list")
            records[:] = [msgspec.structs.replace(each, revoked=now) if each in found else each for each in records]
        return len(found)

    @contextmanager
    def _changing(self) -> Iterator[list[IssuedCertificate]]:
        """Yield the list of issued certificates, and store it with the caller's changes when the context ends.

        The list has all certificates that have not expired. A new revocation list is written with it. A file lock lets
        only one process do this at a time. The certificate authority is created if it does not exist.

        Raises StoreError if a file cannot be written.
        """
        try:
            make_folder(self.folder)
            with open(self.folder / "lock", "w", opener=open_private) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not self.exists:
                    self._create()
                now = _ms(datetime.now(UTC))
                records = [each for each in self.issued() if each.ends > now]
                yield records
                drafts = [(write_draft(self.crl_file, self._crl(records)), self.crl_file)]
                drafts.append((write_draft(self._list, msgspec.json.encode(records)), self._list))
                replace_files(drafts)
        except OSError as error:
            hint = "Check the owner, permissions and free space of the data folder."
            raise StoreError(f"{error.filename or self.folder} cannot be written ({error.strerror}).", hint) from error

    def _create(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        name = f"Watchkeeper CA {x509.random_serial_number():x}"[:30]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(name, key, subject, now, now + timedelta(days=CA_DAYS), key)
        builder = builder.add_extension(x509.BasicConstraints(True, 0), True)
        replace_file(self._key_file, _key_pem(key).encode())
        replace_file(self.ca_file, _pem(builder.sign(key, hashes.SHA256())).encode())

    def _load(self) -> tuple[x509.Certificate, Key]:
        chain = read_chain(self.ca_file)
        check_key(chain, self._key_file)
        key = load_pem_private_key(self._key_file.read_bytes(), None)
        if not isinstance(key, Key):
            raise ConfigError(f"{self._key_file} is not a key on an elliptic curve.", "Use another CA.")
        return chain[0].x509, key

    def _crl(self, records: Sequence[IssuedCertificate]) -> bytes:
        """Return the revocation list (CRL) as PEM.

        It is valid for as long as the CA, because with an expired list the broker would refuse all clients.
        """
        ca, key = self._load()
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder(ca.subject, now - SKEW, ca.not_valid_after_utc)
        builder = builder.add_extension(x509.CRLNumber(_ms(now)), False)
        for each in records:
            if each.revoked is not None:
                date = datetime.fromtimestamp(each.revoked / 1000, UTC)
                revoked = x509.RevokedCertificateBuilder(int(each.serial, 16), date).build()
                builder = builder.add_revoked_certificate(revoked)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _builder(
    name: str, key: Key, issuer: x509.Name, begins: datetime, ends: datetime, issuer_key: Key
) -> x509.CertificateBuilder:
    is_ca = key is issuer_key
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only"), False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins - SKEW)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
        .add_extension(x509.KeyUsage(digital_signature=not is_ca, key_cert_sign=is_ca, crl_sign=is_ca, **usage), True)
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _key_pem(key: Key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
