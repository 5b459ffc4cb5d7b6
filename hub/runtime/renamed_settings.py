"""Earlier names of settings. They are still accepted, in the settings file and in the environment, with a warning."""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger(__name__)

RENAMED = {
    ("mqtt", "root"): ("dialects", "native", "prefix"),
    ("mqtt", "zigbee2mqtt"): ("dialects", "zigbee2mqtt", "prefix"),
    ("mqtt", "homeassistant"): ("dialects", "homeassistant", "prefix"),
    ("mqtt", "homie"): ("dialects", "homie", "prefix"),
    ("openid", "client_secret_file"): ("openid", "client_secret_from"),
}
"""The path of the present key, by the path of the earlier key."""


def rename_settings(tables: dict[str, Any]) -> None:
    """Move the values of earlier keys to the current keys, unless a current key is set, too.

    An earlier key that was not moved is refused as an unknown key.
    """
    for (section, key), path in RENAMED.items():
        table = tables.get(section)
        if not isinstance(table, dict) or key not in table:
            continue
        *parents, name = path
        target: Any = tables
        for parent in parents:
            target = target.setdefault(parent, {}) if isinstance(target, dict) else None
        if isinstance(target, dict) and name not in target:
            target[name] = table.pop(key)
            log.warning("The setting %s.%s is called %s now.", section, key, ".".join(path))
