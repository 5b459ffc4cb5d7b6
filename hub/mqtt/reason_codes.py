"""Why a connection failed or ended, in the hub's words. It knows no MQTT library."""

from __future__ import annotations

import socket
import ssl

_ENDS = {
    "Session taken over": "another client has connected with this hub's client id",
    "Keep alive timeout": "the broker has stopped answering",
    "Server shutting down": "the broker is shutting down",
    "Packet too large": "the broker found a packet too large",
    "Not authorized": "the broker withdrew this hub's right to be connected",
    "Administrative action": "somebody ended the connection at the broker",
    "Receive max exceeded": "the broker found more messages on their way than it allows",
    "Message rate too high": "the broker found that the hub sends too much",
    "Quota exceeded": "the hub has used up what the broker grants it",
    "Malformed packet": "one side could not read what the other sent",
    "Protocol error": "one side sent what the other did not expect",
}

_REFUSALS = {
    "Not authorized": "Not authorized; check mqtt.username and mqtt.password",
    "Bad user name or password": "Bad user name or password; check mqtt.username and mqtt.password",
    "Banned": "this client is banned there",
    "Server unavailable": "it is not available now",
    "Server busy": "it is busy",
    "Client id not valid": "it does not accept this hub's client id",
    "Client identifier not valid": "it does not accept this hub's client id",
    "Use another server": "it sends its clients to another server; name that one",
    "Server moved": "it has moved; name its new address",
    "Connection rate exceeded": "too many clients connect at once",
    "Quota exceeded": "it has no room for another client",
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


def reason_of_refusal(name: str) -> str:
    """Why a broker took no connection, from the protocol's name for it (section 3.2.2.2)."""
    return _REFUSALS.get(name, name)


def reason_of_end(name: str) -> str:
    """Why a connection ended, from MQTT 5's name for it (section 2.4)."""
    return _ENDS.get(name, "the connection was cut")
