"""Preferences of a person for all their browsers: language, units of measurement, time zone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal
from zoneinfo import available_timezones

import msgspec

from hub.errors import Invalid

Language = Literal["en", "de", "es"]
UnitSystem = Literal["metric", "imperial"]


MAX_HOME_DEVICES = 500
"""Maximum number of devices in ``home_order``, and in ``home_hidden``."""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The preferences of a person. For a preference that is None, the browser's own setting applies.

    Attributes:
        language: Code of the language (ISO 639-1).
        units: System of units.
        units_of: System of units by quantity, for quantities whose system differs from ``units``.
        time_zone: Name in the IANA time zone database.
        home_order: Ids of devices that the Home page shows first in their area, in this order.
        home_hidden: Ids of devices that the Home page does not show.
    """

    language: Language | None = None
    units: UnitSystem | None = None
    units_of: Mapping[str, UnitSystem] = {}
    time_zone: str | None = None
    home_order: tuple[str, ...] = ()
    home_hidden: tuple[str, ...] = ()


def check_time_zone(name: str | None) -> None:
    """Raise Invalid for a name that is not an IANA time zone. None is allowed.

    The name ``localtime`` is refused, because it means another zone on each computer.
    """
    if name is not None and name not in _time_zones():
        raise Invalid(f"There is no time zone {name[:64]!r}.", 'Allowed: IANA names, for example "Europe/Berlin".')


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime"})
