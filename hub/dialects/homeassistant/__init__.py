"""Home Assistant MQTT discovery.

``discovery`` parses announcements, ``entities`` and ``readings`` decode the state of entities, ``commands`` describes
their commands, and ``template`` and ``filters`` run the templates in announcements.
"""

from __future__ import annotations

from hub.dialects.base import Publish
from hub.dialects.homeassistant.dialect import HomeAssistantDialect
from hub.dialects.homeassistant.template import fill
from hub.dialects.native import NativeDialect
from hub.dialects.registration import BaseTopic, DialectContext, DialectSettings, DialectType


class HomeAssistantSettings(DialectSettings, frozen=True):
    prefix: BaseTopic = "homeassistant"
    """The discovery prefix that is set in Home Assistant."""


def _make(settings: HomeAssistantSettings, context: DialectContext) -> HomeAssistantDialect:
    """Return the dialect. It does not decode topics that the dialects before it in the order own."""
    earlier = context.earlier()
    filters = [
        each
        for dialect in earlier
        for each in (dialect.topics if isinstance(dialect, NativeDialect) else dialect.filters)
    ]
    return HomeAssistantDialect(settings.prefix, lambda topic: any(dialect.owns(topic) for dialect in earlier), filters)


DIALECT = DialectType(
    settings=HomeAssistantSettings,
    make=_make,
    roots=lambda settings: (settings.prefix,),
    birth_messages=lambda settings: (Publish(f"{settings.prefix}/status", b"online", qos=0),),
)

__all__ = ["DIALECT", "HomeAssistantDialect", "HomeAssistantSettings", "fill"]
