"""Topics that speak no dialect, read as a person says in ``mappings.toml``."""

from hub.dialects.mapping.dialect import MappingDialect
from hub.dialects.mapping.parse import parse_mappings, parse_usable_mappings
from hub.dialects.mapping.trial import Said, Trial, try_out

__all__ = ["MappingDialect", "Said", "Trial", "parse_mappings", "parse_usable_mappings", "try_out"]
