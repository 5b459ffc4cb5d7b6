"""Tasmota: who its devices are (``discovery``), what their numbers mean (``readings``), what they say (``dialect``)."""

from hub.dialects.tasmota.dialect import TasmotaDialect

__all__ = ["TasmotaDialect"]
