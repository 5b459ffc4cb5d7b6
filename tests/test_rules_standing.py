"""A change of rules, labels or models is evaluated at once with the latest values, through pipeline and API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, now_ms, running_hub
from hub.model import Tick

SECOND = 1_000


def rule(text: str, name: str = "r") -> str:
    return f'[[rule]]\nid = "{name}"\n{text}\n'


def above(limit: float, more: str = "") -> str:
    return rule(f'metric = "temperature"\nabove = {limit}\n{more}')


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running(tmp_path, "") as started:
        yield started


def running(data: Path, rules: str):
    (data / "rules.toml").write_text(rules)
    return running_hub(data, rules=rules)


async def put(hub: ApiHub, text: str) -> None:
    revision = (await hub.http.get("/api/rules/text")).json()["revision"]
    answer = await hub.http.put("/api/rules", json={"text": text, "revision": revision})
    assert answer.status_code == 200, answer.text


async def telemetry(hub: ApiHub, payload: dict, at: int | None = None, device: str = "d1") -> None:
    hub.publish(f"devices/{device}/telemetry", payload, at=at)
    await hub.settled()


async def tick(hub: ApiHub, at: int) -> None:
    await hub.services.ingest_queue.submit(Tick(at, 0))


async def alerts(hub: ApiHub, state: str = "open") -> list[dict]:
    return list((await hub.http.get("/api/alerts", params={"state": state})).json()["items"])


# -- a pending condition and a rule that changes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "value"),
    [
        ('metric = "m"\nabove = 80', 'metric = "m"\nabove = 90', 85),
        ('metric = "m"\nbelow = 10', 'metric = "m"\nbelow = 5', 8),
        ('kind = "equals"\nmetric = "m"\nvalue = "fault"', 'kind = "equals"\nmetric = "m"\nvalue = "warn"', "fault"),
        ('kind = "equals"\nmetric = "m"\nvalue = 3', 'kind = "equals"\nmetric = "m"\nvalue = 4', 3),
        ('metric = "m"\nabove = 80', 'kind = "equals"\nmetric = "m"\nvalue = 80', 85),
        ('metric = "m"\nabove = 80', 'metric = "other"\nabove = 80', 85),
    ],
)
async def test_pending_condition_is_dropped_when_its_rule_no_longer_holds(hub: ApiHub, before, after, value):
    now = now_ms()
    await put(hub, rule(f'{before}\nfor = "8s"'))
    await telemetry(hub, {"m": value}, now)
    await put(hub, rule(f'{after}\nfor = "8s"'))
    await tick(hub, now + 60 * SECOND)
    assert await alerts(hub) == []


async def test_pending_rate_is_evaluated_with_new_limit(hub: ApiHub):
    now = now_ms()
    await put(hub, rule('kind = "rate"\nmetric = "m"\nby = 5\nwithin = "1m"\nfor = "8s"'))
    await telemetry(hub, {"m": 10}, now)
    await telemetry(hub, {"m": 18}, now + SECOND)
    await put(hub, rule('kind = "rate"\nmetric = "m"\nby = 10\nwithin = "1m"\nfor = "8s"'))
    await tick(hub, now + 30 * SECOND)
    assert await alerts(hub) == []


async def test_pending_rate_ends_when_its_window_has_passed(hub: ApiHub):
    now = now_ms()
    await put(hub, rule('kind = "rate"\nmetric = "m"\nby = 5\nwithin = "4s"\nfor = "8s"'))
    await telemetry(hub, {"m": 10}, now)
    await telemetry(hub, {"m": 18}, now + SECOND)
    await tick(hub, now + 30 * SECOND)
    assert await alerts(hub) == [], "no reading says that it went on rising"


async def test_pending_condition_counts_from_time_new_limit_was_exceeded(hub: ApiHub):
    now = now_ms()
    await put(hub, above(80, 'for = "8s"'))
    await telemetry(hub, {"temperature": 85, "ts": now}, now)
    await telemetry(hub, {"temperature": 95, "ts": now + 3 * SECOND}, now + 3 * SECOND)
    await telemetry(hub, {"temperature": 96, "ts": now + 5 * SECOND}, now + 5 * SECOND)
    await put(hub, above(90, 'for = "8s"'))
    await tick(hub, now + 10 * SECOND)
    assert await alerts(hub) == [], "above 90 for 7 s only"
    await tick(hub, now + 11 * SECOND)
    (alert,) = await alerts(hub)
    assert (alert["since"], alert["threshold"], alert["value"]) == (now + 3 * SECOND, 90, 96)


async def test_pending_condition_keeps_start_under_lower_limit(hub: ApiHub):
    now = now_ms()
    await put(hub, above(80, 'for = "1h"'))
    await telemetry(hub, {"temperature": 85}, now)
    await put(hub, above(70, 'for = "20s"'))
    await tick(hub, now + 19 * SECOND)
    assert await alerts(hub) == []
    await tick(hub, now + 20 * SECOND)
    (alert,) = await alerts(hub)
    assert alert["since"] == now


async def test_silence_is_evaluated_with_new_duration(hub: ApiHub):
    await put(hub, rule('kind = "no_data"\nsilence = "5m"'))
    await telemetry(hub, {"m": 1})
    last_seen = hub.services.registry.require("d1").last_seen
    await put(hub, rule('kind = "no_data"\nsilence = "1h"'))
    await tick(hub, last_seen + 3_599_000)
    assert await alerts(hub) == []
    await put(hub, rule('kind = "no_data"\nsilence = "10s"'))
    await tick(hub, last_seen + 10_000)
    assert len(await alerts(hub)) == 1
    await put(hub, rule('kind = "no_data"\nsilence = "1h"'))
    assert await alerts(hub) == [], "the device has not been silent for an hour"


async def test_pending_condition_is_dropped_when_value_becomes_text(hub: ApiHub):
    now = now_ms()
    await put(hub, above(80, 'for = "8s"'))
    await telemetry(hub, {"temperature": 85}, now)
    await telemetry(hub, {"temperature": "error"}, now + SECOND)
    await tick(hub, now + 20 * SECOND)
    assert await alerts(hub) == []
    await telemetry(hub, {"temperature": 85}, now + 21 * SECOND)
    assert len(await alerts(hub)) == 1


# -- open alerts and latest values -------------------------------------------------------------------------------------


async def test_latest_value_raises_and_clears_when_rules_change(hub: ApiHub):
    await telemetry(hub, {"temperature": 85})
    measured = hub.services.registry.require("d1").metrics["temperature"].ts
    assert await alerts(hub) == []
    await put(hub, above(80))
    (alert,) = await alerts(hub)
    assert (alert["value"], alert["since"]) == (85, measured)
    await put(hub, above(90))
    assert await alerts(hub) == []
    (cleared,) = await alerts(hub, "cleared")
    assert (cleared["withdrawn"], cleared["ended_at"]) == (True, None), "the rule changed, not the temperature"
    await put(hub, above(90, "clear = 60"))
    assert await alerts(hub) == []


async def test_alert_clears_when_value_never_exceeded_new_limit(hub: ApiHub):
    await put(hub, above(80, "clear = 70"))
    await telemetry(hub, {"temperature": 85})
    await telemetry(hub, {"temperature": 75})
    assert len(await alerts(hub)) == 1
    await put(hub, above(90, "clear = 70"))
    assert await alerts(hub) == []


async def test_latest_value_must_exceed_limit_for_duration(hub: ApiHub):
    now = now_ms()
    await telemetry(hub, {"temperature": 85}, now)
    await put(hub, above(80, 'for = "30s"'))
    assert await alerts(hub) == []
    await tick(hub, now + 29 * SECOND)
    assert await alerts(hub) == []
    await tick(hub, now + 30 * SECOND)
    assert len(await alerts(hub)) == 1


async def test_open_alert_is_updated_and_keeps_acknowledgement(hub: ApiHub):
    await put(hub, above(80))
    await telemetry(hub, {"temperature": 85})
    await telemetry(hub, {"temperature": 95})
    (alert,) = await alerts(hub)
    await hub.http.post(f"/api/alerts/{alert['id']}/acknowledge", json={"note": "on my way"})
    await put(hub, above(90, 'severity = "critical"'))
    (after,) = await alerts(hub)
    assert after["id"] == alert["id"]
    assert (after["state"], after["note"], after["severity"]) == ("acknowledged", "on my way", "critical")
    assert (after["threshold"], after["value"], after["message"]) == (90, 95, "temperature 95, above 90")
    device = (await hub.http.get("/api/devices/d1")).json()
    assert device["severity"] == "critical"


async def test_rule_with_renamed_metric_moves_alert(hub: ApiHub):
    await put(hub, above(80))
    await telemetry(hub, {"temperature": 85, "temp": 90})
    await put(hub, rule('metric = "temp"\nabove = 80'))
    (alert,) = await alerts(hub)
    assert alert["metric"] == "temp"


@pytest.mark.parametrize("change", ["labels", "model"])
async def test_device_that_starts_to_match_rule_is_evaluated_at_once(hub: ApiHub, change: str):
    await put(hub, above(80, 'labels = ["hot"]' if change == "labels" else 'models = ["CP-*"]'))
    await telemetry(hub, {"temperature": 85})
    assert await alerts(hub) == []

    async def describe(*labels: str) -> None:
        if change == "labels":
            await hub.http.patch("/api/devices/d1", json={"labels": list(labels)})
        else:
            hub.publish("devices/d1/info", {"model": "CP-1" if labels else "X"})
            await hub.settled()

    await describe("hot")
    assert len(await alerts(hub)) == 1
    await describe()
    assert await alerts(hub) == []
    await describe("hot")
    assert len(await alerts(hub)) == 1
    assert len(await alerts(hub, "cleared")) == 1, "the withdrawn alert is kept"


async def test_duration_counts_from_latest_reading_when_labels_change(hub: ApiHub):
    now = now_ms()
    await put(hub, above(80, 'for = "10s"\nlabels = ["hot"]'))
    await telemetry(hub, {"temperature": 85}, now - 20 * SECOND)
    hub.publish("devices/d1/info", {"labels": ["hot"]})
    await hub.settled()
    assert len(await alerts(hub)) == 1


@pytest.mark.parametrize("quality", ["retained", "late", "unknown", "stale"])
async def test_value_that_is_not_current_raises_nothing(hub: ApiHub, quality: str):
    now = now_ms()
    if quality == "late":
        await telemetry(hub, {"temperature": 85, "ts": now - 3_600_000}, now)
    else:
        await telemetry(hub, {"temperature": 85}, now)
    device = hub.services.registry.require("d1")
    if quality == "stale":
        device.presence = "stale"
    elif quality != "late":
        device.metrics["temperature"].quality = quality
    assert device.metrics["temperature"].quality in (quality, "good")
    await put(hub, above(80))
    await tick(hub, now + 60 * SECOND)
    assert await alerts(hub) == []


async def test_changed_rules_are_evaluated_at_start(tmp_path: Path):
    async with running(tmp_path, above(80)) as hub:
        await telemetry(hub, {"temperature": 85, "pressure": 5})
        (hot,) = await alerts(hub)
    async with running(tmp_path, above(90) + rule('metric = "pressure"\nabove = 3', "p")) as hub:
        (alert,) = await alerts(hub)
        assert alert["rule_id"] == "p"
        assert (await hub.http.get(f"/api/alerts/{hot['id']}")).json()["state"] == "cleared"
        activity = (await hub.http.get("/api/activity")).json()["items"]
        assert [line["kind"] for line in activity if line["kind"] in ("raised", "cleared")].count("raised") == 2


async def test_pending_condition_is_evaluated_with_new_rule_after_restart(tmp_path: Path):
    now = now_ms()
    async with running(tmp_path, above(80, 'for = "8s"')) as hub:
        await telemetry(hub, {"temperature": 85}, now)
    async with running(tmp_path, above(90, 'for = "8s"')) as hub:
        await tick(hub, now + 60 * SECOND)
        assert await alerts(hub) == []
    async with running(tmp_path, above(80, 'for = "8s"')) as hub:
        await tick(hub, now + 60 * SECOND)
        assert len(await alerts(hub)) == 1


async def test_all_devices_are_evaluated_while_messages_arrive(hub: ApiHub):
    for number in range(2_000):
        hub.publish(f"devices/m{number}/telemetry", {"temperature": 85})
    await hub.settled()
    await put(hub, above(80))
    await telemetry(hub, {"temperature": 20}, device="m1999")
    while hub.services.engine.unjudged:
        await hub.settled()
    open_now = hub.services.engine.open.values()
    assert len(open_now) == 1_999
    await put(hub, "")
    while hub.services.engine.unjudged:
        await hub.settled()
    assert not open_now


# -- metrics by pattern ------------------------------------------------------------------------------------------------


async def test_pattern_applies_to_every_matching_metric(hub: ApiHub):
    await telemetry(hub, {"temp_in": 85, "temp_out": 20, "humidity": 99})
    await put(hub, rule('metric = "temp*"\nabove = 80'))
    (alert,) = await alerts(hub)
    assert (alert["metric"], alert["message"]) == ("temp_in", "temp in 85, above 80")
    await telemetry(hub, {"temp_out": 81})
    assert {each["metric"] for each in await alerts(hub)} == {"temp_in", "temp_out"}
    device = (await hub.http.get("/api/devices/d1")).json()
    assert {(each["metric"], each["above"]) for each in device["limits"]} == {("temp_in", 80), ("temp_out", 80)}
    await telemetry(hub, {"temp_in": 20})
    assert [each["metric"] for each in await alerts(hub)] == ["temp_out"]


async def test_rule_applies_to_devices_that_have_its_metric(hub: ApiHub):
    await put(hub, rule('metric = "temp*"\nabove = 80') + rule('metric = "[x"\nabove = 1', "literal"))
    await telemetry(hub, {"temp_in": 1, "[x": 5})
    await telemetry(hub, {"humidity": 1}, device="d2")

    async def rule_ids(device: str) -> list[str]:
        return [each["id"] for each in (await hub.http.get(f"/api/devices/{device}/rules")).json()["items"]]

    assert await rule_ids("d1") == ["r", "literal"]
    assert await rule_ids("d2") == []
    assert [each["metric"] for each in await alerts(hub)] == ["[x"], "an invalid pattern is a literal name"


# -- the device's own times --------------------------------------------------------------------------------------------


def buffer(start: int, *values: float) -> list[dict]:
    """Return one reading a minute."""
    return [{"ts": start + 60_000 * place, "temperature": value} for place, value in enumerate(values)]


async def test_alert_in_buffered_readings_has_device_times(hub: ApiHub):
    now = now_ms()
    await put(hub, above(80))
    await telemetry(hub, buffer(now - 240_000, 20, 85, 86, 20), now)
    (alert,) = await alerts(hub, "cleared")
    assert (alert["began_at"], alert["ended_at"]) == (now - 180_000, now - 60_000)
    assert alert["raised_at"] == alert["cleared_at"] == now
    assert alert["late"] is False
    texts = [line["text"] for line in (await hub.http.get("/api/activity")).json()["items"]]
    assert "Alert cleared after 2 min: d1, temperature 85, above 80" in texts


@pytest.mark.parametrize("rule_for", ["", 'for = "90s"'])
async def test_past_alert_in_late_readings_is_recorded_without_raise(hub: ApiHub, rule_for: str):
    now = now_ms()
    await put(hub, above(80, rule_for))
    await telemetry(hub, {"temperature": 20}, now - 1000)
    await telemetry(hub, buffer(now - 7_200_000, 20, 85, 86, 87, 20, 81, 20), now)
    assert await alerts(hub) == []
    past = sorted(await alerts(hub, "cleared"), key=lambda alert: alert["began_at"])
    began = [now - 7_200_000 + 60_000] + ([now - 7_200_000 + 300_000] if not rule_for else [])
    assert [alert["began_at"] for alert in past] == began
    assert [alert["late"] for alert in past] == [True] * len(began)
    assert past[0]["ended_at"] - past[0]["began_at"] == 180_000
    kinds = [line["kind"] for line in (await hub.http.get("/api/activity")).json()["items"]]
    assert "raised" not in kinds
    # The same readings once more record no further alert.
    await telemetry(hub, buffer(now - 7_200_000, 20, 85, 86, 87, 20, 81, 20), now)
    assert len(await alerts(hub, "cleared")) == len(past)


async def test_late_alert_that_still_holds_is_raised_by_current_reading(hub: ApiHub):
    now = now_ms()
    await put(hub, above(80, 'for = "5m"'))
    await telemetry(hub, buffer(now - 1_200_000, *[85] * 20), now)
    (alert,) = await alerts(hub)
    assert alert["began_at"] == now - 1_200_000
    assert await alerts(hub, "cleared") == []


async def test_late_alert_without_end_is_recorded_after_a_minute(hub: ApiHub):
    now = now_ms()
    await put(hub, above(80))
    await telemetry(hub, {"temperature": 20}, now - 1000)
    await telemetry(hub, buffer(now - 7_200_000, 20, 85, 86), now)
    assert await alerts(hub, "cleared") == []
    await tick(hub, now + 61 * SECOND)
    (alert,) = await alerts(hub, "cleared")
    assert (alert["began_at"], alert["ended_at"]) == (now - 7_140_000, now - 7_080_000)


async def test_late_repetition_of_live_readings_records_no_second_alert(hub: ApiHub):
    now = now_ms()
    await put(hub, above(80))
    for reading in buffer(now - 240_000, 85, 20):
        await telemetry(hub, reading, now)
    await hub.services.ingest_queue.submit(Tick(now, 0))
    (alert,) = await alerts(hub, "cleared")
    await telemetry(
        hub, [{"ts": now - 240_000, "temperature": 85}, {"ts": now - 200_000, "temperature": 20}], now + 600_000
    )
    assert [each["id"] for each in await alerts(hub, "cleared")] == [alert["id"]]


async def test_late_alert_survives_restart(tmp_path: Path):
    now = now_ms()
    async with running(tmp_path, above(80)) as hub:
        await telemetry(hub, {"temperature": 20}, now - 1000)
        await telemetry(hub, buffer(now - 7_200_000, 20, 85), now)
    async with running(tmp_path, above(80)) as hub:
        await telemetry(hub, buffer(now - 7_080_000, 86, 20), now)
        (alert,) = await alerts(hub, "cleared")
        assert alert["ended_at"] - alert["began_at"] == 120_000


# -- the end of alerts -------------------------------------------------------------------------------------------------


async def test_late_reading_that_is_newest_clears_alert(hub: ApiHub):
    now = now_ms()
    await put(hub, above(80))
    await telemetry(hub, {"temperature": 85, "ts": now - 1_000_000}, now - 1_000_000)
    assert len(await alerts(hub)) == 1
    await telemetry(hub, {"temperature": 20, "ts": now - 900_000}, now)
    (alert,) = await alerts(hub, "cleared")
    assert alert["ended_at"] == now - 900_000


async def test_corrected_future_clock_does_not_delay_alert(hub: ApiHub):
    now = now_ms()
    await put(hub, above(80, 'for = "8s"'))
    await telemetry(hub, {"temperature": 85, "ts": now + 240_000}, now)
    await telemetry(hub, {"temperature": 85, "ts": now + SECOND}, now + SECOND)
    await tick(hub, now + 10 * SECOND)
    (alert,) = await alerts(hub)
    assert alert["since"] == now + SECOND


async def test_alert_shows_current_value_and_why_it_stays_open(hub: ApiHub):
    await put(hub, above(80))
    await telemetry(hub, {"temperature": 85})
    await telemetry(hub, {"temperature": 91})
    (alert,) = await alerts(hub)
    assert (alert["value"], alert["current"]["value"], alert["stays_open"]) == (85, 91, None)
    await telemetry(hub, {"temperature": "error"})
    (alert,) = await alerts(hub)
    assert alert["stays_open"].startswith("Temperature is 'error', which is not a number.")
    assert (alert["stays_open_key"], alert["stays_open_params"]) == (
        "value_is_text",
        {"name": "d1", "metric": "Temperature", "value": "error"},
    )
    await telemetry(hub, {"temperature": 91})
    hub.publish("devices/d1/status", b"offline")
    await hub.settled()
    (alert,) = await alerts(hub)
    assert alert["stays_open"] == "d1 is offline. The alert stays open until it reports temperature again."
    assert alert["stays_open_key"] == "device_offline"


async def test_equals_alert_clears_on_value_of_another_type(hub: ApiHub):
    await put(hub, rule('kind = "equals"\nmetric = "door"\nvalue = true'))
    await telemetry(hub, {"door": True})
    assert len(await alerts(hub)) == 1
    await telemetry(hub, {"door": "closed"})
    assert await alerts(hub) == []


async def test_deleting_device_removes_its_alert(hub: ApiHub):
    await put(hub, above(80))
    await telemetry(hub, {"temperature": 85})
    assert (await hub.http.delete("/api/devices/d1")).status_code in (200, 204)
    assert await alerts(hub) == []
    assert hub.services.engine.open == {}


async def test_condition_of_a_device_that_became_stale_begins_again(hub: ApiHub):
    now = now_ms()
    hub.publish("devices/d1/info", {"max_silence": 30})
    await put(hub, above(80, 'for = "2m"') + rule('metric = "humidity"\nabove = 80\nclear_for = "2m"', "wet"))
    await telemetry(hub, {"temperature": 85, "humidity": 90}, now)
    await telemetry(hub, {"temperature": 85, "humidity": 50}, now + 10 * SECOND)
    await tick(hub, now + 60 * SECOND)
    assert hub.services.registry.require("d1").presence == "stale"
    await tick(hub, now + 129 * SECOND)
    assert [each["rule_id"] for each in await alerts(hub)] == ["wet"], "it is not known whether it is still hot"
    await tick(hub, now + 130 * SECOND)
    assert await alerts(hub) == [], "it was not wet when the device was last heard"
    for second in range(160, 300, 20):
        await telemetry(hub, {"temperature": 85}, now + second * SECOND)
    (alert,) = await alerts(hub)
    assert (alert["rule_id"], alert["since"]) == ("r", now + 160 * SECOND)


async def test_tree_of_two_devices_follows_presence_and_restart(tmp_path: Path):
    text = (
        '[[rule]]\nid = "r"\nkind = "all"\nfor = "1m"\ndevices = ["tank"]\n'
        '[[rule.conditions]]\nmetric = "level"\nbelow = 10\n'
        '[[rule.conditions]]\nkind = "equals"\nmetric = "on"\nvalue = true\ndevice = "pump"\n'
    )
    now = now_ms()
    async with running(tmp_path, text) as hub:
        await telemetry(hub, {"on": True}, now, "pump")
        await telemetry(hub, {"level": 5}, now, "tank")
    async with running(tmp_path, text) as hub:
        await tick(hub, now + 59 * SECOND)
        assert await alerts(hub) == []
        await tick(hub, now + 61 * SECOND)
        (alert,) = await alerts(hub)
        assert (alert["device_id"], alert["since"]) == ("tank", now)
        await telemetry(hub, {"on": False}, now + 62 * SECOND, "pump")
        await tick(hub, now + 63 * SECOND)
        assert await alerts(hub) == []
        await telemetry(hub, {"on": True}, now + 64 * SECOND, "pump")
        hub.publish("devices/pump/status", b"offline", at=now + 80 * SECOND)
        await hub.settled()
        await tick(hub, now + 200 * SECOND)
        assert await alerts(hub) == [], "what the pump does is not known"
