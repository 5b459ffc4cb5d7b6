"""``hub serve``: the hub against the broker that the settings name, its history kept in a folder."""

from __future__ import annotations

import argparse

from hub.assembly import app
from hub.commandline.settings import settings_from


async def run(arguments: argparse.Namespace) -> None:
    """Serve until a signal comes. Raises HubError for what a person can put right."""
    settings = settings_from(arguments)
    http, mqtt = settings.http.listen, settings.mqtt.broker

    async def say() -> None:
        print(f"ready http={http} mqtt={mqtt}", flush=True)

    await app.serve(settings, on_ready=say, hangup=arguments.hangup, reread=lambda: settings_from(arguments))
