"""Homie: descriptions of its devices (``description``), decoding of their messages (``dialect``)."""

from __future__ import annotations

from hub.dialects.homie.dialect import HomieDialect
from hub.dialects.registration import BaseTopic, DialectSettings, DialectType


class HomieSettings(DialectSettings, frozen=True):
    homie: BaseTopic = "homie"
    """The base topic of Homie devices."""


DIALECT = DialectType(
    settings=HomieSettings,
    make=lambda settings, context: HomieDialect(settings.homie),
    roots=lambda settings: (settings.homie,),
)

__all__ = ["DIALECT", "HomieDialect", "HomieSettings"]
