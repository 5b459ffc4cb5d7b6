"""Shelly: descriptions of its devices (``device``), values of components (``status``), the first generation (``gen1``).

``dialect`` decodes the messages.
"""

from __future__ import annotations

from hub.dialects.registration import DialectSettings, DialectType
from hub.dialects.shelly.dialect import GEN1_ROOT, ShellyDialect

DIALECT = DialectType(
    settings=DialectSettings,
    make=lambda settings, context: ShellyDialect(GEN1_ROOT, reserved=context.other_roots),
    roots=lambda settings: (GEN1_ROOT,),
)

__all__ = ["DIALECT", "ShellyDialect"]
