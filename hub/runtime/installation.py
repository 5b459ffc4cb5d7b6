"""Identity of an installation: its id, access token and MQTT session, in ``install.json`` of the data folder."""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress
from pathlib import Path

import msgspec

from hub.errors import ConfigError
from hub.runtime.private_files import make_folder, make_private, replace_file

log = logging.getLogger(__name__)

OWN_FILES = ("watchkeeper.db*", "watchkeeper.lock", "*.json", "*.damaged", "*.toml", "*.tar", "*.log", "*-link.txt")
"""Files that the hub writes into its data folder, and the settings file that may be there."""


class Installation(msgspec.Struct):
    """The content of ``install.json``.

    Attributes:
        id: random, part of the MQTT client id.
        token: the access token that the hub made; None if the settings have a token.
        had_session: the broker had a session of this installation. If the session is missing, messages were lost.
        dropped: the broker's total of dropped messages when it was last read.
    """

    id: str
    token: str | None = None
    had_session: bool = False
    dropped: int | None = None


def restrict_access(directory: Path) -> None:
    """Remove other users' access to the hub's files. Log a warning if other users can list the folder.

    Raises ConfigError for a folder that cannot be read.
    """
    try:
        changed = make_private(directory, OWN_FILES)
        open_to_others = directory.stat().st_mode & 0o005
    except OSError as error:
        raise ConfigError(f"The data folder {directory} cannot be read ({error.strerror}).") from error
    if changed:
        names = ", ".join(file.name for file in changed[:5]) + (", …" if len(changed) > 5 else "")
        log.warning("Other users of this machine could read files in %s. Made private: %s.", directory, names)
    if open_to_others:
        log.warning("Other users of this machine can list %s. Prevent it with: chmod 700 %s", directory, directory)


def open_installation(directory: Path, *, keep_damaged_aside: bool = False) -> Installation:
    """Read ``install.json``, or create it if it does not exist.

    With ``keep_damaged_aside``, a damaged file is renamed, and a new file is created. Raises ConfigError if the folder
    or the file cannot be used.
    """
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
                    "%s was damaged and is kept as %s. A new one was created: the access token and the MQTT client id "
                    "are new, so messages that the broker queued for the old id are lost.", file, aside
                )  # fmt: skip
        install = Installation(secrets.token_hex(6))
        save(directory, install)
        return install
    except OSError as error:
        hint = "Check its owner, its permissions and its free space, or pass another folder with --data."
        raise ConfigError(f"The data folder {directory} cannot be used ({error.strerror}).", hint) from error


def read_installation(directory: Path) -> Installation:
    """Read ``install.json``. Raises ConfigError if it is missing or damaged."""
    try:
        return msgspec.json.decode((directory / "install.json").read_bytes(), type=Installation)
    except FileNotFoundError:
        hint = "Start the hub once with this folder, or pass another with --data."
        raise ConfigError(f"{directory} is not a hub's data folder: install.json is missing.", hint) from None
    except (OSError, ValueError, RecursionError) as error:
        hint = "If it is damaged, remove it: the next start creates a new one."
        raise ConfigError(f"{directory / 'install.json'} cannot be read ({type(error).__name__}).", hint) from error


def save(directory: Path, install: Installation) -> None:
    """Replace ``install.json`` atomically: a crash leaves either the old or the new content."""
    replace_file(directory / "install.json", msgspec.json.encode(install))


def save_broker_drops(directory: Path, install: Installation, count: int) -> None:
    """Save the broker's count of dropped messages. If the disk is full, the old count stays, which does no harm."""
    install.dropped = count
    with suppress(OSError):
        save(directory, install)


def make_token(directory: Path, install: Installation) -> str:
    """Create an access token, save it in ``install.json``, and return it."""
    install.token = secrets.token_urlsafe(24)
    save(directory, install)
    return install.token
