"""Why a connection failed or ended, as text for people."""

from __future__ import annotations

import socket
import ssl

from hub.mqtt.tls import OwnCertificateError

_ENDS = {
    "Session taken over": "another client connected with this hub's client id",
    "Keep alive timeout": "the broker no longer answers",
    "Server shutting down": "the broker is shutting down",
    "Packet too large": "the broker rejected a packet as too large",
    "Not authorized": "the broker withdrew this hub's authorization",
    "Administrative action": "an administrator ended the connection at the broker",
    "Receive max exceeded": "the broker received more unacknowledged messages than it allows",
    "Message rate too high": "the hub publishes faster than the broker allows",
    "Quota exceeded": "the hub exceeded its quota at the broker",
    "Malformed packet": "the broker could not parse a packet",
    "Protocol error": "the broker received an unexpected packet",
}

_CHECK_USER = "check mqtt.username and mqtt.password (hub device add creates a user)"
_REFUSALS = {
    "Not authorized": f"Not authorized; {_CHECK_USER}",
    "Bad user name or password": f"Bad user name or password; {_CHECK_USER}",
    "Banned": "this client is banned",
    "Server unavailable": "it is unavailable",
    "Server busy": "it is busy",
    "Client id not valid": "it does not accept this hub's client id",
    "Client identifier not valid": "it does not accept this hub's client id",
    "Use another server": "its clients have to use another server; set its address in mqtt.broker",
    "Server moved": "it has moved; set its new address in mqtt.broker",
    "Connection rate exceeded": "too many clients connect at the same time",
    "Quota exceeded": "its limit of clients is reached",
}


def reason_of_failure(error: BaseException) -> str:
    """Return why a connection could not be made."""
    if isinstance(error, ConnectionRefusedError):
        return "connection refused (is the broker running?)"
    if isinstance(error, socket.gaierror):
        return "its host name cannot be resolved"
    if isinstance(error, OwnCertificateError):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return "the broker's certificate is not trusted; set mqtt.ca_file to its CA"
    if isinstance(error, ssl.SSLError):
        return "TLS failed (does the broker use TLS on this port?)"
    if isinstance(error, FileNotFoundError):
        return "the CA file does not exist"
    if isinstance(error, TimeoutError):
        return "the broker did not answer in time"
    return "the broker cannot be reached"


def reason_of_refusal(name: str) -> str:
    """Return why a broker refused the connection, from the name of the reason code (MQTT 5, section 3.2.2.2)."""
    return _REFUSALS.get(name, name)


def reason_of_end(name: str) -> str:
    """Return why a connection ended, from the name of the reason code (MQTT 5, section 2.4)."""
    return _ENDS.get(name, "the connection was lost")
