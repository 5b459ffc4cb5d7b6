"""The settings of one command: its options override the environment and the settings file."""

from __future__ import annotations

import argparse

from hub.assembly.load_settings import load_settings
from hub.runtime.running_file import find_running
from hub.runtime.settings import Settings


def running_settings_from(arguments: argparse.Namespace) -> Settings:
    """Return the settings with the addresses of the hub that is running on the data folder, unless they are given."""
    settings = settings_from(arguments)
    if (running := find_running(settings.store.data)) is None:
        return settings
    if "listen" not in settings.http.model_fields_set:
        arguments.http = running.listen
    if "broker" not in settings.mqtt.model_fields_set:
        arguments.mqtt = running.broker
    return settings_from(arguments)


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Return the settings. Raises HubError for a value that is not allowed."""
    given = {
        "http": {"listen": arguments.http},
        "mqtt": {"broker": arguments.mqtt},
        "store": {"data": arguments.data},
        "reactions": {"enabled": False if getattr(arguments, "no_reactions", False) else None},
    }
    overrides = {
        section: {key: value for key, value in values.items() if value is not None} for section, values in given.items()
    }
    return load_settings(arguments.config, overrides)
