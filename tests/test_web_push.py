"""Web push: a push service gets a message that only the browser can read; browsers that are gone are forgotten."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from http_receiver import http_receiver
from hub.errors import Invalid
from hub.model import Message
from hub.notifications.base import DeliveryFailed, OutgoingMessage
from hub.notifications.channels.webpush import WebPush, new_key, public_key

SECRET = b"0123456789abcdef"
FIRING = Message(
    "firing", "Critical: Pump 1", "95 °C is above 80 °C", "critical", 1, url="https://hub.example/alerts/a-1"
)


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


async def test_message_is_encrypted_for_the_browser_and_signed_by_the_hub(tmp_path: Path) -> None:
    browser = ec.generate_private_key(ec.SECP256R1())
    public = browser.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    push, values = WebPush(), {"key": new_key()}
    async with http_receiver() as service:
        keys = {"p256dh": encoded(public), "auth": encoded(SECRET)}
        address = json.dumps({"endpoint": f"{service.url}/secret", "keys": keys})
        outgoing = OutgoingMessage("webpush", "n-1", "alert:a-1@1", address, FIRING, 1_700_000_000_000)
        await push.send(values, outgoing)
        (posted,) = service.posted
        assert b"Pump" not in posted.body
        text = http_ece.decrypt(posted.body, private_key=browser, auth_secret=SECRET, version="aes128gcm")
        assert json.loads(text) == {
            "title": "Critical: Pump 1", "body": "95 °C is above 80 °C", "tag": posted.headers["topic"],
            "url": "https://hub.example/alerts/a-1", "kind": "firing", "severity": "critical",
        }  # fmt: skip
        assert f"k={public_key(values['key'])}" in posted.headers["authorization"]
        assert (posted.headers["urgency"], posted.headers["content-encoding"]) == ("high", "aes128gcm")
        assert "secret" not in push.target(values, address)
        service.answer = lambda posted: "410 Gone\r\n"
        with pytest.raises(DeliveryFailed) as failed:
            await push.send(values, outgoing)
        assert failed.value.gone
    push.check_address(address.replace("http:", "https:"))
    for wrong in ("x", "{}", address, json.dumps({"endpoint": "https://x", "keys": {"p256dh": "AA", "auth": "AA"}})):
        with pytest.raises(Invalid):
            push.check_address(wrong)
