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
    """Read the settings. ``overrides`` take precedence over the environment, and the environment over the file.

    Raises:
        ConfigError: A setting is not valid. The message names the key, the value and what is allowed.
    """
    schema = with_dialects(tuple((name, DIALECTS[name].settings) for name in _switchable()))
    return load(file, overrides, environ, schema=schema)


def dialect_config(settings: Settings) -> DialectConfig:
    """Return the settings of each dialect, without the user's mappings."""
    found = {
        name: msgspec.convert(getattr(settings.dialects, name), DIALECTS[name].settings, from_attributes=True)
        for name in _switchable()
    }
    return DialectConfig({"mapping": DialectSettings(), **found})


def _switchable() -> list[str]:
    """Return the names of the dialects that have a table in the settings.

    These are all except ``mapping``, which is configured in ``mappings.toml``.
    """
    return [name for name in DIALECTS if name != "mapping"]
