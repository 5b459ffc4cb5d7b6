"""Arguments of ``hub device`` and ``hub certificate``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from hub.commandline.add_command import add_command
from hub.commandline.argument_types import path

AddSettings = Callable[[argparse.ArgumentParser], None]


def add_device(parser: argparse.ArgumentParser, add_settings: AddSettings) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = add_command(actions, "add", "add a broker user for a device, and print its password and a command to test it")
    add.add_argument("name", metavar="NAME", help="device id, which is also the user name")
    bridge = "add a gateway that may use all topics below these prefixes, such as zigbee2mqtt"
    add.add_argument("--bridge", nargs="+", default=[], metavar="PREFIX", help=bridge)
    add.add_argument(
        "--host", type=_host, metavar="HOST", help="name or address by which the device reaches the broker"
    )
    add.add_argument("--certificate", action="store_true", help="issue a certificate instead of a password")
    revoke = add_command(actions, "revoke", "revoke the password or the certificates of a user")
    revoke.add_argument("name", metavar="NAME", help="user name")
    renew = add_command(actions, "renew", "issue a new certificate; the previous one stays valid until it expires")
    renew.add_argument("name", metavar="NAME", help="user name")
    for action in (add, renew):
        action.add_argument(
            "--days", type=_number, default=730, help="validity of a certificate in days (default: %(default)s)"
        )
        _out(action)
    key = add_command(actions, "key", "create an enrolment key, with which devices fetch their own passwords over HTTP")
    key.add_argument(
        "--devices",
        type=_number,
        default=1,
        metavar="N",
        help="number of devices that may use it (default: %(default)s)",
    )
    key.add_argument("--prefix", default="", help="prefix that the names of these devices must have")
    key.add_argument("--days", type=_number, default=7, help="validity of the key in days (default: %(default)s)")
    for action in (add, revoke, renew, key, add_command(actions, "list", "list the broker users of devices")):
        add_settings(action)


def add_certificate(parser: argparse.ArgumentParser, add_settings: AddSettings) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    server = add_command(actions, "server", "issue a certificate for the hub's HTTPS or the broker's TLS")
    server.add_argument(
        "hosts", nargs="+", metavar="HOST", type=_host, help="host names and IP addresses that clients use"
    )
    _out(server)
    for action in (server, add_command(actions, "ca", "print the path and the fingerprint of the CA certificate")):
        add_settings(action)


def _out(parser: argparse.ArgumentParser) -> None:
    where = "folder for the certificate and its key (default: here)"
    parser.add_argument("--out", type=path, default=Path(), metavar="DIR", help=where)


def _number(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 3_650:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 3650")


def _host(text: str) -> str:
    if re.fullmatch(r"(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|[0-9A-Fa-f:]+", text) and len(text) <= 64:
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is not a host name or IP address")
