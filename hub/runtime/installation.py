"""The data directory's own identity: which installation this is, and its access token.

Kept in ``install.json`` beside the history, readable by its owner alone.
"""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress
from pathlib import Path

import msgspec

from hub.errors import ConfigError
from hub.runtime.private_files import make_folder, make_private, replace_file

log = logging.getLogger(__name__)

OWN_FILES = ("watchkeeper.db*", "watchkeeper.lock", "*.json", "*.damaged", "*.toml", "*.tar", "*.log")
"""What the hub writes in its data folder, and the settings file that may lie there."""


class Installation(msgspec.Struct):
    """``had_session`` says that this installation's MQTT session existed before, so a missing one means a gap.
    ``dropped`` is how many messages the broker had dropped, in all, when this installation looked last."""

    id: str
    token: str | None = None
    had_session: bool = False
    dropped: int | None = None


def close_to_others(directory: Path) -> None:
    """Make the installation's files private, as earlier versions did not, and warn of a folder that others can list.

    Raises ConfigError for a folder that cannot be read."""
    try:
        changed = make_private(directory, OWN_FILES)
        open_to_others = directory.stat().st_mode & 0o005
    except OSError as error:
        raise ConfigError(f"The data folder {directory} cannot be read ({error.strerror}).") from error
    if changed:
        names = ", ".join(file.name for file in changed[:5]) + (", …" if len(changed) > 5 else "")
        log.warning("Other users of this machine could read files in %s. Closed to them: %s.", directory, names)
    if open_to_others:
        log.warning("Other users of this machine can list %s. Close it with: chmod 700 %s", directory, directory)


def open_installation(directory: Path, *, keep_damaged_aside: bool = False) -> Installation:
    """Read the installation's file, or make a new one; with ``keep_damaged_aside`` also in the place of a damaged one.

    Raises ConfigError when the folder or the file cannot be used."""
    try:
        make_folder(directory)
        file = directory / "install.json"
        if file.exists():
            try:
                return read_installation(directory)
            except ConfigError as error:
                if not keep_damaged_aside or isinstance(error.__cause__, OSError):
                    raise
                aside = file.with_name("install.json.damaged")
                file.replace(aside)
                log.error(
                    "%s was damaged and is kept as %s. A new one was made: the access token and the hub's name with "
                    "the broker are new, so messages that it kept for the old name do not come.", file, aside
                )  # fmt: skip
        install = Installation(secrets.token_hex(6))
        save(directory, install)
        return install
    except OSError as error:
        hint = "Check its owner, its rights and its free space, or name another folder with --data."
        raise ConfigError(f"The data folder {directory} cannot be used ({error.strerror}).", hint) from error


def read_installation(directory: Path) -> Installation:
    """Read the installation's file. Raises ConfigError where there is none, or a damaged one."""
    try:
        return msgspec.json.decode((directory / "install.json").read_bytes(), type=Installation)
    except FileNotFoundError:
        hint = "Start the hub on this folder once, or name another with --data."
        raise ConfigError(f"There is no {directory / 'install.json'}.", hint) from None
    except (OSError, msgspec.MsgspecError, RecursionError) as error:
        hint = "Remove it to have a new one made, if it is damaged."
        raise ConfigError(f"{directory / 'install.json'} cannot be read ({type(error).__name__}).", hint) from error


def save(directory: Path, install: Installation) -> None:
    """Replace the file in one step, so that a crash leaves the old or the new one."""
    replace_file(directory / "install.json", msgspec.json.encode(install))


def keep_dropped(directory: Path, install: Installation, count: int) -> None:
    """Remember what the broker's count of dropped messages was. A disk that is full loses it; that harms nobody."""
    install.dropped = count
    with suppress(OSError):
        save(directory, install)


def make_token(directory: Path, install: Installation) -> str:
    """A new access token, kept for the next start."""
    install.token = secrets.token_urlsafe(24)
    save(directory, install)
    return install.token
