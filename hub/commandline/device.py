"""``hub device``: add, list and revoke users of the broker.

A password or key is shown only once, when it is created.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import textwrap
import time
from datetime import UTC, datetime

from hub.assembly.first_account import dashboard_address
from hub.assembly.from_settings import credentials_of
from hub.commandline.certificate import prepare_folder, write_bundle
from hub.commandline.running_hub import status_of
from hub.commandline.settings import require_hub_folder, running_settings_from
from hub.mqtt.mosquitto_files import HUB
from hub.runtime.clock import now_ms
from hub.runtime.network_addresses import is_loopback, split_address
from hub.runtime.qr import as_text
from hub.runtime.settings import Settings
from hub.services.credentials import BrokerUser, Credentials, IssuedCredential
from hub.services.enrolments import Enrolments

LOGIN_S = 10.0
"""How long the command waits, in seconds, for the running hub to log in to the broker as the hub's own user."""


def run(arguments: argparse.Namespace) -> None:
    """Run ``hub device``. Raises HubError with a message for the user."""
    settings = running_settings_from(arguments)
    require_hub_folder(settings)
    credentials = credentials_of(settings)
    if arguments.action == "list":
        for user in credentials.users():
            print(user.name, *user.topics, *_end_of(user))
    elif arguments.action == "revoke":
        reloaded = credentials.revoke(arguments.name)
        print(f"The credential of {arguments.name} is revoked. {_next_step(reloaded)}")
    elif arguments.action == "key":
        asyncio.run(_make_key(settings, credentials, arguments))
    elif arguments.action == "renew" or arguments.certificate:
        _certify(settings, credentials, arguments)
    else:
        _add(settings, credentials, arguments)


def _add(settings: Settings, credentials: Credentials, arguments: argparse.Namespace) -> None:
    name = arguments.name
    issued = credentials.add(name, arguments.bridge, arguments.host)
    try:
        if issued.setup is not None:
            setup = textwrap.indent(issued.setup, "    ")
            print(_SETUP.format(lines=setup, hub=_wait_for_login(settings)), flush=True)
        print(f"Added {name}. Its password, shown only once: {issued.password}", flush=True)
    except OSError:  # the password was not shown, so it is useless
        credentials.revoke(name)
        raise
    _print_use(issued, arguments.bridge)
    if is_loopback(arguments.host or split_address(settings.mqtt.broker)[0]):
        print(_ONLY_HERE)


def _certify(settings: Settings, credentials: Credentials, arguments: argparse.Namespace) -> None:
    name, days = arguments.name, arguments.days
    prepare_folder(arguments.out, name)
    if arguments.action == "renew":
        issued = credentials.renew(name, days)
    else:
        issued = credentials.certify(name, arguments.bridge, days)
    try:
        if issued.setup is not None:
            setup = textwrap.indent(issued.setup, "    ")
            print(_TLS_SETUP.format(lines=setup, hub=_wait_for_login(settings)), flush=True)
        print(f"{write_bundle(issued.bundle, arguments.out, name)}\n{_next_step(issued.told)}", flush=True)
    except OSError:  # without its key, a certificate is useless
        if arguments.action != "renew":
            credentials.revoke(name)
        raise


async def _make_key(settings: Settings, credentials: Credentials, arguments: argparse.Namespace) -> None:
    enrolments = Enrolments(settings.store.data, credentials, lambda name: False, now_ms)
    lifetime_ms = arguments.days * 86_400_000
    _, value = await enrolments.create_key(arguments.prefix, arguments.devices, lifetime_ms, "hub device")
    print(f"Enrolment key, shown only once: {value}\nA device enrols with it like this:\n")
    address = dashboard_address(*split_address(settings.http.listen), settings.http)
    body = json.dumps({"key": value, "name": f"{arguments.prefix}NAME"})
    print(f"curl --json '{body}' {address}/api/enrolments")


def _end_of(user: BrokerUser) -> list[str]:
    if user.expires is None:
        return []
    return [f"(certificate until {datetime.fromtimestamp(user.expires / 1000, UTC):%Y-%m-%d})"]


def _print_use(issued: IssuedCredential, prefixes: list[str]) -> None:
    """Print what to do next, after a password or certificate was issued to a device or gateway.

    The broker must learn of the new user, and some values have to be entered in the device. For a gateway, ``prefixes``
    are the topics that it may use.
    """
    print(f"{_next_step(issued.told)}\n" if issued.setup is None else "")
    if issued.line is None:
        print(f"It may use all topics below {', '.join(prefixes)}. Enter user and password in the gateway.")
        return
    print(f"{issued.line}\n")
    print(as_text(issued.address))


def _wait_for_login(settings: Settings) -> str:
    """Wait until the running hub has connected to the broker as its own user. Return a sentence on the result.

    Only then should the broker be restarted so that it requires passwords. If it is restarted earlier, it queues no
    messages for the hub meanwhile, because it queues them only for a user that it knows.
    """
    deadline = time.monotonic() + LOGIN_S
    while (status := status_of(settings)) is not None and time.monotonic() < deadline:
        if status["broker"]["username"] == HUB:
            return "The running hub already connects with its own user, so you can restart the broker now."
        time.sleep(0.1)
    where = f"No hub answers at {settings.http.listen}. If one is running, wait" if status is None else "Wait"
    return (
        f"{where} until its log says that it connects as {HUB}, then restart the broker. Before that, the broker would "
        "queue no messages for the hub. A hub that is not running uses this user from its next start."
    )


def _next_step(reloaded: bool) -> str:
    if reloaded:
        return "The broker has applied it."
    return "Make the broker read its files again: systemctl reload mosquitto, or kill -HUP its process."


_ONLY_HERE = (
    "This address is only valid on this machine. A device elsewhere needs the broker's name or address in the network: "
    "--host HOST shows it with that one."
)
_SETUP = """The broker has to require passwords. Replace allow_anonymous true in mosquitto.conf by these lines:

{lines}
{hub}
"""
_TLS_SETUP = """Devices with certificates need a listener with TLS. Add these lines to mosquitto.conf, with a
certificate of the broker (hub certificate server HOST issues one):

{lines}
{hub}
"""
