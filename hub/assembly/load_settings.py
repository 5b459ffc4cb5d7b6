"""Load the settings, with the tables that the dialects declare."""

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
    """Read the settings from the file, the environment and the overrides; later ones win.

    Raises:
        ConfigError: names the key, the value and what is allowed.
    """
    schema = with_dialects(tuple((name, DIALECTS[name].settings) for name in _switchable()))
    return load(file, overrides, environ, schema=schema)


def dialect_config(settings: Settings) -> DialectConfig:
    """Return the settings of each dialect, without mappings."""
    found = {
        name: msgspec.convert(getattr(settings.dialects, name), DIALECTS[name].settings, from_attributes=True)
        for name in _switchable()
    }
    return DialectConfig({"mapping": DialectSettings(), **found})


def _switchable() -> list[str]:
    """Return the dialects that have a table. Mappings do not: ``mappings.toml`` says what they subscribe to."""
    return [name for name in DIALECTS if name != "mapping"]
