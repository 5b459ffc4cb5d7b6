"""``hub serve``: run the hub with the broker and the data folder of the settings."""

from __future__ import annotations

import argparse

from hub.assembly import app
from hub.commandline.output import announce
from hub.commandline.settings import settings_from
from hub.runtime import log_setup
from hub.runtime.sd_notify import notify


async def run(arguments: argparse.Namespace) -> None:
    """Run the hub until a signal arrives. Raises HubError with a message for the user."""
    settings = settings_from(arguments)
    log_setup.set_level_and_format(settings.log.level, settings.log.format)
    scheme, http, mqtt = settings.http.scheme, settings.http.listen, settings.mqtt.broker

    async def greet() -> None:
        announce(f"ready {scheme}={http} mqtt={mqtt}")
        notify("READY=1")

    await app.serve(settings, on_ready=greet, hangup=arguments.hangup, reread=lambda: settings_from(arguments))
