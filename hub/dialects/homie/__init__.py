"""Homie: how its devices describe themselves (``description``) and what they say (``dialect``)."""

from hub.dialects.homie.dialect import HomieDialect

__all__ = ["HomieDialect"]
