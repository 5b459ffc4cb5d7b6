"""``hub device``: who may connect to the broker. Prints what a person has to copy, and nothing secret twice."""

from __future__ import annotations

import argparse
import sys
import textwrap

from hub.credentials import Credentials, Issued
from hub.qr import drawn
from hub.serve import settings_from
from hub.wiring import credentials_of


def run(arguments: argparse.Namespace) -> None:
    """Raises HubError for what a person can put right."""
    credentials = credentials_of(settings_from(arguments))
    if arguments.action == "list":
        for user in credentials.users():
            print(user.name, *user.topics)
    elif arguments.action == "revoke":
        told = credentials.revoke(arguments.name)
        print(f"{arguments.name} can no longer connect. {_told(told)}")
    else:
        _add(credentials, arguments.name, arguments.bridge)


def _add(credentials: Credentials, name: str, prefixes: list[str]) -> None:
    issued = credentials.add(name, prefixes)
    try:
        _print(issued, name, prefixes)
        sys.stdout.flush()
    except OSError:  # a password that nobody could read is of no use
        credentials.revoke(name)
        raise


def _print(issued: Issued, name: str, prefixes: list[str]) -> None:
    if issued.setup is not None:
        print(_SETUP.format(lines=textwrap.indent(issued.setup, "    ")))
    print(f"{name} may connect. Its password, shown this once: {issued.password}\n{_told(issued.told)}\n")
    if issued.line is None:
        print(f"It has {', '.join(prefixes)} for its own: give the gateway the user {name} and this password.")
        return
    print(f"{issued.line}\n")
    print(drawn(issued.address))


def _told(told: bool) -> str:
    if told:
        return "The broker has been told."
    return "Have the broker read its files again: systemctl reload mosquitto, or kill -HUP its process."


_SETUP = """The broker has to ask for passwords. These lines go into mosquitto.conf, in place of allow_anonymous true:

{lines}
The hub has a user of its own there now and will use it from its next start.
"""
