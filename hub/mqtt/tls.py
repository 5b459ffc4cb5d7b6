"""TLS settings for connections to the broker."""

from __future__ import annotations

import ssl


class _Socket(ssl.SSLSocket):
    """Socket that closes itself when the handshake fails. paho does not, so each attempt would leak a descriptor."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def client_context(ca_file: str | None) -> ssl.SSLContext:
    """Return a context for TLS 1.2 or newer. It reads files, so do not call it on the event loop.

    The broker's certificate must name the host and be signed by a CA in ``ca_file`` (None: by one of the system's).

    Raises:
        OSError: The file cannot be read or has no certificate.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _Socket
    return context
