"""Decode one message on an entity's topic, for all devices that use the topic."""

from __future__ import annotations

from typing import Any

from hub.bounds import decode_shallow_json
from hub.dialects.base import DialectState
from hub.dialects.homeassistant.announcements import Route
from hub.dialects.homeassistant.entities import Watched
from hub.dialects.homeassistant.readings import read_entity
from hub.dialects.homeassistant.template import Missing, template
from hub.dialects.payload import parse_telemetry, rejection
from hub.errors import Rejected
from hub.model import RawMessage, Rejection, Value, ValueExpired

_UNREAD: Any = object()


class DecodedMessage:
    """The results of one message: values by device, expired values and rejections."""

    __slots__ = ("_parsed", "_text", "changes", "expirations", "message", "rejections", "values")

    def __init__(self, message: RawMessage, text: str) -> None:
        self.message = message
        self._text = text
        self._parsed: Any = _UNREAD
        self.values: dict[str, dict[str, Value]] = {}
        self.expirations: list[ValueExpired] = []
        self.changes: list[DialectState] = []
        self.rejections: list[Rejection] = []

    def read(self, route: Route) -> None:
        """Decode the message by one route, and add its values to the results. An error rejects only these values."""
        reading = route.reading
        if reading.is_event and self.message.retained:
            return
        try:
            text, parsed = self._text, self.parsed if reading.structured else ...
            if route.template is not None:
                text = route.template.render(text, self.parsed, self.message.received)
                parsed = _json(text) if reading.structured else ...
            for metric, value in read_entity(reading, text, parsed) if text else ():
                if isinstance(value, Rejected):
                    self.rejections.append(rejection(self.message, value))
                elif value is None:
                    self.expirations.append(ValueExpired(route.device, metric, self.message.received))
                else:
                    self.values.setdefault(route.device, {})[metric] = value
        except Missing:
            return
        except Rejected as error:
            self.rejections.append(rejection(self.message, error))

    def available(self, watched: Watched) -> bool | None:
        """Return True if the message says "available", False if "not available", None if it says neither."""
        text = self._text
        if watched.template is not None:
            try:
                text = template(watched.template).render(text, self.parsed, self.message.received)
            except Missing:
                return None
            except Rejected as error:
                self.rejections.append(rejection(self.message, error))
                return None
        return True if text == watched.available else False if text == watched.not_available else None

    @property
    def parsed(self) -> Any:
        """The payload as JSON, parsed only once; ``...`` (Ellipsis) if the payload is not JSON."""
        if self._parsed is _UNREAD:
            self._parsed = self._object() if self._text[:1] == "{" else _json(self._text)
        return self._parsed

    def _object(self) -> Any:
        """Return the payload, which begins with a brace, as JSON.

        If it is not valid JSON, add a rejection and return ``...`` (Ellipsis), which stands for "no value": no template
        is evaluated for it.
        """
        try:
            return parse_telemetry(self.message.payload)
        except Rejected as error:
            self.rejections.append(rejection(self.message, error))
            return ...


def _json(text: str) -> Any:
    try:
        return decode_shallow_json(text.encode())
    except Rejected:
        return ...
