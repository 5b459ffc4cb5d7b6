"""The data directory's own identity: which installation this is, and its access token.

Kept in ``install.json`` beside the history, readable by its owner alone.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

import msgspec

from hub.errors import ConfigError


class Install(msgspec.Struct):
    """``had_session`` says that this installation's MQTT session existed before, so a missing one means a gap.
    ``dropped`` is how many messages the broker had dropped, in all, when this installation looked last."""

    id: str
    token: str | None = None
    had_session: bool = False
    dropped: int | None = None


def open_install(directory: Path) -> Install:
    """Read the installation's file, or make a new one. Raises ConfigError when the folder cannot be used."""
    file = directory / "install.json"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if file.exists():
            return msgspec.json.decode(file.read_bytes(), type=Install)
        install = Install(secrets.token_hex(6))
        save(directory, install)
        return install
    except (OSError, msgspec.MsgspecError) as error:
        hint = "Name another folder with --data, or remove a damaged install.json."
        raise ConfigError(f"The data folder {directory} cannot be used ({type(error).__name__}).", hint) from error


def save(directory: Path, install: Install) -> None:
    """Replace the file in one step, so that a crash leaves the old or the new one."""
    draft = directory / "install.json.new"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(msgspec.json.encode(install))
        os.fsync(stream.fileno())
    draft.replace(directory / "install.json")


def keep_dropped(directory: Path, install: Install, count: int) -> None:
    """Remember what the broker's count of dropped messages was. A disk that is full loses it; that harms nobody."""
    install.dropped = count
    with suppress(OSError):
        save(directory, install)


def make_token(directory: Path, install: Install) -> str:
    """A new access token, kept for the next start."""
    install.token = secrets.token_urlsafe(24)
    save(directory, install)
    return install.token
