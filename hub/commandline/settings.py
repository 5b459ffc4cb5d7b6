"""The settings of one command: its options win over the environment and the settings file."""

from __future__ import annotations

import argparse

from hub.assembly.load_settings import load_settings
from hub.runtime.settings import Settings


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Return the settings. Raises HubError for a value that is not allowed."""
    given = {
        "http": {"listen": arguments.http},
        "mqtt": {"broker": arguments.mqtt},
        "store": {"data": arguments.data},
    }
    overrides = {
        section: {key: value for key, value in values.items() if value is not None} for section, values in given.items()
    }
    return load_settings(arguments.config, overrides)
