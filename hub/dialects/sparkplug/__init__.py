"""Sparkplug B: its bytes (``wire``), what a birth certificate declares (``births``), what is said (``dialect``)."""

from hub.dialects.sparkplug.dialect import SparkplugDialect

__all__ = ["SparkplugDialect"]
