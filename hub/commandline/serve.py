"""``hub serve``: the hub against the broker that the settings name, its history kept in a folder."""

from __future__ import annotations

import argparse

from hub.assembly import app
from hub.assembly.load_settings import load_settings
from hub.runtime.settings import Settings


async def run(arguments: argparse.Namespace) -> None:
    """Serve until a signal comes. Raises HubError for what a person can put right."""
    settings = settings_from(arguments)
    http, mqtt = settings.http.listen, settings.mqtt.broker

    async def say() -> None:
        print(f"ready http={http} mqtt={mqtt}", flush=True)

    await app.serve(settings, on_ready=say, hangup=arguments.hangup, reread=lambda: settings_from(arguments))


def settings_from(arguments: argparse.Namespace) -> Settings:
    """The file, the environment, and above both the command line."""
    given = {
        "http": {"listen": arguments.http},
        "mqtt": {"broker": arguments.mqtt},
        "store": {"data": arguments.data},
    }
    overrides = {
        section: {key: value for key, value in values.items() if value is not None} for section, values in given.items()
    }
    return load_settings(arguments.config, overrides)
