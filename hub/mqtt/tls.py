"""How a link checks its broker over TLS. It knows no MQTT library."""

from __future__ import annotations

import ssl


class _Socket(ssl.SSLSocket):
    """Closes itself when the handshake fails: paho forgets it, and every try would cost a descriptor."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def client_context(ca_file: str | None) -> ssl.SSLContext:
    """TLS 1.2 or newer; the broker's certificate must be signed by ``ca_file`` (the system's CAs without) and name
    the host. Reads files, so not for the event loop. Raises OSError."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _Socket
    return context
