"""``hub token``: show the access token that the hub made for itself, or say where the one in use was set."""

from __future__ import annotations

import argparse

from hub.commandline.settings import settings_from
from hub.errors import NotFound
from hub.runtime.installation import read_installation


def run(arguments: argparse.Namespace) -> None:
    """Print the token and nothing else. Raises NotFound where there is none."""
    settings = settings_from(arguments)
    if settings.http.token is not None:
        print(settings.http.token.get_secret_value())
        return
    token = read_installation(settings.store.data).token if (settings.store.data / "install.json").exists() else None
    if token is None:
        hint = "The hub makes one when it first listens beyond this machine (http.listen), or set HUB_TOKEN."
        raise NotFound(f"There is no access token in {settings.store.data}.", hint)
    print(token)
