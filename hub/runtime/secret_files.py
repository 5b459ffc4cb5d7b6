"""Secrets from files: ``password_from = "/run/secrets/mqtt"`` in place of ``password = "…"``.

Docker, Kubernetes and systemd (``LoadCredential``) give a program its secrets as files. Other programs cannot see these
files, but could see secrets in the environment.
"""

from __future__ import annotations

import os
import stat
from typing import Any

from pydantic import BaseModel

from hub.errors import ConfigError
from hub.runtime.settings_errors import is_secret, models_in

SUFFIX = "_from"
MAX_BYTES = 4_096


def secret_keys(model: type[BaseModel]) -> list[str]:
    """Return the names of those keys of a table that hold a secret."""
    return [name for name, field in model.model_fields.items() if is_secret(field.annotation)]


def read_secrets(table: Any, model: type[BaseModel], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    """Read the secrets of a table from files: a key ``NAME_from``, whose value is a file, is replaced by NAME.

    The value of NAME is the content of the file. Tables in the table are handled in the same way.

    Returns:
        The path of each NAME that was read from a file, with a text such as ``http.token_from = '/run/secrets/token'``.

    Raises:
        ConfigError: A file cannot be read or holds no secret, or both keys are set.
    """
    found: dict[tuple[str, ...], str] = {}
    if not isinstance(table, dict):
        return found
    for name in secret_keys(model):
        if (file := table.pop(name + SUFFIX, None)) is not None:
            key = ".".join((*path, name))
            if table.get(name):
                raise ConfigError(f"{key} and {key}{SUFFIX} are both set.", "Keep one of them.")
            table[name] = read_secret_file(f"{key}{SUFFIX}", file)
            found[*path, name] = _shown(f"{key}{SUFFIX}", file)
    for name, field in model.model_fields.items():
        for inner in models_in(field.annotation):
            value = table.get(name)
            named = value if isinstance(value, dict) and field.annotation is not inner else {}
            found |= read_secrets(value, inner, (*path, name))
            for each in named:  # a table of tables, such as ai.servers
                found |= read_secrets(named[each], inner, (*path, name, each))
    return found


def _shown(key: str, file: object) -> str:
    return f"{key} = {str(file)[:120]!r}"


def read_secret_file(key: str, file: object) -> str:
    """Return the content of a file without white space around it. Raises ConfigError, which names ``key``."""
    shown = _shown(key, file)
    if not isinstance(file, str) or not file.strip() or "\x00" in file:
        raise ConfigError(f"{shown} is not valid.", "Allowed: the path of a file, in quotes.")
    try:
        secret = _read_regular(file).decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"{shown} cannot be read ({reason}).", "Check the path, the owner and the mode.") from None
    if not 1 <= len(secret) <= MAX_BYTES:
        raise ConfigError(f"{shown} is empty or longer than {MAX_BYTES:,} bytes.", "It must hold the secret alone.")
    return secret


def _read_regular(file: str) -> bytes:
    """Return the first :data:`MAX_BYTES` + 1 bytes of a file, so that the caller sees whether it is too long.

    Raises OSError if it is not a regular file, because reading a pipe might never end.
    """
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
        mode = os.fstat(stream.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(0, "it is not a regular file")
        return stream.read(MAX_BYTES + 1)
