"""Retention: the settings and the devices' labels as parameters for the store."""

from __future__ import annotations

from typing import Any

import pytest

from hub.assembly.load_settings import load_settings
from hub.errors import ConfigError
from hub.model import Device, Info
from hub.services.housekeeping import DAY_MS, HOUR_MS, retentions
from hub.store.base import Retention

NOW = 20_000 * DAY_MS + 12_345


def store_settings(**store: Any) -> Any:
    return load_settings(overrides={"store": store}, environ={}).store


def device(name: str, *labels: str) -> Device:
    return Device(id=name, dialect="native", native_id=name, first_seen=0, info=Info(labels=labels))


def days(count: int) -> int:
    return (NOW - count * DAY_MS) // HOUR_MS * HOUR_MS


def test_coarser_tiers_are_kept_at_least_as_long() -> None:
    assert retentions(store_settings(), [], NOW) == [Retention(days(30), days(365), days(3650))]
    assert retentions(store_settings(retention_days=500), [], NOW) == [Retention(days(500), days(500), days(3650))]
    assert retentions(store_settings(retention_days=9, minutes_days=8, hours_days=7), [], NOW) == [
        Retention(*[days(9)] * 3)
    ]


def test_exceptions_apply_by_metric_and_label() -> None:
    settings = store_settings(
        keep=[
            {"metric": "vibration*", "retention_days": 2},
            {"label": "bench", "minutes_days": 40},
            {"label": "bench", "metric": "t", "hours_days": 50},
        ]
    )
    devices = [device("a", "bench", "x"), device("b"), device("c", "bench")]
    assert retentions(settings, devices, NOW) == [
        Retention(days(2), days(365), days(3650), "vibration*"),
        Retention(days(30), days(40), days(3650), None, frozenset({"a", "c"})),
        Retention(days(30), days(365), days(365), "t", frozenset({"a", "c"})),
        Retention(days(30), days(365), days(3650)),
    ]


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ({"retention_days": 2}, 'a "metric", a "label" or both'),
        ({"metric": "t", "retention_days": 0}, "greater than or equal to 1"),
        ({"metrics": "t"}, "is not a setting"),
    ],
)
def test_invalid_exception_is_refused(keep: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        store_settings(keep=[keep])
