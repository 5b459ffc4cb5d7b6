"""The certificate of the web server, read again when its files change."""

from __future__ import annotations

import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from hub.certificates import Certificate, check_key, faults_of, read_chain
from hub.errors import ConfigError

log = logging.getLogger(__name__)

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Allowed ciphers of TLS 1.2: those with forward secrecy and authenticated encryption.

All ciphers of TLS 1.3 have both.
"""
MINIMUM = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

Signature = tuple[tuple[int, int, int] | None, ...]


class ServerCertificate:
    """A certificate and its key, which are read from two files.

    Attributes:
        context: The TLS context for new connections.
    """

    def __init__(self, cert_file: Path, key_file: Path, minimum: Literal["1.2", "1.3"] = "1.2") -> None:
        """Read the certificate and its key. Raises ConfigError if they cannot be used.

        An expired certificate is used all the same, since there is no other. ``minimum`` is the lowest version of TLS.
        """
        self._files = (cert_file, key_file)
        self._minimum = MINIMUM[minimum]
        self._read = self._seen = self._signature()
        self.context, chain = self._load()
        for fault in faults_of(chain, (), datetime.now(UTC)):
            log.warning("HTTPS: %s. %s", fault.text, fault.advice)

    def changed(self) -> bool:
        """Return True if the files have to be read again.

        This is so if they differ from the files that were read, and have not changed since the last call. Programs that
        renew certificates replace one file after the other, so the files are read only when they have stopped changing.
        """
        before, self._seen = self._seen, self._signature()
        return self._seen == before and self._seen != self._read

    def reload(self) -> Certificate:
        """Read the files again for new connections, and return the certificate.

        Raises ConfigError if their content cannot be used. The old certificate then stays in use.
        """
        self._read = self._signature()
        context, chain = self._load()
        own, now = chain[0], datetime.now(UTC)
        if not own.x509.not_valid_before_utc <= now <= own.ends:
            dates = f"valid from {own.x509.not_valid_before_utc:%Y-%m-%d} to {own.ends:%Y-%m-%d}"
            raise ConfigError(f"The certificate in {self._files[0]} is {dates}, not now.", "Renew it.")
        self.context = context
        return own

    def _load(self) -> tuple[ssl.SSLContext, list[Certificate]]:
        cert_file, key_file = self._files
        chain = read_chain(cert_file)
        check_key(chain, key_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = self._minimum
        context.set_ciphers(CIPHERS)
        context.set_alpn_protocols(["http/1.1"])
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
        try:
            context.load_cert_chain(cert_file, key_file)
        except (OSError, ValueError) as error:  # an SSLError, such as a key that is too short, is an OSError
            reason = getattr(error, "reason", None) or str(error)
            raise ConfigError(f"{cert_file} and {key_file} cannot be used for HTTPS ({reason}).") from error
        return context, chain

    def _signature(self) -> Signature:
        return tuple(map(_signature, self._files))


def _signature(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
