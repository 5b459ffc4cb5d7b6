"""Web push: messages to the browsers and phones that people have subscribed (RFC 8030, 8188, 8291 and 8292)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hub.ai.address_guard import is_public
from hub.errors import Invalid
from hub.notifications.base import ChannelField, DeliveryFailed, OutgoingMessage, Values, masked_url
from hub.notifications.http_client import post
from hub.server_urls import check_url

CHANNEL = "webpush"
"""The id of the only channel of this kind, which the hub creates."""
TTL_S = 86_400
"""Time in seconds for which a push service keeps a message for a device that is off."""
TOKEN_S = 3_600
MAX_TEXT_CHARS = 1_000
"""Maximum characters of the text of a message. A push service accepts about 4,000 bytes for the whole message."""
_GONE = ("HTTP 404", "HTTP 410")
_SUBJECT = "mailto:notifications@watchkeeper.invalid"


class BrowserSubscription(msgspec.Struct, frozen=True):
    """The subscription of a browser: the URL to which messages are sent, and the keys to encrypt them."""

    endpoint: str
    keys: dict[str, str]


class WebPush:
    """Sends each message to a browser of a person."""

    kind = CHANNEL
    title = "Browser push"
    fields: tuple[ChannelField, ...] = (ChannelField("key", "VAPID key", "secret", required=True),)
    address: ChannelField | None = ChannelField("address", "Subscription of the browser", required=True)
    pictures = False

    def check(self, values: Values) -> None:
        """Do nothing: every combination of settings is allowed."""

    def check_address(self, address: str) -> None:
        """Raise Invalid unless the address is a browser's subscription with an https URL."""
        if urlsplit(_subscription(address).endpoint).scheme != "https":
            raise Invalid("The endpoint of the subscription is not valid.", "Allowed: https://….")

    def target(self, values: Values, address: str) -> str:
        """Return the address of the push service, with secrets masked."""
        return masked_url(_subscription(address).endpoint) if address else "browsers"

    async def send(self, values: Values, outgoing: OutgoingMessage) -> None:
        """Encrypt the message and hand it to the push service. Raises DeliveryFailed."""
        # Imported here: it imports two HTTP libraries, which would make each start of the hub slower.
        from py_vapid import Vapid02
        from pywebpush import WebPusher

        subscription, message = _subscription(outgoing.address), outgoing.message
        body = {
            "title": message.title,
            "body": message.text[:MAX_TEXT_CHARS],
            "tag": hashlib.sha256(outgoing.group.encode()).hexdigest()[:32],
            "url": message.url,
            "kind": message.kind,
            "severity": message.severity,
        }
        if message.alerts and message.alerts[0].metric is not None:
            body["image"] = f"/api/alerts/{message.alerts[0].id}/chart.png"  # the browser reads it from the hub
        try:
            encrypted = WebPusher(msgspec.to_builtins(subscription)).encode(json.dumps(body).encode())["body"]
        except ValueError:
            raise DeliveryFailed("rejected", "The keys of the subscription are not valid.", gone=True) from None
        service = urlsplit(subscription.endpoint)
        claims = {
            "sub": _SUBJECT,
            "aud": f"{service.scheme}://{service.netloc}",
            "exp": str(outgoing.at // 1_000 + TOKEN_S),
        }
        headers = {
            **Vapid02.from_raw(str(values["key"]).encode()).sign(claims),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(TTL_S),
            "urgency": "high" if message.severity == "critical" else "normal",
            "topic": body["tag"],  # replaces a message that the device has not received yet
        }
        try:
            await post(subscription.endpoint, encrypted, headers)
        except DeliveryFailed as error:
            if error.text.startswith(_GONE):
                raise DeliveryFailed("rejected", "The browser has ended its subscription.", gone=True) from None
            raise

    async def close(self) -> None:
        """Do nothing: no connection stays open."""


async def check_public(address: str) -> None:
    """Raise Invalid unless a subscription is at a public address of the internet."""
    endpoint = urlsplit(_subscription(address).endpoint)
    if not await is_public(endpoint.hostname or "", endpoint.port or 443):
        raise Invalid(
            f"The endpoint {masked_url(endpoint.geturl())} is not on the public internet.",
            "Only administrators may enter addresses in private networks.",
        )


def new_key() -> str:
    """Return a new private key, with which the hub identifies itself to push services (VAPID)."""
    from py_vapid import Vapid02

    vapid = Vapid02()
    vapid.generate_keys()
    return _encode(vapid.private_key.private_numbers().private_value.to_bytes(32, "big"))


def public_key(key: str) -> str:
    """Return the public key of a private key, in the format that browsers expect."""
    from py_vapid import Vapid02

    numbers = Vapid02.from_raw(key.encode()).public_key.public_numbers()
    return _encode(b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _subscription(address: str) -> BrowserSubscription:
    """Return the subscription that is stored as an address. Raises Invalid if the address is not a subscription."""
    hint = "Subscribe in the browser, under Settings → My notifications."
    try:
        found = msgspec.json.decode(address, type=BrowserSubscription)
        keys: dict[str, Any] = {name: base64.urlsafe_b64decode(found.keys[name] + "==") for name in ("p256dh", "auth")}
    except (msgspec.MsgspecError, KeyError, ValueError, binascii.Error):
        raise Invalid("This is not the subscription of a browser.", hint) from None
    if len(keys["p256dh"]) != 65 or len(keys["auth"]) != 16:
        raise Invalid("The keys of the subscription are not valid.", hint)
    check_url("endpoint", found.endpoint)
    return BrowserSubscription(found.endpoint, {name: found.keys[name] for name in keys})
