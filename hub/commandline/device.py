"""``hub device``: add, list and revoke users of the broker. A password is shown once, when it is created."""

from __future__ import annotations

import argparse
import sys
import textwrap
import time

from hub.assembly.from_settings import credentials_of
from hub.commandline.running_hub import status_of
from hub.commandline.settings import settings_from
from hub.mqtt.mosquitto_acl import HUB
from hub.runtime.qr import as_text
from hub.runtime.settings import Settings
from hub.services.credentials import Credentials, IssuedCredential

LOGIN_S = 10.0
"""How long the command waits for the running hub to connect with its own user."""


def run(arguments: argparse.Namespace) -> None:
    """Run ``hub device``. Raises HubError with a message for the user."""
    settings = settings_from(arguments)
    credentials = credentials_of(settings)
    if arguments.action == "list":
        for user in credentials.users():
            print(user.name, *user.topics)
    elif arguments.action == "revoke":
        reloaded = credentials.revoke(arguments.name)
        print(f"The password of {arguments.name} is revoked. {_next_step(reloaded)}")
    else:
        _add(settings, credentials, arguments.name, arguments.bridge)


def _add(settings: Settings, credentials: Credentials, name: str, prefixes: list[str]) -> None:
    issued = credentials.add(name, prefixes)
    try:
        if issued.setup is not None:
            setup = textwrap.indent(issued.setup, "    ")
            print(_SETUP.format(lines=setup, hub=_wait_for_login(settings)), flush=True)
        _print(issued, name, prefixes)
        sys.stdout.flush()
    except OSError:  # the password was not shown, so it is useless
        credentials.revoke(name)
        raise


def _print(issued: IssuedCredential, name: str, prefixes: list[str]) -> None:
    print(f"Added {name}. Its password, shown only once: {issued.password}\n{_next_step(issued.told)}\n")
    if issued.line is None:
        print(f"It may use all topics below {', '.join(prefixes)}. Enter user and password in the gateway.")
        return
    print(f"{issued.line}\n")
    print(as_text(issued.address))


def _wait_for_login(settings: Settings) -> str:
    """Wait until the running hub connects with its own user, and return a sentence that says whether it does.

    The broker queues messages only for that user, so it must not ask for passwords before.
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


_SETUP = """The broker has to require passwords. Replace allow_anonymous true in mosquitto.conf by these lines:

{lines}
{hub}
"""
