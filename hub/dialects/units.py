"""Spell each unit in one way. Values are never converted."""

from __future__ import annotations

_SPELLINGS = {
    "°C": ("c", "degc", "deg c", "°c", "ºc", "℃", "c°", "cel", "celsius", "deg_c", "degrees celsius"),
    "°F": ("f", "degf", "deg f", "°f", "ºf", "℉", "f°", "[degf]", "fahrenheit", "deg_f", "degrees fahrenheit"),
    "K": ("kelvin", "°k"),
    "°": ("º", "deg", "degree", "degrees"),
    "%": ("pct", "percent", "perc", "percentage", "%rh", "% rh", "%el"),
    "lx": ("lux", "lx"),
    "m³/h": ("m3/h", "m^3/h", "cbm/h", "m3/hr", "m³/hr"),
    "m³": ("m3", "m^3", "cbm"),
    "L": ("l", "liter", "liters", "litre", "litres"),
    "L/min": ("l/min", "lpm"),
    "L/h": ("l/h", "lph"),
    "m/s": ("mps",),
    "m/s²": ("m/s2", "m/s^2"),
    "km/h": ("kmh", "kph", "km/hr"),
    "µg/m³": ("ug/m3", "ug/m^3", "µg/m3", "µg/m^3", "μg/m³", "μg/m3", "ug/m³"),
    "mg/m³": ("mg/m3", "mg/m^3"),
    "µS/cm": ("us/cm", "µs/cm", "μs/cm"),
    "ppm": ("ppm",),
    "ppb": ("ppb",),
    "W": ("w", "watt", "watts"),
    "kW": ("kw",),
    "kWh": ("kwh",),
    "Wh": ("wh",),
    "VA": ("va",),
    "kVA": ("kva",),
    "VAr": ("var",),
    "kVArh": ("kvarh",),
    "V": ("v", "volt", "volts"),
    "A": ("a", "amp", "amps", "ampere", "amperes"),
    "Ω": ("ohm", "ohms", "ω"),
    "Hz": ("hz", "hertz"),
    "Pa": ("pa",),
    "hPa": ("hpa",),
    "kPa": ("kpa",),
    "bar": ("bar",),
    "mbar": ("mbar",),
    "psi": ("psi",),
    "mmHg": ("mmhg",),
    "inHg": ("inhg",),
    "dB": ("db",),
    "dBm": ("dbm",),
    "rpm": ("rpm", "1/min", "r/min", "rev/min"),
    "mired": ("mireds",),
    "s": ("sec", "secs", "second", "seconds"),
    "min": ("mins", "minute", "minutes"),
    "h": ("hr", "hrs", "hour", "hours"),
    "d": ("day", "days"),
}
"""The spellings of each unit that devices send, in lower case.

Units that differ only in case (mW and MW, mV and MV) are left out.
"""
_CANONICAL = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings}


def spell(unit: str) -> str:
    """Return the hub's spelling of ``unit``. An unknown unit is returned without surrounding spaces."""
    trimmed = unit.strip()
    return _CANONICAL.get(trimmed.lower(), trimmed)


def is_unit(text: str) -> bool:
    """Return True for a known unit in any spelling."""
    trimmed = text.strip()
    return trimmed in _SPELLINGS or trimmed.lower() in _CANONICAL
