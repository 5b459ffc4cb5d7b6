"""Read the settings for one command. The command's options override the environment and the settings file."""

from __future__ import annotations

import argparse
from pathlib import Path

from hub.assembly.load_settings import load_settings
from hub.errors import NotFound
from hub.runtime.running_file import find_running
from hub.runtime.settings import Settings
from hub.store.sqlite import FILE


def running_settings_from(arguments: argparse.Namespace) -> Settings:
    """Return the settings for a command that talks to the hub that is running on the data folder.

    The addresses of the broker and of the hub are those of the running hub, unless they are set explicitly. Without a
    running hub, the settings are unchanged.
    """
    settings = settings_from(arguments)
    if (running := find_running(settings.store.data)) is None:
        return settings
    if "listen" not in settings.http.model_fields_set:
        arguments.http = running.listen
    if "broker" not in settings.mqtt.model_fields_set:
        arguments.mqtt = running.broker
    return settings_from(arguments)


def require_hub_folder(settings: Settings) -> None:
    """Raise NotFound unless a hub has used the data folder.

    Otherwise a command with a mistyped folder name would create files in a new folder.
    """
    data = settings.store.data
    hint = "Start the hub once, or pass the folder of an existing hub with --data."
    if not data.is_dir():
        raise NotFound(f"There is no data folder {data}.", hint)
    if not is_hub_folder(data):
        raise NotFound(f"{data} is not the data folder of a hub.", hint)


def is_hub_folder(data: Path) -> bool:
    """Return whether a hub has used this data folder, or a backup was restored into it."""
    return (data / "install.json").exists() or (data / FILE).exists()


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Return the settings for a command. Raises HubError if a value is not allowed."""
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
