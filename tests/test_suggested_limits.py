"""Limits suggested from the history of devices and their peers, with what they would have raised."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np

from api_hub import RULES, running_hub
from hub.backtest import suggest

NOISE = np.random.default_rng(5)


def course(level: float, spread: float, count: int = 2000) -> np.ndarray:
    return level + spread * NOISE.standard_normal(count)


def test_limits_are_beyond_usual_values_and_ordered_by_sensitivity():
    own = course(50, 2)
    high, medium, low = suggest([own], [], "above")
    assert [each.sensitivity for each in (high, medium, low)] == ["high", "medium", "low"]
    assert np.quantile(own, 0.999) <= high.limit < medium.limit < low.limit
    assert low.limit > own.max()
    assert all(each.clear < each.limit for each in (high, medium, low))
    below = suggest([own], [], "below")
    assert below[0].limit <= np.quantile(own, 0.001)
    assert below[0].clear > below[0].limit > below[-1].limit


def test_peers_widen_the_medium_limit_and_one_faulty_device_does_not_move_it():
    own = [course(50, 2)]
    alone = suggest(own, [], "above")[1].limit
    assert suggest(own, [course(56, 2) for _ in range(10)], "above")[1].limit > alone + 3
    many = [course(50, 2) for _ in range(20)]
    assert suggest([*many, course(90, 2)], [], "above")[0].limit < 60


def test_constant_values_get_a_limit_that_they_do_not_exceed():
    for level in (0.0, 4.0, -4.0):
        found = suggest([np.full(100, level)], [], "above")
        assert all(each.limit >= level for each in found)
        assert found[-1].limit > level


def test_huge_values_get_finite_limits_and_zero_has_no_sign():
    huge = np.array([1e308, -1e308] * 100)
    for side in ("above", "below"):
        found = [*suggest([huge], [], side), *suggest([np.linspace(1e308, 1.7e308, 200)], [], side)]
        assert all(math.isfinite(each.limit) and math.isfinite(each.clear) for each in found)
        levels = [each.limit for each in suggest([np.linspace(0.0, 0.01, 200)], [], side)]
        assert all(math.copysign(1, level) > 0 for level in levels if level == 0)


async def test_suggestions_over_http_name_what_they_would_have_raised(tmp_path: Path):
    (tmp_path / "rules.toml").write_text(RULES)
    async with running_hub(tmp_path) as hub:
        now = int(time.time() * 1000)
        values = [*course(50, 1, 120).round(2), 90.0, *course(50, 1, 20).round(2)]
        for number, value in enumerate(values):
            hub.publish("devices/a/telemetry", {"temperature": value}, at=now - (len(values) - number) * 60_000)
        await hub.settled()
        body = {
            "rule": {"id": "hot", "name": "", "metric": "temperature"},
            "side": "above",
            "from": now - 10_800_000,
            "to": now,
        }
        found = (await hub.http.post("/api/rules/suggest-limits", json=body)).json()
        assert (found["devices"], found["peers"]) == (1, 0)
        assert found["items"][0]["limit"] > 52
        assert [each["count"] for each in found["items"]] == [1] * (len(found["items"]) - 1) + [0]
        few = await hub.http.post("/api/rules/suggest-limits", json={**body, "from": now - 60_000})
        assert few.status_code == 422
        assert "Choose a period with more values" in few.text
