"""Configuration of one model server: address, key, models and prices.

A key is never sent to another server than the one for which it was entered.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from hub.ai.address_guard import refusal
from hub.errors import ConfigError
from hub.server_urls import is_forbidden, parse_address

Kind = Literal["openai", "ollama"]
Api = Literal["chat", "responses"]

_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.IGNORECASE)
DEFAULT_ADDRESSES = {"openai": "https://api.openai.com/v1", "ollama": "http://127.0.0.1:11434"}
"""Default address of each kind of server."""


class ModelServer(msgspec.Struct, frozen=True, kw_only=True):
    """A model server.

    Attributes:
        name: the server's name in the settings.
        kind: the server's protocol: OpenAI's, which many servers support, or Ollama's.
        model: the model for requests without an image.
        base_url: the server's address; None: the default address of its ``kind``.
        api_key: the key; None for a server without a key.
        api: which of OpenAI's APIs to use: chat completions or responses.
        vision_model: the model for images. If None, ``model`` is used for the kind ``openai``, and the kind ``ollama``
            accepts no images.
        transcription_model: the model for speech; None: speech is not supported.
        price_in, price_out: money per million tokens of requests and answers; None: unknown.
    """

    name: str
    kind: Kind
    model: str
    base_url: str | None = None
    api_key: str | None = None
    api: Api = "chat"
    vision_model: str | None = None
    transcription_model: str | None = None
    price_in: float | None = None
    price_out: float | None = None

    def __repr__(self) -> str:
        """Return the fields without the key, which must not get into logs and tracebacks."""
        return f"ModelServer({self.name!r}, {self.kind!r}, {self.model!r}, {self.base_url!r})"

    @property
    def origin(self) -> tuple[str, str, int | None]:
        """Return the scheme, host and port that the key is sent to."""
        return origin(self.base_url or DEFAULT_ADDRESSES[self.kind])

    @property
    def local(self) -> bool:
        """Return True if the server is on this machine or in its network.

        Such a server may need minutes for an answer, but keeps the data in the network.
        """
        host = self.origin[1]
        address = parse_address(host)
        if address is not None:
            return address.is_loopback or address.is_private
        return "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa", ".localhost"))

    @property
    def usable(self) -> bool:
        """Return True unless a required key is missing: OpenAI itself needs a key, other servers may need none."""
        return self.kind == "ollama" or bool(self.api_key or self.base_url)


def origin(address: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address.

    For an address without a scheme, the scheme is ``http`` and the default port is Ollama's.
    """
    usual = 80 if "://" in address else 11434
    parts = urlsplit(address if "://" in address else f"http://{address}")
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower().rstrip("."), parts.port or (443 if scheme == "https" else usual)


def checked_address(address: str, kind: Kind) -> str:
    """Check the address of a model server, and return it without surrounding spaces and trailing slashes.

    For the kind ``ollama``, the address may be ``HOST:PORT`` without a scheme. Raises ConfigError if the address is not
    valid, is forbidden, or contains credentials or a query.
    """
    text = address.strip().rstrip("/")
    wrong = ConfigError(f"{text[:100]!r} is not the address of a server.", "Example: https://api.openai.com/v1")
    if len(text) > 500 or any(ord(c) <= 32 or ord(c) == 127 or c == "\\" for c in text):
        raise wrong
    try:
        parts = urlsplit(text if "://" in text or kind == "openai" else f"http://{text}")
        host, port = parts.hostname or "", parts.port
        # Encode the name for DNS. This raises UnicodeError, a ValueError, for a label that is empty or too long.
        ascii_host = host if ":" in host else host.encode("idna").decode()
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https") or port == 0 or parts.query or parts.fragment:
        raise wrong
    if parts.username is not None or parts.password is not None:
        raise ConfigError("The address must not contain a user name or password.", "Enter the key as the API key.")
    number = parse_address(ascii_host)
    if number is None and not _NAME.fullmatch(ascii_host):
        raise wrong
    if number is not None and is_forbidden(number):
        refused = refusal(host)
        raise ConfigError(refused.message, refused.hint)
    if host.isascii():
        return text
    whole = parts._replace(netloc=ascii_host if port is None else f"{ascii_host}:{port}").geturl()
    return whole if "://" in text else whole.removeprefix("http://")


def checked_key(key: str) -> str:
    """Return ``key``. Raises ConfigError if it contains characters that an HTTP header cannot transmit."""
    if len(key) > 2_000 or not all("!" <= c <= "~" for c in key):
        hint = "Copy it again. Allowed: up to 2,000 printable ASCII characters without spaces."
        raise ConfigError("The key contains characters that are not allowed.", hint)
    return key
