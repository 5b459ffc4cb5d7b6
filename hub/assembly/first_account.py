"""Offer a one-time link for the first administrator of a hub that requires signing in."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from pathlib import Path

from hub.accounts import People
from hub.accounts.links import url
from hub.errors import StoreError
from hub.runtime.network_addresses import is_any_address, join_address
from hub.runtime.private_files import replace_file
from hub.runtime.settings import HttpSection

log = logging.getLogger(__name__)

FILE = "first-account-link.txt"
"""File in the data folder with the link, for a hub without a terminal. The log is not used: others may read it."""


async def offer_first_account(people: People, data: Path, address: str) -> None:
    """Make a one-time link for the first administrator, and print it to the terminal or write it to a private file.

    ``address`` is the address of the dashboard. Do nothing if there are accounts, or if an earlier link is still valid.
    """
    file = data / FILE
    if people.accounts:
        file.unlink(missing_ok=True)
        return
    if any(link.account is None for link in people.links.valid()):
        log.info("Nobody has an account yet. `hub link --data %s` makes a new link for the first one.", data)
        return
    _, secret = await people.invite("administrator", "hub")
    link = url(address, secret)
    if sys.stderr.isatty():
        sys.stderr.write(f"Create the first account: {link}\n")
        return
    try:
        await asyncio.to_thread(replace_file, file, f"{link}\n".encode())
    except OSError as error:
        raise StoreError(f"{file} cannot be written ({error.strerror}).") from error
    log.info("Nobody has an account yet. The link for the first administrator is in %s.", file)


def dashboard_address(host: str, port: int, http: HttpSection) -> str:
    """Return the URL of the dashboard. If the hub listens on all addresses, the URL contains this machine's name."""
    name = socket.gethostname() if is_any_address(host) else host
    return f"{http.scheme}://{join_address(name, port)}{http.root_path}"
