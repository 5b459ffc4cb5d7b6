"""One spelling for each unit. Only the spelling changes here: no value is ever converted."""

from __future__ import annotations

_SPELLINGS = {
    "°C": ("c", "degc", "deg c", "°c", "ºc", "℃", "celsius", "deg_c", "degrees celsius"),
    "°F": ("f", "degf", "deg f", "°f", "ºf", "℉", "fahrenheit", "deg_f", "degrees fahrenheit"),
    "K": ("kelvin",),
    "%": ("pct", "percent", "perc"),
    "lx": ("lux", "lx"),
    "m³/h": ("m3/h", "m^3/h", "cbm/h"),
    "m³": ("m3", "m^3", "cbm"),
    "L/min": ("l/min", "lpm"),
    "m/s²": ("m/s2", "m/s^2"),
    "µg/m³": ("ug/m3", "µg/m3", "μg/m³", "μg/m3", "ug/m³"),
    "W": ("w", "watt", "watts"),
    "kW": ("kw",),
    "kWh": ("kwh",),
    "Wh": ("wh",),
    "V": ("v", "volt", "volts"),
    "A": ("a", "amp", "amps", "ampere"),
    "Hz": ("hz",),
    "Pa": ("pa",),
    "hPa": ("hpa",),
    "kPa": ("kpa",),
    "dBm": ("dbm",),
    "rpm": ("rpm", "1/min"),
}
_CANONICAL = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings}


def spell(unit: str) -> str:
    """The usual spelling of ``unit``; an unknown one comes back as it is, trimmed."""
    trimmed = unit.strip()
    return _CANONICAL.get(trimmed.lower(), trimmed)
