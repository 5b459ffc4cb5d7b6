"""Why a connection failed or ended, in the hub's words. It knows no MQTT library."""

from __future__ import annotations

import socket
import ssl

_ENDS = {
    "Session taken over": "another client has connected with this hub's client id",
    "Keep alive timeout": "the broker has stopped answering",
    "Server shutting down": "the broker is shutting down",
    "Packet too large": "the broker found a packet too large",
}


def reason_of_failure(error: BaseException) -> str:
    """Why a connection could not be made."""
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there; is the broker running?"
    if isinstance(error, socket.gaierror):
        return "its host name is not known"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "the broker's certificate is not trusted; name the file of its CA"
    if isinstance(error, ssl.SSLError):
        return "TLS failed; does the broker speak it on this port?"
    if isinstance(error, FileNotFoundError):
        return "the CA file does not exist"
    if isinstance(error, TimeoutError):
        return "the broker did not answer in time"
    return "the broker cannot be reached"


def reason_of_end(name: str) -> str:
    """Why a connection ended, from MQTT 5's name for it (section 2.4)."""
    return _ENDS.get(name, "the connection was cut")
