"""Topics that speak no dialect, read as a person says in ``mappings.toml``."""

from hub.dialects.mapping.dialect import MappingDialect
from hub.dialects.mapping.parse import parse_mappings, parse_usable_mappings
from hub.dialects.mapping.trial import Trial, TrialReading, try_out

__all__ = ["MappingDialect", "Trial", "TrialReading", "parse_mappings", "parse_usable_mappings", "try_out"]
