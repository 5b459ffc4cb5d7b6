"""Signed webhook: JSON by HTTP POST, with the headers of the Standard Webhooks specification.

The signature is the HMAC-SHA256 of ``{webhook-id}.{webhook-timestamp}.{body}`` with the secret, in Base64. The key of a
secret is the Base64 after ``whsec_``, as in the specification. Any other secret is the key itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import msgspec

from hub.errors import Invalid
from hub.notifications.base import ChannelField, OutgoingMessage, Values, masked_url
from hub.notifications.http_client import post

VERSION = 1
"""Version of the JSON body. It is incremented when a field is removed or changes its meaning."""


PREFIX = "whsec_"
"""Prefix of secrets in the format of the specification."""


class Webhook:
    """Posts each message as JSON to a URL."""

    kind = "webhook"
    title = "Webhook"
    fields: tuple[ChannelField, ...] = (
        ChannelField("url", "URL", "secret_url", required=True, help="Messages are sent here by HTTP POST as JSON."),
        ChannelField(
            "secret", "Signing secret", "secret", help="Signs every message, so that the receiver can check it."
        ),
    )
    address: ChannelField | None = None
    pictures = False

    def check(self, values: Values) -> None:
        """Raise Invalid for a secret that begins with ``whsec_`` and is not Base64."""
        try:
            _key(str(values.get("secret", "")))
        except ValueError:
            raise Invalid(
                f"secret is not valid: after {PREFIX} it is not Base64.",
                f"Allowed: {PREFIX} and a key in Base64, or any text that does not begin with {PREFIX}.",
            ) from None

    def check_address(self, address: str) -> None:
        """Do nothing: a webhook has no personal addresses."""

    def target(self, values: Values, address: str) -> str:
        """Return the URL, masked."""
        return masked_url(str(values["url"]))

    async def send(self, values: Values, outgoing: OutgoingMessage) -> None:
        """Post the message. Raises DeliveryFailed."""
        body = msgspec.json.encode(webhook_body(outgoing))
        stamp = str(outgoing.at // 1_000)
        headers = {
            "content-type": "application/json",
            "webhook-id": outgoing.key,
            "webhook-timestamp": stamp,
            "idempotency-key": outgoing.key,
        }
        if secret := values.get("secret"):
            headers["webhook-signature"] = f"v1,{signature(str(secret), outgoing.key, stamp, body)}"
        await post(str(values["url"]), body, headers)

    async def close(self) -> None:
        """Do nothing: no connection stays open."""


def signature(secret: str, key: str, stamp: str, body: bytes) -> str:
    """Return the signature of a message, in Base64."""
    digest = hmac.new(_key(secret), f"{key}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _key(secret: str) -> bytes:
    """Return the HMAC key of a secret. Raises ValueError if the text after ``whsec_`` is not valid Base64."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    if not key:
        raise ValueError("The key is empty.")
    return key


def webhook_body(outgoing: OutgoingMessage) -> dict[str, Any]:
    """Return the JSON of a message."""
    message = outgoing.message
    return {
        "version": VERSION,
        "key": outgoing.key,
        "group": outgoing.group,
        "status": message.kind,
        "severity": message.severity,
        "title": message.title,
        "text": message.text,
        "url": message.url,
        "at": message.at,
        "alerts": [msgspec.structs.asdict(alert) for alert in message.alerts],
        "more_alerts": message.more,
    }
