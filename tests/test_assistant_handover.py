"""The handover of a shift: one line for each condition, with the person who handles it; past shifts as they ended."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, running_hub
from fake_ai import now_ms
from hub import text_format as fmt
from hub.model import RawMessage, Tick
from test_assistant_questions import ask

RULES = """
[[rule]]
id = "warm"
name = "Too warm"
metric = "temperature"
above = 8
severity = "critical"
"""
MINUTE = 60_000
WARM = [(-180, -170), (-120, -115), (-60, -50)]
"""Minutes from now: when the freezer was too warm."""


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path, rules=RULES, real_ai=True) as running:
        yield running


async def _fill(hub: ApiHub) -> int:
    """Publish three hours of a freezer that was too warm three times and is so again, and of a tank. Return now."""
    now = now_ms() // MINUTE * MINUTE
    for device, name in (("freezer", "Freezer"), ("tank", "Tank")):
        info = json.dumps({"name": name, "units": {"temperature": "°C"}}).encode()
        hub.services.messages.take([RawMessage(f"devices/{device}/info", info, now - 200 * MINUTE, qos=1)])
    for minute in range(-190, 1, 5):
        at = now + minute * MINUTE
        warm = any(start <= minute < end for start, end in WARM) or minute >= -20
        for device, value in (("freezer", 9.0 if warm else 3.0), ("tank", 20.0 if minute >= -15 else 4.0)):
            payload = json.dumps({"ts": at, "temperature": value}).encode()
            hub.services.messages.take([RawMessage(f"devices/{device}/telemetry", payload, at, qos=1)])
        await hub.services.ingest_queue.submit(Tick(at, 0))
    return now


async def test_condition_that_returned_is_one_line_of_the_handover(hub: ApiHub) -> None:
    now = await _fill(hub)
    text, _ = await ask(hub, "write a shift handover")
    lines = text.splitlines()
    (cleared,) = [line for line in lines if line.startswith("• Cleared:")]
    last = [fmt.clock_minute(now + minute * MINUTE) for minute in WARM[-1]]
    assert f"3 times, last {last[0]} to {last[1]}, 25 min in all" in cleared
    began = fmt.clock_minute(now - 20 * MINUTE)
    assert any(line.startswith("• Open: critical: Freezer") and f"since {began} (2" in line for line in lines), text
    assert len(lines) == len(set(lines))
    # Readings have seconds in other answers; a handover is read by the minute.
    assert " s)" not in text


async def test_handover_says_who_has_an_alert_in_hand(hub: ApiHub) -> None:
    await _fill(hub)
    alerts = (await hub.http.get("/api/alerts?state=open")).json()["items"]
    tank = next(alert for alert in alerts if alert["device_id"] == "tank")
    note = {"note": "valve ordered"}
    assert (await hub.http.post(f"/api/alerts/{tank['id']}/acknowledge", json=note)).is_success
    text, _ = await ask(hub, "write a shift handover")
    (line,) = [each for each in text.splitlines() if each.startswith("• Open: critical: Tank")]
    assert "Acknowledged by operator. Note: “valve ordered”." in line


async def test_handover_of_a_past_day_excludes_the_present(hub: ApiHub) -> None:
    now = await _fill(hub)
    text, _ = await ask(hub, "summary of the day before yesterday")
    start, end = (fmt.date(now - days * 24 * 60 * MINUTE) for days in (2, 1))
    assert f"({start} 00:00 UTC – {end} 00:00 UTC)." in text.splitlines()[0]
    assert "0 raised, 0 cleared, 0 open at the end of that time" in text
    assert "Freezer" not in text
    assert "online" not in text


DAY = 24 * 60 * MINUTE
PAST = {"freezer": (-60, -12), "tank": (-50, -40), "cellar": (-30, -20), "vault": (-60, 24)}
"""Hours from the last midnight: when each device was too warm. The day before yesterday is from -48 to -24."""


async def _fill_days(hub: ApiHub) -> int:
    """Publish three days of devices that were too warm once. Return the last midnight (UTC)."""
    midnight = now_ms() // DAY * DAY
    for hour in range(-62, 24):
        at = midnight + hour * 60 * MINUTE
        if at > now_ms():
            break
        for device, (start, end) in PAST.items():
            payload = json.dumps({"ts": at, "temperature": 9.0 if start <= hour < end else 3.0}).encode()
            hub.services.messages.take([RawMessage(f"devices/{device}/telemetry", payload, at, qos=1)])
        await hub.services.ingest_queue.submit(Tick(at, 0))
    return midnight


@pytest.mark.parametrize(
    ("question", "counts", "is_open", "is_over", "acknowledged"),
    [
        ("summary of the day before yesterday", "1 raised, 1 cleared, 3 open at the end", "Open", "Cleared", "Ackn"),
        ("Zusammenfassung von vorgestern", "1 ausgelöst, 1 beendet, am", "Offen", "Beendet", "uittiert"),
        ("resumen de anteayer", "1 activadas, 1 resueltas, 3 abiertas al final", "Abierta", "Resuelta", "Recon"),
    ],
)  # fmt: skip
async def test_alerts_of_a_past_shift_are_those_at_its_end(
    hub: ApiHub, question: str, counts: str, is_open: str, is_over: str, acknowledged: str
) -> None:
    midnight = await _fill_days(hub)
    alerts = (await hub.http.get("/api/alerts?state=open")).json()["items"]
    (vault,) = [alert for alert in alerts if alert["device_id"] == "vault"]
    assert (await hub.http.post(f"/api/alerts/{vault['id']}/acknowledge", json={"note": "later"})).is_success
    text, _ = await ask(hub, question)
    assert counts in text
    lines = [line for line in text.splitlines() if line.startswith("• ")]
    still = [line for line in lines if line.startswith(f"• {is_open}: ")]
    began = fmt.date_time(midnight - 60 * 60 * MINUTE)
    for device, start, lasted in (("freezer", began, 36), ("vault", began, 36), ("cellar", None, 6)):
        (line,) = [each for each in still if device in each]
        assert fmt.duration(lasted * 60 * MINUTE) in line
        assert start is None or start in line
    assert len(still) == 3
    (over,) = [line for line in lines if line.startswith(f"• {is_over}: ")]
    assert "tank" in over
    assert acknowledged not in text, "the alert was acknowledged after the shift"
