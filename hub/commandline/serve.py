"""``hub serve``: run the hub with the broker and the data folder of the settings."""

from __future__ import annotations

import argparse

from hub.assembly import app
from hub.commandline.settings import settings_from


async def run(arguments: argparse.Namespace) -> None:
    """Serve until a signal arrives. Raises HubError with a message for the user."""
    settings = settings_from(arguments)
    http, mqtt = settings.http.listen, settings.mqtt.broker

    async def announce() -> None:
        print(f"ready http={http} mqtt={mqtt}", flush=True)

    await app.serve(settings, on_ready=announce, hangup=arguments.hangup, reread=lambda: settings_from(arguments))
