"""Homie: descriptions of its devices (``description``), decoding of their messages (``dialect``)."""

from __future__ import annotations

from hub.dialects.homie.dialect import HomieDialect
from hub.dialects.registration import BaseTopic, DialectSettings, DialectType


class HomieSettings(DialectSettings, frozen=True):
    prefix: BaseTopic = "homie"
    """The base topic of Homie devices."""


DIALECT = DialectType(
    settings=HomieSettings,
    make=lambda settings, context: HomieDialect(settings.prefix),
    roots=lambda settings: (settings.prefix,),
)

__all__ = ["DIALECT", "HomieDialect", "HomieSettings"]
