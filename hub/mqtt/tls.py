"""TLS settings for connections to the broker."""

from __future__ import annotations

import ssl


class _Socket(ssl.SSLSocket):
    """A socket that closes itself when the handshake fails. paho does not, so each attempt would leak a descriptor."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


class OwnCertificateError(OSError):
    """The client's own certificate or its key cannot be used."""


def client_context(ca_file: str | None, cert_file: str | None = None, key_file: str | None = None) -> ssl.SSLContext:
    """Return a context for TLS 1.2 or newer. It reads files, so do not call it on the event loop.

    The broker's certificate must name the host and be signed by a CA in ``ca_file`` or, if that is None, by a CA that
    the system trusts. ``cert_file`` and ``key_file`` are the client's own certificate, for a broker that requires one.

    Raises:
        OSError: A file cannot be read or has no certificate, or the key does not belong to the certificate.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if cert_file is not None:
        try:
            context.load_cert_chain(cert_file, key_file)
        except OSError as error:  # also an SSLError
            reason = "no certificate with its key" if isinstance(error, ssl.SSLError) else error.strerror
            raise OwnCertificateError(f"mqtt.cert_file and mqtt.key_file cannot be used ({reason})") from error
    context.sslsocket_class = _Socket
    return context
