"""Arguments of ``hub device`` and ``hub certificate``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from hub.commandline.argument_types import path

AddSettings = Callable[[argparse.ArgumentParser], None]


def add_device(parser: argparse.ArgumentParser, add_settings: AddSettings) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="add a user for a device, and print its password and a command to try it")
    add.add_argument("name", metavar="NAME", help="id of the device, which is also its user name")
    bridge = "add a gateway that may use all topics below these prefixes, such as zigbee2mqtt"
    add.add_argument("--bridge", nargs="+", default=[], metavar="PREFIX", help=bridge)
    add.add_argument(
        "--host", type=_host, metavar="HOST", help="name or address by which the device reaches the broker"
    )
    add.add_argument("--certificate", action="store_true", help="issue a certificate in place of a password")
    revoke = actions.add_parser("revoke", help="revoke a password or certificate at once")
    revoke.add_argument("name", metavar="NAME", help="name of the user")
    renew = actions.add_parser("renew", help="issue another certificate; the earlier one stays valid until it ends")
    renew.add_argument("name", metavar="NAME", help="name of the user")
    for action in (add, renew):
        action.add_argument(
            "--days", type=_number, default=730, help="validity of a certificate in days (default: %(default)s)"
        )
        _out(action)
    key = actions.add_parser("key", help="make a key with which devices enrol themselves over HTTP")
    key.add_argument("--devices", type=_number, default=1, metavar="N", help="number of uses (default: %(default)s)")
    key.add_argument("--prefix", default="", help="prefix of the names of these devices")
    key.add_argument("--days", type=_number, default=7, help="validity of the key in days (default: %(default)s)")
    for action in (add, revoke, renew, key, actions.add_parser("list", help="list the users")):
        add_settings(action)


def add_certificate(parser: argparse.ArgumentParser, add_settings: AddSettings) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    server = actions.add_parser("server", help="issue a certificate for the hub's HTTPS or the broker's TLS")
    server.add_argument("hosts", nargs="+", metavar="HOST", type=_host, help="names and addresses that clients use")
    _out(server)
    for action in (server, actions.add_parser("ca", help="show the CA's file and fingerprint")):
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
