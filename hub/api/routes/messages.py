"""``/api/devices/{id}/messages``: the last raw MQTT messages of a device."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from hub.accounts.scope import current_scope
from hub.api.errors import Json
from hub.api.schemas import devices
from hub.registry.reader import DeviceReader
from hub.services.message_tap import MessageTap, TappedMessage

HEX_BYTES = 256


def routes(registry: DeviceReader, message_tap: MessageTap, now: Callable[[], int]) -> APIRouter:
    router = APIRouter(prefix="/api/devices", tags=["devices"])

    @router.get("/{device_id}/messages", response_model=devices.MessageList)
    async def list_messages(device_id: str) -> Response:
        """Return the last raw MQTT messages of a device, newest first, at most 50.

        The hub collects a device's messages for a minute after each request. So the first request only returns the
        device's messages among the last 2,000 of all devices. Payloads are cut to 2,048 bytes.
        """
        registry.require(device_id)
        found = message_tap.of(device_id, now())
        if not current_scope().whole:  # a gateway's message may have values of other devices
            owners = [message_tap.devices_of(each) for each in found]
            found = [each for each, ids in zip(found, owners, strict=True) if ids and all(map(registry.known, ids))]
        return Json(devices.MessageList(items=[message_shape(tapped) for tapped in found]))

    return router


def message_shape(tapped: TappedMessage) -> devices.MessageShape:
    """Return a message as JSON, with its payload as text or as hexadecimal."""
    message = tapped.message
    cut = len(message.payload) < tapped.size
    text = _text(message.payload, cut)
    return devices.MessageShape(
        received_at=message.received,
        topic=message.topic,
        qos=message.qos,
        retained=message.retained,
        bytes=tapped.size,
        payload=message.payload[:HEX_BYTES].hex(" ") if text is None else text,
        encoding="hex" if text is None else "utf-8",
        cut=cut or (text is None and tapped.size > HEX_BYTES),
    )


def _text(payload: bytes, cut: bool) -> str | None:
    """Return the payload as text, or None if it is not UTF-8. An incomplete character at the cut is left out."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(payload, final=not cut)
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text
