"""Tasmota: announcements (``discovery``), metrics and units (``readings``), decoding of messages (``dialect``)."""

from __future__ import annotations

from hub.dialects.registration import DialectSettings, DialectType
from hub.dialects.tasmota.dialect import DISCOVERY, TasmotaDialect

DIALECT = DialectType(
    settings=DialectSettings,
    make=lambda settings, context: TasmotaDialect(DISCOVERY, context.other_roots),
    roots=lambda settings: (DISCOVERY,),
)

__all__ = ["DIALECT", "TasmotaDialect"]
