"""``hub device``: who may connect to the broker. Prints what a person has to copy, and nothing secret twice."""

from __future__ import annotations

import argparse
import shlex

from hub.config import Settings, split_address
from hub.mqtt.access import Access
from hub.qr import drawn
from hub.serve import settings_from
from hub.wiring import HUB_LOGIN, access_of, broker_folder


def run(arguments: argparse.Namespace) -> None:
    """Raises HubError for what a person can put right."""
    settings = settings_from(arguments)
    access = access_of(settings)
    if arguments.action == "list":
        for user in access.users():
            print(user.name, *user.topics)
    elif arguments.action == "revoke":
        access.revoke(arguments.name)
        print(f"{arguments.name} can no longer connect. {_told(access)}")
    else:
        _add(settings, access, arguments.name, arguments.bridge)


def _add(settings: Settings, access: Access, name: str, prefixes: list[str]) -> None:
    first = not (kept := broker_folder(settings) / HUB_LOGIN).exists() and settings.mqtt.username is None
    password = access.add(name, prefixes)
    if first:
        access.hub_password(kept)
    told = _told(access)
    if first:
        print(_SETUP.format(passwords=access.files.passwords.resolve(), rights=access.files.rights.resolve()))
    host, port = split_address(settings.mqtt.broker)
    root = settings.mqtt.root
    print(f"{name} may connect. Its password, shown this once: {password}\n{told}\n")
    if prefixes:
        print(f"It has {', '.join(prefixes)} for its own: give the gateway the user {name} and this password.")
        return
    topic, reading = shlex.quote(f"{root}/{name}/telemetry"), '{"temperature": 21.5}'
    print(f"mosquitto_pub -h {host} -p {port} -u {shlex.quote(name)} -P {password} -q 1 -t {topic} -m '{reading}'\n")
    print(drawn(address(name, password, settings.mqtt.broker, root)))


def address(name: str, password: str, broker: str, root: str) -> str:
    """All that a device needs in one text, for its QR code: broker, user, password and where it may write."""
    return f"mqtt://{name}:{password}@{broker}/{root}/{name}"


def _told(access: Access) -> str:
    if access.reload():
        return "The broker has been told."
    return "Have the broker read its files again: systemctl reload mosquitto, or kill -HUP its process."


_SETUP = """The broker has to ask for passwords. These lines go into mosquitto.conf, in place of allow_anonymous true:

    allow_anonymous false
    password_file {passwords}
    acl_file {rights}

The hub has a user of its own there now and will use it from its next start.
"""
