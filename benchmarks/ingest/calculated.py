"""Twenty calculated metrics for the flood's devices: sixteen on each device, and four over all of them."""

from __future__ import annotations

_EACH = [
    "bearing_temperature - 20",
    "bearing_temperature * 1.8 + 32",
    "discharge_pressure / 1000",
    "ambient_humidity / 100",
    "vibration_rms * vibration_rms",
    "sqrt(vibration_rms)",
    "bearing_temperature * ambient_humidity",
    "discharge_pressure - ambient_humidity",
    "max(bearing_temperature, ambient_humidity)",
    "min(bearing_temperature, 62)",
    "clamp(vibration_rms, 0, 1.5)",
    "round(discharge_pressure)",
    "1 if vibration_rms > 1.5 else 0",
    "total(discharge_pressure)",
    "rate(bearing_temperature, 60)",
    "average(vibration_rms, 60)",
]
_ALL = [
    'sum(metric("discharge_pressure", model="*"))',
    'mean(metric("bearing_temperature", model="*"))',
    'max(metric("vibration_rms", model="*"))',
    'count(metric("ambient_humidity", model="*"))',
]


def twenty() -> str:
    """Return the text of ``calculated.toml``. Each metric is calculated every 10 seconds, as by default."""
    tables = [(text, 'devices = ["bench-*"]') for text in _EACH] + [(text, 'device = "all"') for text in _ALL]
    return "\n".join(
        f'[[calculated]]\nid = "c{number}"\nmetric = "c{number}"\nexpression = \'{text}\'\n{target}\n'
        for number, (text, target) in enumerate(tables)
    )
