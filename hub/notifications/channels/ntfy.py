"""ntfy: push messages over ntfy.sh or a self-hosted server.

Source: docs.ntfy.sh, "Publish as JSON" and "Attach local file" (the file is the body, and the message is in headers).
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import msgspec

from hub.errors import Invalid
from hub.notifications.base import ChannelField, DeliveryFailed, OutgoingMessage, Values
from hub.notifications.http_client import post

PRIORITIES = {"critical": 5, "warning": 4, "info": 3, "ok": 3}
MAX_HEADER = 4_000
"""Maximum characters of a message that is sent in HTTP headers, because the body is a picture.

Servers and proxies accept headers of about 8,000 characters.
"""
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TAGS = {"critical": "rotating_light", "warning": "warning", "info": "information_source", "ok": "white_check_mark"}


class Ntfy:
    """Publishes each message to a topic."""

    kind = "ntfy"
    title = "ntfy"
    fields: tuple[ChannelField, ...] = (
        ChannelField("server", "Server", "url", required=True, default="https://ntfy.sh", server=True),
        ChannelField(
            "topic", "Topic", "secret", help="Whoever knows it can read the messages. People can add their own."
        ),
        ChannelField("token", "Access token", "secret"),
    )
    address: ChannelField | None = ChannelField("address", "Topic", required=True)
    pictures = True

    def check(self, values: Values) -> None:
        """Raise Invalid for a topic or a token that is not valid."""
        if not str(values.get("token", "")).isascii():
            raise Invalid("token is not valid.", "Allowed: letters, digits and signs of ASCII.")
        if topic := values.get("topic"):
            self.check_address(str(topic))

    def check_address(self, address: str) -> None:
        """Raise Invalid for a topic that is not valid."""
        if not _TOPIC.fullmatch(address):
            raise Invalid("The topic is not valid.", "Allowed: up to 64 letters, digits, _ and -.")

    def target(self, values: Values, address: str) -> str:
        """Return the server, with the topic masked."""
        return f"{str(values['server']).rstrip('/')}/…"

    async def send(self, values: Values, outgoing: OutgoingMessage) -> None:
        """Publish the message. Raises DeliveryFailed."""
        topic = outgoing.address or str(values.get("topic", ""))
        if not topic:
            raise DeliveryFailed("rejected", "The channel has no topic.")
        message = outgoing.message
        look = "ok" if message.kind == "resolved" else message.severity
        body: dict[str, Any] = {
            "topic": topic,
            "title": message.title,
            "message": message.text,
            "priority": PRIORITIES[look],
            "tags": [_TAGS[look]],
            # A later message with the same id replaces this one on servers that can do it (from 2.16 on).
            "sequence_id": hashlib.sha256(outgoing.group.encode()).hexdigest()[:32],
        }
        if message.url:
            body["click"] = message.url
        headers: dict[str, str] = {}
        if token := values.get("token"):
            headers["authorization"] = f"Bearer {token}"
        server = str(values["server"]).rstrip("/")
        in_headers = _in_headers(body)
        if outgoing.picture is not None and len(in_headers["message"]) <= MAX_HEADER:
            try:
                await post(f"{server}/{topic}", outgoing.picture, {**headers, **in_headers})
                return
            except DeliveryFailed as error:
                if error.reason != "rejected":
                    raise
                # If the server accepts no files, the message is sent without the picture.
        await post(server, msgspec.json.encode(body), {**headers, "content-type": "application/json"})

    async def close(self) -> None:
        """Do nothing: no connection stays open."""


def _in_headers(body: dict[str, Any]) -> dict[str, str]:
    """Return the HTTP headers with the fields of a message, for a request whose body is a picture.

    ``body`` is the message as the JSON object of the ntfy API. Texts are encoded as in RFC 2047.
    """
    headers = {
        "title": _encoded_word(body["title"]),
        "message": _encoded_word(body["message"]),
        "priority": str(body["priority"]),
        "tags": ",".join(body["tags"]),
        "x-sequence-id": body["sequence_id"],
        "filename": "chart.png",
    }
    return {**headers, "click": body["click"]} if "click" in body else headers


def _encoded_word(text: str) -> str:
    return f"=?UTF-8?B?{base64.b64encode(text.encode()).decode()}?="
