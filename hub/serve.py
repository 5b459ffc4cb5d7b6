"""``hub serve``: the hub against the broker that the settings name, its history kept in a folder."""

from __future__ import annotations

import argparse
import ipaddress
import sys

from hub import app
from hub.config import Settings, load, split_address
from hub.install import make_token, open_install


async def run(arguments: argparse.Namespace) -> None:
    """Serve until a signal comes. Raises HubError for what a person can put right."""
    settings = settings_from(arguments)
    http, mqtt = settings.http.listen, settings.mqtt.broker

    async def say() -> None:
        print(f"ready http={http} mqtt={mqtt}", flush=True)

    await app.serve(settings, token=_token(settings), on_ready=say)


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
    return load(arguments.config, overrides)


def _token(settings: Settings) -> str | None:
    """The token that is asked of everybody: the one that was set, and beyond loopback always one."""
    if settings.http.token is not None:
        return settings.http.token.get_secret_value()
    if is_loopback(settings.http.listen):
        return None
    install = open_install(settings.store.data)
    if install.token is None:
        token = make_token(settings.store.data, install)
        print("This hub listens beyond loopback, so everybody needs this token (shown once):", file=sys.stderr)
        print(f"\n    {token}\n\nHUB_TOKEN sets another.", file=sys.stderr, flush=True)
    return install.token


def is_loopback(address: str) -> bool:
    host = split_address(address)[0]
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
