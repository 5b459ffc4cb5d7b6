"""``hub device``: add, list and revoke the broker's users. A password is printed once, when it is made."""

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
    """Raises HubError for what a person can put right."""
    settings = settings_from(arguments)
    credentials = credentials_of(settings)
    if arguments.action == "list":
        for user in credentials.users():
            print(user.name, *user.topics)
    elif arguments.action == "revoke":
        told = credentials.revoke(arguments.name)
        print(f"{arguments.name} can no longer connect. {_told(told)}")
    else:
        _add(settings, credentials, arguments.name, arguments.bridge)


def _add(settings: Settings, credentials: Credentials, name: str, prefixes: list[str]) -> None:
    issued = credentials.add(name, prefixes)
    try:
        if issued.setup is not None:
            setup = textwrap.indent(issued.setup, "    ")
            print(_SETUP.format(lines=setup, hub=_hub_has_logged_in(settings)), flush=True)
        _print(issued, name, prefixes)
        sys.stdout.flush()
    except OSError:  # a password that nobody could read is of no use
        credentials.revoke(name)
        raise


def _print(issued: IssuedCredential, name: str, prefixes: list[str]) -> None:
    print(f"{name} may connect. Its password, shown this once: {issued.password}\n{_told(issued.told)}\n")
    if issued.line is None:
        print(f"It has {', '.join(prefixes)} for its own: give the gateway the user {name} and this password.")
        return
    print(f"{issued.line}\n")
    print(as_text(issued.address))


def _hub_has_logged_in(settings: Settings) -> str:
    """Wait until the running hub uses the user that was made for it, and say whether it does.

    The broker queues for that user only: it must not ask for passwords before.
    """
    deadline = time.monotonic() + LOGIN_S
    while (status := status_of(settings)) is not None and time.monotonic() < deadline:
        if status["broker"]["username"] == HUB:
            return "The running hub uses a user of its own there already: nothing is lost when the broker reads them."
        time.sleep(0.1)
    where = f"No hub answers at {settings.http.listen}. If one is running, wait" if status is None else "Wait"
    return (
        f"{where} until its log says that it connects as {HUB}, its own user, before the broker reads them: until then "
        "the broker keeps nothing for it. A hub that is not running uses that user from its next start."
    )


def _told(told: bool) -> str:
    if told:
        return "The broker has been told."
    return "Have the broker read its files again: systemctl reload mosquitto, or kill -HUP its process."


_SETUP = """The broker has to ask for passwords. These lines go into mosquitto.conf, in place of allow_anonymous true:

{lines}
{hub}
"""
