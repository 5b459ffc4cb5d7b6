"""Determine what a metric measures (its quantity, places and role) from its unit, name and device class.

The signature of a fault names ``pressure@discharge``, and not a metric, so that it applies to ``P2 disch``, ``Druck
Druckseite`` and ``排气压力`` alike. The words are data, one file per language (``lexicons/*.toml``). The unit is read
first, since a unit is written the same in every language::

    unit   bar          -> pressure or differential pressure
    words  P2 + disch   -> short word for pressure, place discharge     => pressure@discharge
    class  pressure     -> taken where unit and words leave the quantity open
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

import msgspec

from hub.insight.lexicon import Words, read_words, words_of

Source = Literal["unit", "words", "class", "title", "person", "model", "unknown"]
"""What the quantity was determined from.

``unit``: the unit. ``words``: the words of the name. ``class``: the device class. ``title``: the words of the title.
``person``: a person set it. ``model``: a person set it for another device of the same model. ``unknown``: it could not
be determined.
"""

PERCENT = frozenset(
    (
        "humidity", "soil_moisture", "state_of_charge", "state_of_health", "level", "position", "load", "power",
        "speed", "efficiency", "oxygen", "concentration", "signal", "memory", "processor", "unbalance", "slip",
    )
)  # fmt: skip
"""Quantities that may be measured in percent. The words of the name have to tell which one is meant."""
_PERCENT_UNITS = frozenset(("%", "percent", "pct", "％"))
_BY_CLASS = {
    "carbon_dioxide": "co2",
    "carbon_monoxide": "co",
    "volatile_organic_compounds": "voc",
    "volume_flow_rate": "flow",
    "signal_strength": "signal",
    "sound_pressure": "sound",
    "battery": "state_of_charge",
    "charge": "state_of_charge",
    "moisture": "soil_moisture",
    "door": "contact",
    "window": "contact",
    "opening": "contact",
    "garage_door": "contact",
    "lock": "contact",
    "problem": "alarm",
    "switch": "running",
    "presence": "occupancy",
    "wind_speed": "wind_speed",
    "precipitation": "rain",
    "irradiance": "radiation",
    "atmospheric_pressure": "pressure",
}


class MetricSemantics(msgspec.Struct, frozen=True):
    """What one metric measures.

    ``quantity`` is None if it is not known. ``role`` is measured, setpoint, command, status, limit or statistic.
    ``source`` is what decided the quantity.
    """

    quantity: str | None
    places: frozenset[str] = frozenset()
    role: str = "measured"
    source: Source = "unknown"

    def __str__(self) -> str:
        """Return the quantity and its places as in signatures: ``temperature@bearing+drive_end``.

        A role other than measured follows in brackets.
        """
        place = f"@{'+'.join(sorted(self.places))}" if self.places else ""
        return (self.quantity or "?") + place + ("" if self.role == "measured" else f" ({self.role})")


@lru_cache(maxsize=20_000)
def metric_semantics(name: str, unit: str | None = None, device_class: str | None = None) -> MetricSemantics:
    """Return what a metric measures, from its name, unit and Home Assistant device class.

    Args:
        name: The published name or the title, in any of the lexicon's languages.
        unit: The published unit; None if the device gives none.
        device_class: The class that the device or its dialect announces.
    """
    found = read_words(name)
    by_unit = quantities_of_unit(unit or "")
    if unit is not None and unit.strip().lower() in _PERCENT_UNITS:
        by_unit = tuple(PERCENT)
    quantity, source = _quantity(found, by_unit, device_class)
    if quantity is None:
        quantity, source = _by_place(found, is_percent=set(by_unit) == PERCENT)
    if quantity == "humidity" and "soil" in found.places:
        quantity = "soil_moisture"
    said = {_ELECTRICAL_PLACES.get(place, place) for place in found.places} if quantity in _ELECTRICAL else found.places
    if quantity in _OF_DRIVES and "vent" in said:
        said = {*said, "fan"} - {"vent"}  # here short for ventilator: a vent has no speed
    places = frozenset(said - _IMPLIED_PLACES.get(quantity or "", frozenset()))
    role = found.roles[0] if found.roles else "measured"
    if role == "limit" and (_names_no_limit(name) or (unit or "").strip().lower() == "min"):
        role = "measured"
    return MetricSemantics(quantity, places, role, source)


def _names_no_limit(name: str) -> bool:
    """Return True if "max" in the name means a measured maximum, such as a maximum deviation, and not a limit."""
    return any(word.startswith(("deviat", "abweich", "desv", "ecart", "blockabweich")) for word in words_of(name))


_ELECTRICAL = ("voltage", "current", "power", "apparent_power", "reactive_power", "frequency")
_OF_DRIVES = ("speed", "current", "power", "vibration", "acceleration", "frequency")
_ELECTRICAL_PLACES = {"inlet": "input", "outlet": "output"}
"""Places that are renamed for electrical quantities, because some languages have one word for inlet and input."""
_IMPLIED_PLACES = {"state_of_charge": frozenset(("battery",)), "soil_moisture": frozenset(("soil",))}
"""Places that a quantity implies, so that they are not repeated."""


def _quantity(found: Words, by_unit: Sequence[str], device_class: str | None) -> tuple[str | None, Source]:
    """Return the quantity that a metric measures (None if unknown), and what it was determined from.

    ``by_unit`` are the quantities that have the metric's unit, likeliest first. The words of the name or, failing
    that, the device class choose one of them. If both name other quantities, the likeliest one is returned, except for
    percent, which any quantity may have. Without a unit, the words or the device class alone decide.
    """
    said = [*found.quantities, *found.short]
    if set(by_unit) == PERCENT and "frequency" in said:
        said.append("speed")  # of a drive, in percent of its highest frequency
    of_class = _BY_CLASS.get(device_class or "", device_class) if device_class else None
    if by_unit:
        agreeing = [quantity for quantity in said if quantity in by_unit or _REFINES.get(quantity) in by_unit]
        if agreeing:
            return max(agreeing, key=lambda quantity: quantity in _REFINES), "words"
        if of_class in by_unit:
            return of_class, "class"
        if set(by_unit) != PERCENT:
            return by_unit[0], "unit"
        return None, "unknown"
    if found.quantities:
        return _main(found.quantities), "words"
    if of_class:
        return of_class, "class"
    if found.short and (found.places or found.roles):
        return found.short[0], "words"
    return None, "unknown"


def _by_place(found: Words, *, is_percent: bool) -> tuple[str | None, Source]:
    """Return the quantity of a metric whose name has only a place (None if unknown), and what it was determined from.

    A metric called "valve" or "damper" is the position. A metric called "fan", "pump", "compressor" or "motor" is the
    speed if its unit is percent or it is a command. Otherwise it says whether the machine is running.
    """
    if found.places & {"valve", "damper", "vent"}:
        return "position", "words"
    if found.places & {"fan", "pump", "compressor", "motor"}:
        return ("speed" if is_percent or "command" in found.roles else "running"), "words"
    return None, "unknown"


_REFINES = {
    "differential_pressure": "pressure",
    "dew_point": "temperature",
    "subcooling": "temperature_difference",
    "superheat": "temperature_difference",
    "temperature_difference": "temperature",
    "run_time": "time",
    "wind_speed": "velocity",
    "co2": "concentration",
    "co": "concentration",
    "voc": "concentration",
    "gas": "concentration",
    "particulates": "concentration",
    "oxygen": "concentration",
    "chlorine": "concentration",
    "displacement": "level",
    "thickness": "level",
    "level": "volume",
}
"""Maps a quantity to the more general quantity that is measured in the same units."""
_GENERIC = frozenset(("mode", "count", "time", "alarm", "running", "contact"))
"""Quantities that do not count if the name has another quantity: ``fan speed state`` is a speed, not a state."""


def _main(quantities: Sequence[str]) -> str:
    if "count" in quantities and set(quantities) <= {"count", "state_of_charge"}:
        return "count"  # such as the number of transfers to battery
    specific = [quantity for quantity in quantities if quantity not in _GENERIC]
    refined = [quantity for quantity in specific if _REFINES.get(quantity) in specific]
    return (refined or specific or list(quantities))[0]


def quantities_of_unit(unit: str | None) -> tuple[str, ...]:
    """Return the quantities that a unit can mean, the likeliest first. For None, return the quantities of all units."""
    if unit is None:
        return tuple(dict.fromkeys(each for found in _units().values() for each in found))
    return _units().get(_folded_unit(unit), ())


@cache
def _units() -> dict[str, tuple[str, ...]]:
    """Return the quantities that are measured in each unit.

    The keys are the units, spelled as :func:`_folded_unit` returns them.
    """
    found: dict[str, tuple[str, ...]] = {}
    text = (files("hub.insight") / "lexicons" / "units.toml").read_text("utf-8")
    for quantity, spellings in tomllib.loads(text).items():
        for spelling in spellings:
            key = _folded_unit(spelling)
            found[key] = (*found.get(key, ()), quantity)
    return found


_CASED = frozenset(("MW", "mW", "Mg", "mg", "MV", "mV", "K", "k", "C", "c", "F", "f", "g", "G", "M", "m", "N", "n"))


def _folded_unit(unit: str | None) -> str:
    """Return one common spelling for all spellings of a unit.

    Letters become lower case, except in units that differ from another unit only by their case, such as mW and MW.
    """
    if not unit:
        return ""
    plain = unicodedata.normalize("NFKC", unit.strip()).replace("^", "").replace(" ", "")
    return plain if plain in _CASED else plain.casefold()
