"""Numbers, quantities, durations and times: the same format on hub and dashboard, and parsed back from text."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import text_format as fmt
from hub.insight.quantities import Quantity, read, supported

VECTORS = json.loads((Path(__file__).parent / "vectors" / "text_format.json").read_text("utf-8"))
T = 1_795_384_800_000  # 2026-11-22 22:00:00 UTC
UNITS = [None, "°C", "%", "mm/s", "m³/h", "rpm", "bar", "V", "ppm", "°C/min"]
values = st.floats(-1e14, 1e14, allow_nan=False) | st.floats(-1, 1) | st.integers(-5000, 5000).map(float)


def _ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["text"] for row in rows]


@pytest.mark.parametrize("row", VECTORS["numbers"], ids=_ids(VECTORS["numbers"]))
def test_numbers_match_dashboard_format(row: dict[str, Any]) -> None:
    assert fmt.number(row["value"], row["unit"]) == row["text"]


@pytest.mark.parametrize("row", VECTORS["quantities"], ids=_ids(VECTORS["quantities"]))
def test_quantities_match_dashboard_format(row: dict[str, Any]) -> None:
    assert fmt.quantity(row["value"], row["unit"]) == row["text"]


@pytest.mark.parametrize("row", VECTORS["limits"], ids=_ids(VECTORS["limits"]))
def test_limits_match_dashboard_format(row: dict[str, Any]) -> None:
    assert fmt.limit_quantity(row["value"], row["unit"]) == row["text"]


@pytest.mark.parametrize("row", VECTORS["durations"], ids=_ids(VECTORS["durations"]))
def test_durations_match_dashboard_format(row: dict[str, Any]) -> None:
    assert fmt.duration(row["ms"]) == row["text"]


def test_nan_and_infinity_are_a_dash() -> None:
    assert [fmt.number(value) for value in (math.nan, math.inf, -math.inf)] == ["–"] * 3
    assert fmt.limit(math.inf) == fmt.duration(math.nan) == "–"


def test_times_include_zone() -> None:
    assert fmt.clock(T) == "22:00:00 UTC"
    assert fmt.clock_minute(T) == "22:00 UTC"
    assert fmt.date_time(T) == "2026-11-22 22:00 UTC"
    assert fmt.date(T) == "2026-11-22"
    assert fmt.date_time(10**18) == "9999-12-31 23:59 UTC"


def test_rates_are_per_minute_or_per_hour() -> None:
    assert fmt.rate(0.8 / 60, "°C") == "0.8 °C/min"
    assert fmt.rate(0.8 / 3600, "%") == "0.8 %/h"
    assert fmt.rate(-2 / 60, None) == "−2 per min"


@given(values, st.sampled_from(UNITS))
def test_formatted_quantity_is_parsed_back(value: float, unit: str | None) -> None:
    (found,) = read(f"flow was {fmt.difference(value, unit)} then")
    assert found.unit == unit
    assert math.isclose(found.value, value, rel_tol=0.006, abs_tol=0)
    assert supported(found, [Quantity(value, 6, unit)])


@given(values)
def test_numbers_have_no_negative_zero_exponent_or_hyphen(value: float) -> None:
    for text in (fmt.number(value), fmt.number(value, "°C"), fmt.limit(value)):
        assert "e" not in text.lower()
        assert "-" not in text
        assert text != "−0"


@given(st.integers(0, 10**12))
def test_formatted_duration_is_parsed_back_in_any_unit(ms: int) -> None:
    (found,) = read(f"for {fmt.duration(ms)}; it")
    size = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}[found.unit or ""]
    step = size / 10**found.decimals
    assert -1e-9 * ms <= ms - found.value * size < step + 1e-9 * ms
    assert supported(Quantity(round(found.value * size / 60_000, 1), 1, "min"), [found])


def test_adjacent_decreasing_durations_are_one_quantity() -> None:
    assert read("2 h 46 min") == read("2 hours and 46 minutes") == [Quantity(166, 0, "min")]
    assert read("30 s 5 min") == [Quantity(30, 0, "s"), Quantity(5, 0, "min")]
    assert read("1.5 h 20 min") == [Quantity(1.5, 1, "h"), Quantity(20, 0, "min")]


def test_powers_of_ten_are_parsed() -> None:
    assert read("4.56 × 10⁻⁷ mbar") == [Quantity(4.56e-7, 9, "mbar")]
    assert not supported(Quantity(5e-12, 12, "mbar"), [Quantity(1e-12, 6, "mbar")])
    assert read("1 × 10⁻ m")[0].value == 1
