"""Read the settings files of the data folder."""

from __future__ import annotations

from pathlib import Path

from hub.bounds import decode_utf8
from hub.errors import ConfigError
from hub.runtime.package_data import config_dir
from hub.runtime.private_files import replace_file


def seeded_text(data: Path, name: str) -> str:
    """Return the text of the file ``name`` in the data folder. A missing file is created with its default text.

    Raises ConfigError if the file cannot be read or created.
    """
    file = data / name
    if not file.exists():
        try:
            replace_file(file, (config_dir() / name).read_bytes())
        except OSError as error:
            hint = "Check the owner, permissions and free space of the data folder."
            raise ConfigError(f"{file} cannot be written ({error.strerror}).", hint) from error
    return read_text(file)


def read_if_there(file: Path) -> str | None:
    """Return the text of a settings file, or None if it does not exist. Raises ConfigError if it cannot be read."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}).", "Check its owner and permissions.") from None
    return read_text(file)


def read_text(file: Path) -> str:
    """Return the text of a settings file. Raises ConfigError, which names the first line that is not UTF-8."""
    try:
        return decode_utf8(file.read_bytes(), str(file))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}).", "Check its owner and permissions.") from None
