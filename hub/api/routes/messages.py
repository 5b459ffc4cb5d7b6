"""``/api/devices/{id}/messages``: what a device says, as it came off the wire."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.schemas import devices
from hub.registry.registry import DeviceRegistry
from hub.services.message_tap import MessageTap, TappedMessage

HEX_BYTES = 256


def routes(registry: DeviceRegistry, message_tap: MessageTap, now: Callable[[], int]) -> APIRouter:
    router = APIRouter(prefix="/api/devices", tags=["devices"])

    @router.get("/{device_id}/messages", response_model=devices.MessageList)
    async def messages(device_id: str) -> Response:
        """The last raw messages of this device, newest first, at most 50.

        The hub collects them for the devices that somebody asks about, and for a minute after; before the first
        request there is what has not been displaced by the last 2,000 messages of all devices. Long payloads are cut.
        """
        registry.require(device_id)
        return Json({"items": [message_shape(heard) for heard in message_tap.of(device_id, now())]})

    return router


def message_shape(heard: TappedMessage) -> devices.MessageShape:
    message = heard.message
    cut = len(message.payload) < heard.size
    text = _text(message.payload, cut)
    return {
        "received_at": message.received,
        "topic": message.topic,
        "qos": message.qos,
        "retained": message.retained,
        "bytes": heard.size,
        "payload": message.payload[:HEX_BYTES].hex(" ") if text is None else text,
        "encoding": "hex" if text is None else "utf-8",
        "cut": cut or (text is None and heard.size > HEX_BYTES),
    }


def _text(payload: bytes, cut: bool) -> str | None:
    """As text, if it is one; a character that was cut in two at the end is left out."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(payload, final=not cut)
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text
