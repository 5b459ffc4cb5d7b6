"""CPU time for decoding one message, by dialect and payload format: ``python -m benchmarks.decoding``."""

from __future__ import annotations

import statistics
import time
from typing import Any

import msgspec

from hub.dialects import Dialect, HomeAssistantDialect, NativeDialect
from hub.model import Latest, RawMessage

ROUNDS, MESSAGES = 15, 2_000
CONFIG = {"uniq_id": "x", "stat_t": "p/x", "unit_of_meas": "°C", "dev": {"ids": "d"}}
FORMS: dict[str, tuple[dict[str, Any], bytes]] = {
    "a plain number": ({}, b"21.5"),
    "a path into JSON": ({"val_tpl": "{{ value_json.a }}"}, b'{"a":21.5,"b":3,"c":"x"}'),
    "a filter": ({"val_tpl": "{{ value_json.a | round(1) }}"}, b'{"a":21.5,"b":3,"c":"x"}'),
    "a condition": ({"val_tpl": "{{ value_json.a / 10 if value_json.b > 2 else 0 }}"}, b'{"a":21.5,"b":3,"c":"x"}'),
}


class AllKnown:
    """A registry that knows every device, but no values."""

    def known(self, device: str) -> bool:
        return True

    def latest(self, device: str, metric: str) -> Latest | None:
        return None


class NoneKnown(AllKnown):
    def known(self, device: str) -> bool:
        return False


def cost(dialect: Dialect, message: RawMessage) -> float:
    """Return the CPU time for decoding one message in microseconds: the median of :data:`ROUNDS` rounds."""
    view, found = AllKnown(), []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(MESSAGES):
            dialect.decode(message, view)
        found.append((time.process_time() - started) / MESSAGES * 1e6)
    return statistics.median(found)


def announced_dialect(config: dict[str, Any]) -> HomeAssistantDialect:
    dialect = HomeAssistantDialect()
    announcement = RawMessage("homeassistant/sensor/x/config", msgspec.json.encode({**CONFIG, **config}), 0)
    for change in dialect.decode(announcement, NoneKnown()).changes:
        dialect.apply(change)
    return dialect


def main() -> None:
    native = RawMessage("devices/d/telemetry", b'{"temperature":21.5,"pressure":3,"state":"x"}', 0)
    print(f"native, three values: {cost(NativeDialect(), native):.1f} µs")
    for form, (config, payload) in FORMS.items():
        print(f"homeassistant, {form}: {cost(announced_dialect(config), RawMessage('p/x', payload, 0)):.1f} µs")


if __name__ == "__main__":
    main()
