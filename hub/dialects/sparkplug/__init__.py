"""Sparkplug B: encoding (``wire``), birth certificates (``births``), decoding of messages (``dialect``)."""

from __future__ import annotations

from hub.dialects.registration import DialectSettings, DialectType
from hub.dialects.sparkplug.dialect import NAMESPACE, SparkplugDialect

DIALECT = DialectType(
    settings=DialectSettings,
    make=lambda settings, context: SparkplugDialect(NAMESPACE),
    roots=lambda settings: (NAMESPACE,),
)

__all__ = ["DIALECT", "SparkplugDialect"]
