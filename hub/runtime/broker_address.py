"""The broker's address in the settings: ``HOST``, ``HOST:PORT``, or a URL such as ``mqtts://HOST``."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from hub.runtime.network_addresses import check_address, join_address

PORT, TLS_PORT = 1883, 8883
_SCHEMES = {
    "mqtt": (False, "tcp", PORT),
    "tcp": (False, "tcp", PORT),
    "mqtts": (True, "tcp", TLS_PORT),
    "ssl": (True, "tcp", TLS_PORT),
    "ws": (False, "websocket", 80),
    "wss": (True, "websocket", 443),
}
"""By scheme of the URL: whether it uses TLS, the transport, and the default port."""
_ALLOWED = 'HOST, HOST:PORT or a URL, for example "127.0.0.1:1883" or "mqtts://broker.example.org"'


def with_broker_address(table: dict[str, Any]) -> dict[str, Any]:
    """Return the table ``[mqtt]`` with the broker as HOST:PORT.

    If the broker is a URL, the URL also determines the keys for TLS and the transport.

    Raises:
        ValueError: The address is not valid; the text of the error is what is allowed.
    """
    text = table.get("broker")
    if not isinstance(text, str):
        return table
    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        port = TLS_PORT if table.get("tls") in (True, "true", "1") else PORT
        return table | {"broker": _with_port(text.strip(), port)}
    if scheme.lower() not in _SCHEMES:
        raise ValueError(f"{_ALLOWED}; the schemes are {', '.join(_SCHEMES)}")
    tls, transport, port = _SCHEMES[scheme.lower()]
    if "@" in rest:
        raise ValueError("a URL without user name and password; set them as mqtt.username and mqtt.password")
    try:
        url = urlsplit(f"//{rest}")
        address = join_address(url.hostname or "", port if url.port is None else url.port)
        check_address(address, first_port=1)
    except ValueError:
        raise ValueError(_ALLOWED) from None
    if (url.path not in ("", "/") and transport == "tcp") or url.query or url.fragment:
        raise ValueError(f"{_ALLOWED}, with nothing behind it")
    if not tls and table.get("tls") in (True, "true", "1"):
        raise ValueError("a contradiction")
    found = table | {"broker": address, "tls": tls, "transport": transport}
    return found | {"websocket_path": url.path} if transport == "websocket" and url.path else found


def check_broker(text: str) -> str:
    """Return ``text`` if it can be the broker's address. Raise ValueError otherwise."""
    with_broker_address({"broker": text})
    return text


def _with_port(text: str, port: int) -> str:
    """Return ``HOST:PORT``. ``port`` is used if ``text`` is a host without a port.

    Raises ValueError for an invalid address.
    """
    if text.isdigit():  # a port without its host
        raise ValueError(_ALLOWED)
    has_port = ":" in text.rpartition("]")[2] if text.startswith("[") else ":" in text
    try:
        return check_address(text if has_port else f"{text}:{port}", first_port=1)
    except ValueError:
        raise ValueError(_ALLOWED) from None
