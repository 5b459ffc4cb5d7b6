"""``hub link``: make a one-time link for a new account, or for a new password of somebody who lost access."""

from __future__ import annotations

import argparse
import asyncio

from hub.accounts import People
from hub.accounts.links import LIFETIME_S, url
from hub.assembly.first_account import dashboard_address
from hub.commandline.settings import require_hub_folder, running_settings_from
from hub.errors import NotFound
from hub.runtime.network_addresses import split_address


def run(arguments: argparse.Namespace) -> None:
    """Print a link with which a person sets a password.

    Raises NotFound if the account or the data folder does not exist.
    """
    print(asyncio.run(_link(arguments)))


async def _link(arguments: argparse.Namespace) -> str:
    settings = running_settings_from(arguments)
    data = settings.store.data
    require_hub_folder(settings)
    people = People(data, None)
    if arguments.account is None:
        _, secret = await people.links.create("administrator", by="hub link")
    else:
        account = people.accounts.by_name(arguments.account)
        if account is None:
            names = ", ".join(each.name for each in people.accounts) or "none"
            raise NotFound(f"There is no account {arguments.account!r}.", f"Accounts: {names}.")
        if account.disabled:
            raise NotFound(f"The account of {account.name} is disabled.", "Ask an administrator to enable it.")
        _, secret = await people.links.create(account.role, by="hub link", account=account.id)
    days = int(LIFETIME_S // 86_400)
    address = dashboard_address(*split_address(settings.http.listen), settings.http)
    return f"{url(address, secret)}\nIt can be used once, within {days} days."
