"""Decode topics that no other dialect decodes, by the user's mappings in ``mappings.toml``."""

from hub.dialects.mapping.dialect import MappingDialect
from hub.dialects.mapping.parse import parse_mappings, parse_usable_mappings
from hub.dialects.mapping.trial import Trial, TrialReading, try_out
from hub.dialects.registration import DialectSettings, DialectType

DIALECT = DialectType(settings=DialectSettings, make=lambda settings, context: MappingDialect(context.mappings))

__all__ = ["DIALECT", "MappingDialect", "Trial", "TrialReading", "parse_mappings", "parse_usable_mappings", "try_out"]
