"""Language, units and time zone of the messages to a person."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec

from hub import text_format as fmt
from hub.accounts.profile import Profile, UnitSystem
from hub.model import Value
from hub.runtime.package_data import shared_dir


class UnitConversion(msgspec.Struct, frozen=True):
    """The conversion of values in one unit to the unit ``to``."""

    quantity: str
    system: UnitSystem
    to: str
    factor: float
    offset: float

    def value(self, value: float) -> float:
        """Convert a value, such as a temperature of 20 °C, to the unit ``to``."""
        return value * self.factor + self.offset

    def difference(self, value: float) -> float:
        """Convert the difference of two values to the unit ``to``, without adding an offset."""
        return value * self.factor


class MessageLocale(msgspec.Struct, frozen=True):
    """The language, units and time zone of messages to a receiver.

    Attributes:
        language: Code of the language.
        units: System of units; None leaves values in the units of the devices.
        units_of: Pairs of a quantity and its system of units, for quantities that differ from ``units``.
        time_zone: IANA name of the zone of all times; None for the zone of the hub's machine.
    """

    language: str = "en"
    units: UnitSystem | None = None
    units_of: tuple[tuple[str, UnitSystem], ...] = ()
    time_zone: str | None = None

    def conversion(self, unit: str | None) -> UnitConversion | None:
        """Return the conversion of values in ``unit`` for this locale; None if they keep their unit."""
        systems = dict(self.units_of)
        for each in _conversions().get(unit or "", ()):
            if systems.get(each.quantity, self.units) == each.system:
                return each
        return None

    def quantity(self, value: Value, unit: str | None) -> str:
        """Return a value as text with its unit, converted for this locale and then rounded to six digits."""
        conversion = self.conversion(unit)
        if conversion is None or isinstance(value, bool | str):
            return fmt.exact_value(value, unit)
        return fmt.limit_quantity(conversion.value(value), conversion.to)

    def reading(self, value: float, unit: str | None) -> str:
        """Return a reading as text with its unit, converted for this locale, with about three significant digits."""
        conversion = self.conversion(unit)
        return fmt.quantity(value, unit) if conversion is None else fmt.quantity(conversion.value(value), conversion.to)

    def limit(self, value: float, unit: str | None) -> str:
        """Return a limit as text with its unit, converted for this locale."""
        return self.quantity(value, unit)


HUB_LOCALE = MessageLocale()
"""The locale of messages over channels that do not belong to a person."""


def locale_of(profile: Profile) -> MessageLocale:
    """Return the locale that a person has chosen, or the locale of the hub."""
    units_of = tuple(sorted(profile.units_of.items()))
    return MessageLocale(profile.language or "en", profile.units, units_of, profile.time_zone)


class _UnitTable(msgspec.Struct):
    """The contents of ``units.json``.

    Attributes:
        pairs: Rows of quantity, metric unit, imperial unit, factor and offset.
        same: Metric units that are not in ``pairs``. Each is mapped to a metric unit in ``pairs``, and the factor that
            converts to that unit.
    """

    pairs: list[tuple[str, str, str, float, float]]
    same: dict[str, tuple[str, float]]


@cache
def _conversions() -> Mapping[str, list[UnitConversion]]:
    """Return the possible conversions of each unit, by the unit that is converted."""
    table = msgspec.json.decode((shared_dir() / "lib" / "units.json").read_bytes(), type=_UnitTable)
    found: dict[str, list[UnitConversion]] = {}
    for quantity, metric, imperial, factor, offset in table.pairs:
        found.setdefault(metric, []).append(UnitConversion(quantity, "imperial", imperial, factor, offset))
        back = UnitConversion(quantity, "metric", metric, 1 / factor, -offset / factor)
        found.setdefault(imperial, []).append(back)
        for unit, (same, size) in table.same.items():
            if same == metric:
                found.setdefault(unit, []).append(UnitConversion(quantity, "imperial", imperial, factor * size, offset))
    return found
