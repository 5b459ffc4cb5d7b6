"""One server of models as the settings describe it: where it is, what it is asked with, and what that costs.

A key belongs to the address that it was given for: it is never sent to another.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from hub.ai.address_guard import is_forbidden, literal, refusal
from hub.errors import ConfigError

Kind = Literal["openai", "ollama"]
Api = Literal["chat", "responses"]

_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.IGNORECASE)
HOME = {"openai": "https://api.openai.com/v1", "ollama": "http://127.0.0.1:11434"}
"""Where a server is when no address is given."""


class ModelServer(msgspec.Struct, frozen=True, kw_only=True):
    """``kind`` is the protocol: OpenAI's, which many servers speak, or Ollama's. ``api`` is OpenAI's chat completions
    or its Responses. ``vision_model`` looks at pictures, ``transcription_model`` writes down speech; without one this
    server does neither (OpenAI's ``model`` sees by itself). Prices are in money per million tokens; None is unknown.
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
        """Without the key: a struct's own would write it into logs and tracebacks."""
        return f"ModelServer({self.name!r}, {self.kind!r}, {self.model!r}, {self.base_url!r})"

    @property
    def origin(self) -> tuple[str, str, int | None]:
        """Whom the key is sent to: scheme, host and port."""
        return origin(self.base_url or HOME[self.kind])

    @property
    def usable(self) -> bool:
        """Whether there is enough to ask it: OpenAI itself wants a key, a compatible server may do without."""
        return self.kind == "ollama" or bool(self.api_key or self.base_url)


def origin(address: str) -> tuple[str, str, int | None]:
    """Ollama's addresses may come without a scheme; the port is then its own."""
    usual = 80 if "://" in address else 11434
    parts = urlsplit(address if "://" in address else f"http://{address}")
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower().rstrip("."), parts.port or (443 if scheme == "https" else usual)


def checked_address(address: str, kind: Kind) -> str:
    """``address`` as it is used; Ollama's may be ``HOST:PORT`` alone.

    Raises ConfigError for one that is none, or that carries a login or a query.
    """
    text = address.strip().rstrip("/")
    wrong = ConfigError(f"{text[:100]!r} is no address of a server.", "Give one like https://api.openai.com/v1.")
    if len(text) > 500 or any(ord(c) <= 32 or ord(c) == 127 or c == "\\" for c in text):
        raise wrong
    try:
        parts = urlsplit(text if "://" in text or kind == "openai" else f"http://{text}")
        host, port = parts.hostname or "", parts.port
        # The name as it is looked up. UnicodeError, a ValueError: an empty label, or one of more than 63 characters.
        ascii_host = host if ":" in host else host.encode("idna").decode()
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https") or port == 0 or parts.query or parts.fragment:
        raise wrong
    if parts.username is not None or parts.password is not None:
        raise ConfigError("An address holds no login.", "Give the key as a key of its own.")
    number = literal(ascii_host)
    if number is None and not _NAME.fullmatch(ascii_host):
        raise wrong
    if number is not None and is_forbidden(number):
        refused = refusal(host)
        raise ConfigError(refused.message, refused.hint)
    return text.replace(host, ascii_host, 1) if not host.isascii() else text


def checked_key(key: str) -> str:
    """Return ``key`` as it goes into a header. Raises ConfigError for one that cannot."""
    if len(key) > 2_000 or not all("!" <= c <= "~" for c in key):
        raise ConfigError("The key holds characters that no key has.", "Copy it again: letters, digits and signs only.")
    return key
