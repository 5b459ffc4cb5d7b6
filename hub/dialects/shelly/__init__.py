"""Shelly: what its components say (``status``), who its devices are (``known``), what is said (``dialect``)."""

from hub.dialects.shelly.dialect import ShellyDialect

__all__ = ["ShellyDialect"]
