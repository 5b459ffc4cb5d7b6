"""Shelly: descriptions of devices (``device``), values of components (``status``), the first generation (``gen1``).

``dialect`` decodes the messages.
"""

from __future__ import annotations

from hub.dialects.registration import BaseTopic, DialectSettings, DialectType
from hub.dialects.shelly.dialect import GEN1_ROOT, ShellyDialect


class ShellySettings(DialectSettings, frozen=True):
    prefix: BaseTopic = GEN1_ROOT
    """The root topic of devices of the first generation."""


DIALECT = DialectType(
    settings=ShellySettings,
    make=lambda settings, context: ShellyDialect(settings.prefix, reserved=context.other_roots),
    roots=lambda settings: (settings.prefix,),
)

__all__ = ["DIALECT", "ShellyDialect", "ShellySettings"]
