"""Rules for the flood of benchmarks.ingest, of every kind that reads a single device. None of them raises an alert."""

from __future__ import annotations

_CONDITIONS = (
    'metric = "bearing_temperature"\nabove = 80\nclear = 78\nfor = "30s"',
    'metric = "bearing_temperature"\nabove = 90\nseverity = "critical"',
    'metric = "bearing_temperature"\nbelow = 5',
    'kind = "range"\nmetric = "ambient_humidity"\noutside = [10, 90]\nhysteresis = 2',
    'kind = "rate"\nmetric = "bearing_temperature"\nby = 15\nwithin = "10m"',
    'kind = "stuck"\nmetric = "vibration_rms"\nfor = "30m"',
    'kind = "no_data"\nsilence = "10m"',
    'kind = "equals"\nmetric = "vibration_rms"\nvalue = 0',
    'kind = "count"\nmetric = "discharge_pressure"\nabove = 1050\ntimes = 5\nwithin = "10m"',
    'kind = "compare"\nmetric = "bearing_temperature"\nwith = "ambient_humidity"\nabove = 60',
    'kind = "all"\nfor = "1m"\n[[rule.conditions]]\nmetric = "vibration_rms"\nabove = 4\n'
    '[[rule.conditions]]\nmetric = "bearing_temperature"\nabove = 75',
    'kind = "any"\n[[rule.conditions]]\nmetric = "discharge_pressure"\nbelow = 900\n'
    '[[rule.conditions]]\nmetric = "ambient_humidity"\nabove = 95',
    'quantity = "temperature"\nabove = 95',
    'metric = "*_humidity"\nbelow = 3',
    'kind = "range"\nmetric = "discharge_pressure"\noutside = [800, 1200]',
    'metric = "vibration_rms"\nabove = 7.1\nseverity = "warning"\ncritical = { above = 11 }',
    'kind = "rate"\nmetric = "ambient_humidity"\nby = 60\nwithin = "5m"\nfalling = true',
    'kind = "stuck"\nmetric = "discharge_pressure"\nfor = "1h"\ntolerance = 0.001',
    'kind = "no_data"\nmetric = "vibration_rms"\nsilence = "15m"',
    'kind = "range"\nmetric = "bearing_temperature"\ninside = [120, 150]',
)


def rules_toml(count: int) -> str:
    """Return the text of ``rules.toml`` with ``count`` rules on each device, of all kinds in turn."""
    return "\n".join(
        f'[[rule]]\nid = "bench-{number}"\n{_CONDITIONS[number % len(_CONDITIONS)]}\n' for number in range(count)
    )
