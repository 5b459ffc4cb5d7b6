"""Environment variables as settings: ``HUB_SECTION_KEY``, ``HUB_TOKEN``, and the variables of the AI libraries."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from hub.errors import ConfigError

log = logging.getLogger(__name__)

NAMES = {
    "HUB_TOKEN": ("http", "token"),
    "HUB_TOKEN_FILE": ("http", "token_from"),
    "OPENAI_API_KEY": ("ai", "openai_api_key"),
    "OPENAI_BASE_URL": ("ai", "openai_base_url"),
    "OPENAI_MODEL": ("ai", "openai_model"),
    "OLLAMA_API_KEY": ("ai", "ollama_api_key"),
    "OLLAMA_HOST": ("ai", "ollama_host"),
    "OLLAMA_MODEL": ("ai", "ollama_model"),
    "OLLAMA_VISION_MODEL": ("ai", "ollama_vision_model"),
}
"""Variables whose names do not have the form ``HUB_SECTION_KEY``, with the key that each of them sets.

If a variable of that form sets the same key, it takes precedence.
"""
TABLES = {"ai": "servers", "openid": "roles", "store": "keep"}
"""Keys whose values are tables, by section. An environment variable cannot set such a key."""
NOT_SETTINGS = {"HUB_SKIP_WEB"}
_FOREIGN = re.compile(
    r"HUB_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)\w*)=|"
    r"HUB_(?:[A-Z0-9_]+_)?PORT=(?:tcp|udp|sctp)://"
)
"""Matches ``NAME=VALUE`` of a variable that Kubernetes or a Docker link sets for a service named hub or hub-…"""
MIN_SIMILARITY = 0.75
"""Minimum similarity (0 to 1) of a known name to an unknown one, so that an error suggests it."""

KeyPath = tuple[str, ...]
"""The path of a key, beginning with the tables that contain it: ``("dialects", "tasmota", "enabled")``."""


def read_environment(
    environ: Mapping[str, str], keys: Mapping[KeyPath, bool]
) -> tuple[dict[KeyPath, str], dict[str, Any]]:
    """Read the settings that environment variables set.

    Args:
        environ: The environment variables.
        keys: The path of every setting, with True if its value is a list.

    Returns:
        The names of the variables by the path of the key that they set; and the values as nested tables.

    Raises:
        ConfigError: A variable that begins with ``HUB_`` is not a setting.
    """
    # Compose files write HUB_HTTP_TOKEN=${HUB_TOKEN:-}: a blank HUB_HTTP_TOKEN counts as unset, so that it does not
    # override a token set elsewhere.
    environ = {name: value for name, value in environ.items() if name != "HUB_HTTP_TOKEN" or value.strip()}
    found: dict[str, KeyPath] = {name: key for name, key in NAMES.items() if environ.get(name, "").strip()}
    by_variable = {f"HUB_{'_'.join(key).upper()}": key for key in keys}
    for name in environ:
        if name not in by_variable and _FOREIGN.match(f"{name}={environ[name]}"):
            log.warning("%s is ignored. It is not a setting: Kubernetes and Docker links set it for a service.", name)
        elif name.startswith("HUB_") and name not in NAMES and name not in NOT_SETTINGS:
            _refuse_table(name)
            if name not in by_variable:
                raise _unknown(name, by_variable)
            found[name] = by_variable[name]  # after NAMES: the last one takes precedence
    tables: dict[str, Any] = {}
    for name, path in found.items():
        table = tables
        for part in path[:-1]:
            table = table.setdefault(part, {})
        table[path[-1]] = _items(environ[name]) if keys[path] else environ[name]
    return {key: name for name, key in found.items()}, tables


def _refuse_table(name: str) -> None:
    section, _, key = name.removeprefix("HUB_").lower().partition("_")
    table = TABLES.get(section)
    if table is not None and key.startswith(table):
        raise ConfigError(
            f"{name} cannot be set by an environment variable: {section}.{table} is a table.",
            "Set it in the settings file.",
        )


def _unknown(name: str, by_variable: Mapping[str, KeyPath]) -> ConfigError:
    """Return an error that says that an environment variable named ``HUB_…`` is not a setting.

    The error suggests the variable with the most similar name. If no name is similar, it lists the variables of the
    same section.
    """
    prefixes = {section: f"HUB_{section.upper()}_" for section, *_ in by_variable.values()}
    known = [*NAMES, *by_variable]
    bare = f"{name.rstrip('_')}_" in prefixes.values()
    if not bare and (nearest := get_close_matches(name, known, n=1, cutoff=MIN_SIMILARITY)):
        return ConfigError(f"{name} is not a setting.", f"Did you mean {nearest[0]}?")
    section = "_".join(name.split("_")[:2]) + "_"
    names = [each for each in known if each.startswith(section)]
    listed = names or ["HUB_TOKEN", *(f"{prefix}…" for prefix in prefixes.values())]
    return ConfigError(f"{name} is not a setting.", f"Known settings: {', '.join(listed)}.")


def _items(value: str) -> list[str]:
    """Split the value of an environment variable at its commas."""
    return [part.strip() for part in value.split(",") if part.strip()]
