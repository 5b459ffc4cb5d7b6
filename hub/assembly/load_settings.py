"""Load the settings, with the keys that the dialects declare."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hub.dialects import DIALECTS, DialectConfig
from hub.runtime.settings import Settings, load, with_mqtt_keys


def load_settings(
    file: Path | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings from the file, the environment and the overrides; later ones win.

    Raises:
        ConfigError: names the key, the value and what is allowed.
    """
    schema = with_mqtt_keys(tuple(dialect.settings for dialect in DIALECTS.values()))
    return load(file, overrides, environ, schema=schema)


def dialect_config(settings: Settings) -> DialectConfig:
    """Return the settings of each dialect, without mappings."""
    return DialectConfig(
        {
            name: msgspec.convert(settings.mqtt, dialect.settings, from_attributes=True)
            for name, dialect in DIALECTS.items()
        }
    )
