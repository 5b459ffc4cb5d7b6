"""Read numbers and booleans in the configuration of an entity. As in Home Assistant, they may be written as texts.

An invalid option is ignored, and :func:`faults` reports it.

Source: the Home Assistant documentation, the pages of the MQTT components ("Configuration variables").
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from hub.dialects.repair import UNREADABLE
from hub.errors import Rejected

MAX_SECONDS = 31_536_000
_ANY = (-math.inf, math.inf)
NUMBERS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("expire_after", "off_delay"), (0, MAX_SECONDS)),
    "qos": (0, 2),
    "suggested_display_precision": (0, 100),
    **dict.fromkeys(("min", "max", "step", "initial", "precision"), _ANY),
    **dict.fromkeys(("min_temp", "max_temp", "temp_step", "min_humidity", "max_humidity"), _ANY),
    **dict.fromkeys(("min_mireds", "max_mireds", "min_kelvin", "max_kelvin"), _ANY),
    **dict.fromkeys(("brightness_scale", "white_scale", "flash_time_short", "flash_time_long"), _ANY),
    **dict.fromkeys(("speed_range_min", "speed_range_max", "position_open", "position_closed"), _ANY),
    **dict.fromkeys(("tilt_min", "tilt_max", "tilt_opened_value", "tilt_closed_value"), _ANY),
}
"""Keys of numeric options, with (minimum, maximum)."""
BOOLEANS = frozenset(
    (
        *("retain", "optimistic", "tilt_optimistic", "enabled_by_default", "force_update", "reports_position"),
        *("color_temp_kelvin", "support_duration", "support_volume_set", "migrate_discovery"),
        *("code_arm_required", "code_disarm_required", "code_trigger_required"),
    )
)
MODES = ("all", "any", "latest")
"""Allowed values of ``availability_mode``."""
_LISTS = frozenset(("availability", "options"))
_JSON_LIGHT = frozenset(("brightness", "color_temp", "effect", "flash", "transition"))
"""Keys that are boolean options only for a light with the JSON schema."""
_TRUE, _FALSE = frozenset(("1", "true", "yes", "on", "enable")), frozenset(("0", "false", "no", "off", "disable"))


def number(config: Mapping[str, Any], key: str) -> float | None:
    """Return the number under ``key``; None if it is missing, not a number or out of range."""
    value = config.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    minimum, maximum = NUMBERS.get(key, _ANY)
    return found if math.isfinite(found) and minimum <= found <= maximum else None


def boolean(config: Mapping[str, Any], key: str) -> bool | None:
    """Return the boolean under ``key``; None if it is missing or not a boolean."""
    value = config.get(key)
    if isinstance(value, int | float):
        return value != 0
    word = value.strip().lower() if isinstance(value, str) else ""
    return True if word in _TRUE else False if word in _FALSE else None


def faults(kind: str, config: Mapping[str, Any]) -> Iterator[Rejected]:
    """Yield an error for each invalid option of an entity of the given ``kind``."""
    json_light = kind == "light" and config.get("schema") == "json"
    for key, value in config.items():
        if value is None:
            continue
        if value == UNREADABLE:
            yield Rejected("not_utf8", f"{key} is not valid UTF-8 text; it is ignored.")
        elif key in NUMBERS and number(config, key) is None:
            minimum, maximum = NUMBERS[key]
            range_ = "" if math.isinf(maximum) else f" from {minimum:.0f} to {maximum:.0f}"
            yield Rejected("bad_value", f"{key} is {_repr(value)}, not a number{range_}. The entity works without it.")
        elif (key in BOOLEANS or (json_light and key in _JSON_LIGHT)) and boolean(config, key) is None:
            yield Rejected("bad_value", f"{key} is {_repr(value)}, not true or false. The entity works without it.")
        elif key.endswith(("topic", "template")) and not isinstance(value, str):
            yield Rejected("bad_value", f"{key} is {_repr(value)}, not a text; it is ignored.")
        elif key in _LISTS and not isinstance(value, list):
            yield Rejected("bad_value", f"{key} is {_repr(value)}, not a list; it is ignored.")
        elif key == "availability_mode" and value not in MODES:
            yield Rejected("bad_value", f"{key} is {_repr(value)}, not one of {', '.join(MODES)}; latest is used.")


def _repr(value: Any) -> str:
    return repr(value[:40]) if isinstance(value, str) else str(value)[:40]
