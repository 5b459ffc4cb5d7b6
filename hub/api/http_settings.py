"""Settings of the HTTP API: where it listens, which hosts and origins it accepts, and its limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hub.accounts.openid import OpenIdSettings


@dataclass(frozen=True, kw_only=True)
class HttpSettings:
    """Settings of the HTTP server and of the API behind it.

    Attributes:
        host: Address that the server is bound to.
        port: Port that the server is bound to.
        token: Access token. If it is None and there are no accounts, everybody who reaches the port has full access, so
            ``host`` must be loopback.
        command_token: Access token for ``hub`` commands on this machine, made at each start.
        allowed_hosts: Further names that are accepted in the ``Host`` header.
        allowed_origins: Further origins (``https://hub.example``) whose pages may use the API.
        trusted_proxies: Networks whose ``X-Forwarded`` headers are trusted.
        root_path: Path below which a proxy serves the hub, such as ``/hub``; empty if there is none.
        max_connections: Limit on open connections; None derives it from the process's limit on open files.
        max_connections_per_client: Limit on open connections of one client; None for half of the total.
        web_dir: Directory of the built dashboard.
        image_bytes: Limit on an uploaded picture.
        audio_bytes: Limit on an uploaded recording.
        document_bytes: Limit on an uploaded document.
        body_bytes: Limit on the body of any other request.
        ai_requests: Limit on questions that are answered at the same time. The same limit applies to analyses of files.
        openid: The OpenID provider with which people can sign in.
        question_chars: Limit on the length of a question to ``/ask``.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    command_token: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    root_path: str = ""
    max_connections: int | None = None
    max_connections_per_client: int | None = None
    web_dir: Path
    openid: OpenIdSettings | None = None
    image_bytes: int = 10 * 1024 * 1024
    audio_bytes: int = 50 * 1024 * 1024
    document_bytes: int = 50 * 1024 * 1024
    body_bytes: int = 256 * 1024
    ai_requests: int = 4
    question_chars: int = 20_000

    def limits(self) -> dict[str, int]:
        """Return the limits that ``/api/status`` shows."""
        return {
            "image_bytes": self.image_bytes,
            "audio_bytes": self.audio_bytes,
            "document_bytes": self.document_bytes,
            "body_bytes": self.body_bytes,
            "ai_requests": self.ai_requests,
        }
