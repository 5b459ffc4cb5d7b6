"""Derive title, device class, category and rank from a metric's name and unit, where its device announces nothing."""

from __future__ import annotations

import re
from functools import lru_cache

from hub.model.metric import MAX_TITLE, STATE_WORDS, Category, MetricDescription

_SPELLED = {
    "co2": "CO₂",
    "co": "CO",
    "eco2": "eCO₂",
    "ph": "pH",
    "tvoc": "TVOC",
    "voc": "VOC",
    "nox": "NOx",
    "pm1": "PM1",
    "pm25": "PM2.5",
    "pm10": "PM10",
    "rssi": "RSSI",
    "lqi": "LQI",
    "snr": "SNR",
    "uv": "UV",
    "ip": "IP",
    "mac": "MAC",
    "ssid": "SSID",
    "bssid": "BSSID",
    "cpu": "CPU",
    "ram": "RAM",
    "fs": "FS",
    "id": "ID",
    "led": "LED",
    "mqtt": "MQTT",
    "wifi": "Wi-Fi",
    "linkquality": "link quality",
    "soc": "state of charge",
    "rpm": "rpm",
}
_WORD = re.compile(r"[^\W\d_]+\d*|\d+", re.UNICODE)
_FINE_DUST = re.compile(r"pm2[._ ]5", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def spoken_words(name: str) -> str:
    """Return an identifier as words in lower case: ``supplyTemp`` is ``supply temp``."""
    parts = re.split(r"[_.\-/:\s]+", _CAMEL.sub(" ", _FINE_DUST.sub("pm25", name)).strip())
    return " ".join(_SPELLED.get(part.lower(), part.lower()) for part in parts if part)


def capitalized(text: str) -> str:
    """Return ``text`` with its first letter in upper case; ``pH`` and ``eCO₂`` stay unchanged."""
    return text if text[:2] in ("pH", "eC") else text[:1].upper() + text[1:]


def title_of(metric: str) -> str:
    """Return the title of a metric whose device announces no title: its name in words."""
    return capitalized(spoken_words(metric))[:MAX_TITLE] or metric


_BY_UNIT = {
    **dict.fromkeys(("°C", "°F"), "temperature"),
    **dict.fromkeys(("W", "kW", "MW"), "power"),
    **dict.fromkeys(("Wh", "kWh", "MWh"), "energy"),
    **dict.fromkeys(("V", "mV", "kV"), "voltage"),
    **dict.fromkeys(("A", "mA"), "current"),
    **dict.fromkeys(("Pa", "hPa", "kPa", "bar", "mbar", "psi", "mmHg", "inHg"), "pressure"),
    **dict.fromkeys(("m³/h", "L/min", "L/h", "L/s", "l/s", "m³/s"), "volume_flow_rate"),
    "VA": "apparent_power",
    "VAr": "reactive_power",
    "Hz": "frequency",
    "lx": "illuminance",
    "dBm": "signal_strength",
    "lqi": "signal_strength",
    "dB": "sound_pressure",
    "mm/s": "vibration",
}
_BY_WORD: tuple[tuple[str, str], ...] = (
    # Words, and the device class that a name with one of them has. The first match counts: states before measurements.
    ("contact closed shut", "contact"),
    ("garage", "garage_door"),
    ("door doors lid hatch gate", "door"),
    ("window windows", "window"),
    ("opened opening open", "opening"),
    ("locked lock", "locked"),
    ("unlocked", "lock"),
    ("leak leakage flood flooded wet leaking", "moisture"),
    ("smoke fire", "smoke"),
    ("gas", "gas"),
    ("carbon_monoxide co", "carbon_monoxide"),
    ("motion movement pir", "motion"),
    ("occupancy occupied", "occupancy"),
    ("presence present", "presence"),
    ("tamper tampered", "tamper"),
    ("problem fault faulty failure error defect trouble alarm overtemperature overload overpower", "problem"),
    ("charging", "battery_charging"),
    ("running", "running"),
    ("connected connectivity reachable", "connectivity"),
    ("temperature temp temperatures", "temperature"),
    ("humidity rh", "humidity"),
    ("moisture", "moisture"),
    ("pressure", "pressure"),
    ("co2 carbondioxide", "carbon_dioxide"),
    ("rssi linkquality lqi snr signal", "signal_strength"),
    ("illuminance lux", "illuminance"),
    ("power watts", "power"),
    ("energy", "energy"),
    ("voltage volts", "voltage"),
    ("current amps", "current"),
    ("frequency", "frequency"),
    ("pf factor", "power_factor"),
    ("flow inflow outflow", "volume_flow_rate"),
    ("vibration", "vibration"),
    ("charge soc", "charge"),
    ("battery batt bat", "battery"),
    ("on output relay switch switched", "switch"),
)
_CLASS_OF = {word: found for words, found in _BY_WORD for word in words.split()}
_ORDER_OF = {word: place for place, word in enumerate(_CLASS_OF)}
_NUMERIC_TOO = frozenset(("battery", "carbon_monoxide", "gas", "light", "moisture", "power", "sound", "vibration"))
"""Device classes that exist for booleans and for numbers with a unit."""
_CHIP = frozenset(["chip", "cpu", "mcu", "device", "board", "processor", "esp", "esp32", "esp8266", "cputemp"])
_DIAGNOSTIC_WORDS = frozenset(
    [
        "rssi",
        "vbat",
        "lqi",
        "snr",
        "linkquality",
        "uptime",
        "uptimesec",
        "heap",
        "freeheap",
        "ram",
        "fs",
        "firmware",
        "restart",
        "restarts",
        "reboot",
        "reboots",
        "reset",
        "ip",
        "mac",
        "ssid",
        "bssid",
        "vcc",
        "loadavg",
        "mqttcount",
        "cpuload",
        "cputemp",
        "wifi",
        "wlan",
        "stats",
        "sys",
        "lastseen",
        "update",
        "version",
        "seq",
        "bdseq",
        "properties",
    ]
)
_CONFIG_WORDS = frozenset(["calibration", "sensitivity", "led", "indicator"])
_SECONDARY_WORDS = frozenset(
    ["target", "setpoint", "set", "desired", "setting", "dew", "feels", "min", "max", "yesterday"]
)
"""Words of setpoints, derived and past values, which are ranked after current measurements."""
_UNIT_WORDS = {"c": "°C", "f": "°F", "w": "W", "kwh": "kWh", "v": "V", "a": "A", "hz": "Hz", "pct": "%", "percent": "%"}
_DIAGNOSTIC_CLASSES = frozenset(("battery", "signal_strength", "connectivity", "update", "firmware", "tamper"))
_FURTHER_CLASSES = frozenset(
    ("apparent_power", "reactive_power", "power_factor", "frequency", "voltage", "current", "duration", "timestamp")
)

_SENSED = [
    "smoke",
    "gas",
    "carbon_monoxide",
    "safety",
    "moisture",
    "garage_door",
    "door",
    "window",
    "opening",
    "contact",
    "lock",
    "locked",
    "motion",
    "occupancy",
    "presence",
    "moving",
]
"""Device classes that say what kind of sensor a device is. They are ranked before all other metrics of the device."""
_SENSOR_NAMES = frozenset(["contact", "leak", "water_leak", "leakage", "flood", "smoke", "motion", "occupancy", "pir"])
"""Metric names that only sensors of these classes use. (``door`` is not one: a cold room may report it, too.)"""
_MEASURED = [
    "level",
    "charge",
    "volume_flow_rate",
    "temperature",
    "pressure",
    "power",
    "switch",
    "vibration",
    "voltage",
    "current",
    "humidity",
    "carbon_dioxide",
    "speed",
    "energy",
    "action",
]
_LAST = 200
_DERIVED_SENSOR = 190
"""Rank of a metric whose class in :data:`_SENSED` is only derived from its name.

It is ranked after measurements and before unknown metrics.
"""


def _words(metric: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(_CAMEL.sub(" ", metric).replace("_", " "))]


@lru_cache(20_000)
def class_of(metric: str, unit: str | None) -> str | None:
    """Return the device class that a metric's name and unit imply; None if they imply none."""
    words = _words(metric.rpartition(".")[2])
    if "battery" in words and "low" in words:
        return "battery"
    if "color" in words or "colour" in words or words[:1] == ["no"]:
        return None
    if words[-1:] == ["ok"]:
        return "ok"
    if unit and (found := _BY_UNIT.get(unit)):
        return found
    known = [word for word in words if word in _CLASS_OF]
    if not known:
        return None
    found = _CLASS_OF[min(known, key=_ORDER_OF.__getitem__)]
    if unit and found in STATE_WORDS and found not in _NUMERIC_TOO:
        return None  # a ``door`` with a unit is a position, not open or closed
    return None if unit and found == "switch" else found


@lru_cache(50_000)
def describe(
    metric: str, unit: str | None, title: str | None, device_class: str | None, category: Category | None
) -> MetricDescription:
    """Return how a metric is shown. What the device did not announce is derived from the metric's name and unit."""
    found = device_class or class_of(metric, unit)
    return MetricDescription(
        title=title or title_of(_without_unit(metric, unit)),
        device_class=found,
        category=category or _category(metric, found),
        rank=_rank(metric, found, announced=device_class is not None),
    )


def _without_unit(metric: str, unit: str | None) -> str:
    """Return a name without its unit: ``temperature_C`` in °C is ``temperature``."""
    head, _, last = metric.rpartition("_")
    return head if head and unit and _UNIT_WORDS.get(last.lower()) == unit else metric


def _category(metric: str, device_class: str | None) -> Category:
    words = set(_words(metric))
    if words & _CONFIG_WORDS:
        return "config"
    if device_class in _DIAGNOSTIC_CLASSES or words & _DIAGNOSTIC_WORDS or {"battery", "ok"} <= words:
        return "diagnostic"
    if device_class == "temperature" and words & _CHIP:
        return "diagnostic"
    return "further" if device_class in _FURTHER_CLASSES else "primary"


def _rank(metric: str, device_class: str | None, *, announced: bool) -> int:
    """Return a metric's rank in its category, lowest first.

    ``announced`` is True if the device announced the device class, and False if the hub derived it.
    """
    words = _words(metric)
    if device_class in _SENSED and (announced or _SENSOR_NAMES & {*words, metric.lower()}):
        return _SENSED.index(device_class)
    if device_class in _SENSED:
        return _DERIVED_SENSOR
    name = next((word for word in ("level", "speed", "action") if words and words[-1] == word), device_class)
    if name not in _MEASURED:
        return _LAST
    plain = len(words) == 1 or (len(words) == 2 and words[0] == "current")
    place = 100 + 2 * _MEASURED.index(name) + (0 if plain else 1)
    return place + 50 if _SECONDARY_WORDS & set(words) else place
