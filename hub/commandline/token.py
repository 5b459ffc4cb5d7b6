"""``hub token``: print the access token of the hub."""

from __future__ import annotations

import argparse

from hub.commandline.settings import settings_from
from hub.errors import NotFound
from hub.runtime.installation import read_installation


def run(arguments: argparse.Namespace) -> None:
    """Print the access token. Raises NotFound if there is none."""
    settings = settings_from(arguments)
    if settings.http.token is not None:
        print(settings.http.token.get_secret_value())
        return
    token = read_installation(settings.store.data).token if (settings.store.data / "install.json").exists() else None
    if token is None:
        hint = "The hub creates one when it first listens on a non-loopback address (http.listen). Or set HUB_TOKEN."
        raise NotFound(f"There is no access token in {settings.store.data}.", hint)
    print(token)
