"""Load the hub's settings, including the tables that the dialects (the supported message formats) declare."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hub.dialects import DIALECTS, DialectConfig, DialectSettings
from hub.runtime.load_settings import load, with_dialects
from hub.runtime.settings import Settings


def load_settings(
    file: Path | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings from the file, the environment and ``overrides``; a later source overrides an earlier one.

    Raises:
        ConfigError: A setting is not valid. The message names the key, the value and what is allowed.
    """
    schema = with_dialects(tuple((name, DIALECTS[name].settings) for name in _switchable()))
    return load(file, overrides, environ, schema=schema)


def dialect_config(settings: Settings) -> DialectConfig:
    """Return the settings of each dialect. The mappings are missing in them."""
    found = {
        name: msgspec.convert(getattr(settings.dialects, name), DIALECTS[name].settings, from_attributes=True)
        for name in _switchable()
    }
    return DialectConfig({"mapping": DialectSettings(), **found})


def _switchable() -> list[str]:
    """Return the names of the dialects that have a table in the settings.

    The dialect ``mapping`` has no table, because ``mappings.toml`` says which topics it needs.
    """
    return [name for name in DIALECTS if name != "mapping"]
