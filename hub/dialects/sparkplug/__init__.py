"""Sparkplug B: its bytes (``wire``), what a birth certificate declares (``births``), what is said (``dialect``)."""

from __future__ import annotations

from hub.dialects.registration import DialectSettings, DialectType
from hub.dialects.sparkplug.dialect import NAMESPACE, SparkplugDialect

DIALECT = DialectType(
    settings=DialectSettings,
    make=lambda settings, context: SparkplugDialect(NAMESPACE),
    roots=lambda settings: (NAMESPACE,),
)

__all__ = ["DIALECT", "SparkplugDialect"]
