"""Presence: expected interval, retained messages, event-driven devices, gateways, and silence alerts."""

from __future__ import annotations

import pytest

from presence_run import HOUR, MINUTE, SECOND, T0, PresenceRun

TELEMETRY = "devices/n1/telemetry"
READING = {"temperature": 1}


# -- expected interval ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("born", [True, False])
def test_birth_message_does_not_count_for_expected_interval(born: bool) -> None:
    hub = PresenceRun()
    if born:
        hub.say("devices/n1/status", "online")
        hub.wait(SECOND)
    hub.every(SECOND, 4, TELEMETRY, READING)
    hub.wait(14 * SECOND)
    assert hub.presence("n1") == "online"
    hub.wait(2 * SECOND)
    assert hub.presence("n1") == "stale"
    hub.wait(5 * MINUTE)
    assert hub.silent() == ["n1"]


def test_status_messages_do_not_count_for_expected_interval() -> None:
    hub = PresenceRun()
    for _ in range(12):
        hub.say(TELEMETRY, READING)
        hub.every(SECOND, 5, "devices/n1/status", "online")
        hub.wait(55 * SECOND)
    assert hub.presences("n1") == []
    assert hub.device("n1").expected_interval == pytest.approx(59_000)


def test_first_long_gap_does_not_delay_stale() -> None:
    hub = PresenceRun()
    hub.say(TELEMETRY, READING)
    hub.wait(HOUR)
    hub.every(SECOND, 20, TELEMETRY, READING)
    hub.wait(16 * SECOND)
    assert hub.presence("n1") == "stale"


def test_long_gap_after_two_readings_does_not_delay_stale() -> None:
    hub = PresenceRun()
    hub.every(SECOND, 2, TELEMETRY, READING)
    hub.wait(HOUR)
    hub.every(SECOND, 20, TELEMETRY, READING)
    hub.wait(16 * SECOND)
    assert hub.presence("n1") == "stale"


def test_outage_does_not_change_interval_of_regular_device() -> None:
    hub = PresenceRun()
    hub.every(SECOND, 60, TELEMETRY, READING)
    hub.wait(10 * HOUR)
    hub.every(SECOND, 5, TELEMETRY, READING)
    hub.wait(16 * SECOND)
    assert hub.presences("n1") == ["stale", "online", "stale"]


@pytest.mark.parametrize("apart", [10, SECOND])
def test_report_in_many_messages_counts_as_one_interval(apart: int) -> None:
    """Ten topics every 30 s, and ten topics every ten minutes whose messages come a second apart."""
    hub = PresenceRun()
    for _ in range(5):
        for number in range(10):
            hub.say(f"{TELEMETRY}/m{number}", "1.5")
            hub.now += apart
        hub.wait(30 * SECOND if apart == 10 else 9 * MINUTE)
    assert hub.presences("n1") == []
    assert 30_000 <= (hub.device("n1").expected_interval or 0) <= 620_000


def test_interval_between_bursts_is_learned() -> None:
    hub = PresenceRun()
    for _ in range(6):
        hub.every(SECOND, 4, TELEMETRY, READING)
        hub.wait(HOUR)
    assert hub.presences("n1") == ["stale", "online"], "only the first pause is a surprise"
    hub.wait(4 * HOUR)
    assert hub.presence("n1") == "stale"


def test_lists_and_backlogs_do_not_change_expected_interval() -> None:
    hub = PresenceRun()
    for _ in range(10):
        hub.say(TELEMETRY, [{"ts": hub.now - 10_000 * back, "temperature": 1} for back in (5, 4, 3, 2, 1, 0)])
        hub.wait(MINUTE)
    assert hub.device("n1").expected_interval == pytest.approx(60_000, rel=0.01)
    assert hub.presences("n1") == []
    past = [{"ts": hub.now - HOUR + n * 1_000, "temperature": 1} for n in range(500)]
    hub.say(TELEMETRY, past)
    for back in range(100, 0, -1):
        hub.say(TELEMETRY, {"ts": hub.now - back * 2_000, "temperature": 1})
        hub.now += 5
    hub.every(MINUTE, 12, TELEMETRY, READING)
    assert hub.presences("n1") == []


def test_queued_messages_do_not_change_expected_interval() -> None:
    hub = PresenceRun()
    hub.every(MINUTE, 12, TELEMETRY, READING)
    hub.connection += 1
    for number in range(200):
        hub.say(TELEMETRY, {"temperature": number})
        hub.now += 5
    assert hub.device("n1").expected_interval == pytest.approx(60_000, rel=0.01)
    hub.every(MINUTE, 3, TELEMETRY, READING)
    assert hub.presences("n1") == []


def test_numeric_contact_sensor_is_event_driven() -> None:
    hub = PresenceRun()
    hub.every(SECOND, 4, "devices/d/telemetry", {"contact": 0, "battery_percent": 80})
    hub.wait(20 * HOUR)
    assert (hub.presence("d"), hub.silent()) == ("online", [])


@pytest.mark.parametrize(
    "body",
    [
        {"contact": 0, "temperature": 20.5, "battery_voltage": 3.1},
        {"motion": 1, "lux": 120.5, "battery": 90},
        {"occupancy": False, "illuminance": 12.5, "sensor.batt": 3000},
        {"window_state": 1},
        {"doorbell": 1, "rssi": -60},
        {"button.pressed": 1},
    ],
)
def test_device_with_battery_and_event_is_event_driven(body: dict[str, object]) -> None:
    hub = PresenceRun()
    hub.every(SECOND, 4, "devices/d/telemetry", body)
    hub.wait(20 * HOUR)
    assert (hub.presence("d"), hub.silent()) == ("online", [])


def test_device_with_event_and_mains_power_is_not_event_driven() -> None:
    hub = PresenceRun()
    hub.every(SECOND, 4, "devices/d/telemetry", {"door": False, "temperature": 3.5, "power": 120})
    hub.wait(16 * SECOND)
    assert hub.presence("d") == "stale"


def test_irregular_device_is_stale_after_ten_minutes() -> None:
    hub = PresenceRun()
    for pause in (1, 7, 2, 40, 3, 90, 5, 1, 30):
        hub.say(TELEMETRY, READING)
        hub.wait(pause * SECOND)
    assert hub.presences("n1") == []
    hub.say(TELEMETRY, READING)
    hub.wait(9 * MINUTE)
    assert hub.presence("n1") == "online"
    hub.wait(2 * MINUTE)
    assert hub.presence("n1") == "stale"


def test_heartbeats_alone_set_expected_interval() -> None:
    hub = PresenceRun()
    hub.every(10 * SECOND, 6, TELEMETRY, {})
    hub.wait(40 * SECOND)
    assert hub.presence("n1") == "online"
    hub.wait(15 * SECOND)
    assert hub.presence("n1") == "stale"


def test_burst_of_boolean_states_sets_no_short_interval() -> None:
    hub = PresenceRun()
    hub.every(SECOND, 4, "devices/door/telemetry", {"open": True, "battery": 80})
    hub.wait(20 * HOUR)
    assert (hub.presence("door"), hub.silent()) == ("online", [])
    hub.wait(6 * HOUR)
    assert (hub.presence("door"), hub.silent()) == ("stale", ["door"])


def test_regular_boolean_states_set_expected_interval() -> None:
    hub = PresenceRun()
    hub.every(10 * SECOND, 22, "devices/pump/telemetry", {"running": True})
    hub.wait(55 * SECOND)
    assert hub.presence("pump") == "stale"


def test_device_announces_max_silence() -> None:
    hub = PresenceRun()
    hub.say("devices/n1/info", {"max_silence": 7200})
    hub.every(SECOND, 4, TELEMETRY, READING)
    hub.wait(119 * MINUTE)
    assert (hub.presence("n1"), hub.silent()) == ("online", [])
    hub.wait(2 * MINUTE)
    assert (hub.presence("n1"), hub.silent()) == ("stale", ["n1"])


def test_no_data_rule_waits_for_expected_interval_of_slow_device() -> None:
    hub = PresenceRun()
    hub.every(15 * MINUTE, 8, TELEMETRY, READING)
    assert hub.alerts("n1")[2:] == [], "at most the first pause is a surprise"
    hub.wait(80 * MINUTE)
    assert hub.silent() == ["n1"]


def test_no_data_rule_uses_its_own_duration_for_regular_device() -> None:
    hub = PresenceRun(rules='[[rule]]\nid = "quick"\nkind = "no_data"\nsilence = "4s"')
    hub.every(SECOND, 10, TELEMETRY, READING)
    hub.wait(5 * SECOND)
    assert hub.silent() == ["n1"]


# -- retained messages ------------------------------------------------------------------------------------------------


def test_device_with_only_retained_messages_is_stale() -> None:
    hub = PresenceRun()
    hub.say(TELEMETRY, READING, retained=True)
    hub.say("devices/n1/status", "online", retained=True)
    hub.say("devices/n1/info", {"name": "N"}, retained=True)
    hub.say("devices/n1/reported", {"a": 1}, retained=True)
    assert (hub.presence("n1"), hub.device("n1").last_seen) == ("stale", None)
    hub.wait(HOUR)
    assert (hub.presence("n1"), hub.silent(), hub.log()) == ("stale", [], [])
    hub.say(TELEMETRY, READING)
    assert (hub.presence("n1"), hub.device("n1").last_seen) == ("online", hub.now)
    assert hub.log() == ["N is online"]


def test_old_retained_position_does_not_make_device_online() -> None:
    hub = PresenceRun()
    hub.say("owntracks/jane/phone", {"_type": "location", "tst": 1439932257, "lat": 1, "lon": 2}, retained=True)
    (device,) = hub.registry.devices()
    assert (device.presence, device.last_seen) == ("stale", None)


def test_retained_online_does_not_revive_stale_device_at_start() -> None:
    hub = PresenceRun()
    hub.every(SECOND, 5, TELEMETRY, READING)
    hub.wait(MINUTE)
    hub = restarted(hub)
    hub.say("devices/n1/status", "online", retained=True)
    hub.say(TELEMETRY, READING, retained=True)
    assert (hub.presence("n1"), hub.log()) == ("stale", [])


def test_retained_offline_is_applied_after_start_and_reconnect() -> None:
    hub = PresenceRun()
    hub.every(SECOND, 5, TELEMETRY, READING)
    hub = restarted(hub)
    hub.say("devices/n1/status", "offline", retained=True)
    assert (hub.presence("n1"), hub.log()) == ("offline", ["n1 is offline"])
    hub.say(TELEMETRY, READING)
    hub.connected = None
    hub.wait(2 * SECOND)
    hub.say("devices/n1/status", "offline", retained=True)
    assert hub.presence("n1") == "offline"


def test_retained_online_turns_offline_into_stale() -> None:
    hub = PresenceRun()
    hub.say(TELEMETRY, READING)
    hub.say("devices/n1/status", "offline")
    before = hub.log()
    hub = restarted(hub)
    hub.say("devices/n1/status", "online", retained=True)
    assert (hub.presence("n1"), hub.log()) == ("stale", [])
    assert before == ["n1 is offline"]


def test_device_never_seen_live_is_stale_after_start() -> None:
    hub = PresenceRun()
    hub.say(TELEMETRY, READING, retained=True)
    hub.device("n1").presence = "online"
    assert restarted(hub).presence("n1") == "stale"


# -- the end of silence alerts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        ("devices/n1/status", "online"),
        ("devices/n1/info", {"name": "N"}),
        ("devices/n1/reported", {"mode": "eco"}),
        ("devices/n1/replies", {"id": "c1", "status": "done"}),
        ("devices/n1/telemetry", {}),
        ("devices/n1/telemetry", {"ts": T0 - 10 * MINUTE, "temperature": 1}),
        ("devices/child/telemetry", {"temperature": 1}),
    ],
    ids=["status", "info", "reported", "reply", "heartbeat", "late", "child"],
)
def test_silence_alert_ends_with_any_message_of_device(message: tuple[str, object]) -> None:
    hub = PresenceRun()
    hub.say("devices/child/info", {"via": "n1"}, retained=True)
    hub.every(SECOND, 5, TELEMETRY, READING)
    hub.wait(6 * MINUTE)
    assert hub.silent() == ["n1"]
    hub.say(*message)
    assert (hub.silent(), hub.presence("n1"), hub.device("n1").last_seen) == ([], "online", hub.now)
    hub.wait(7 * MINUTE)
    assert hub.alerts("n1") == ["raised", "cleared", "raised"], "the next silence raises a new alert"


@pytest.mark.parametrize(
    "message",
    [
        ("devices/n1/status", "offline"),
        ("devices/n1/desired", {"mode": "eco"}),
    ],
)
def test_silence_alert_stays_open_on_messages_by_others(message: tuple[str, object]) -> None:
    hub = PresenceRun()
    hub.every(SECOND, 5, TELEMETRY, READING)
    hub.wait(6 * MINUTE)
    hub.say(*message)
    assert hub.silent() == ["n1"]
    assert hub.presence("n1") != "online"


# -- gateways ---------------------------------------------------------------------------------------------------------


def test_gateway_is_online_through_its_children() -> None:
    hub = PresenceRun()
    hub.say("devices/child/info", {"via": "gateway"})
    hub.say("devices/gateway/status", "online")
    for _ in range(200):
        hub.say("devices/child/telemetry", {"t": 1.5})
        hub.wait(5 * SECOND)
    assert hub.device("child").id in hub.registry.fast_path, "the fast path counts as well"
    assert (hub.presence("gateway"), hub.silent()) == ("online", [])
    assert hub.device("gateway").last_seen == hub.now - 5 * SECOND
    hub.wait(11 * MINUTE)
    assert (hub.presence("gateway"), hub.silent()) == ("stale", ["child", "gateway"])
    hub.say("devices/child/telemetry", {"t": 1.5})
    assert (hub.presence("gateway"), hub.silent()) == ("online", [])


def test_nested_gateways_are_online_and_cycle_ends() -> None:
    hub = PresenceRun()
    for name, via in (("a", "b"), ("b", "c"), ("c", "a")):
        hub.say(f"devices/{name}/info", {"via": via}, retained=True)
    hub.say("devices/a/telemetry", {"t": 1})
    assert [hub.presence(name) for name in "abc"] == ["online"] * 3


def test_retained_messages_do_not_affect_gateway_or_child() -> None:
    hub = PresenceRun()
    hub.say("devices/child/info", {"via": "gateway"}, retained=True)
    hub.say("devices/gateway/info", {"name": "G"}, retained=True)
    hub.say("devices/child/telemetry", {"t": 1.5}, retained=True)
    assert (hub.presence("gateway"), hub.device("gateway").last_seen) == ("stale", None)
    hub.say("devices/gateway/telemetry", {"t": 1.5})
    assert (hub.presence("child"), hub.device("child").last_seen) == ("stale", None)


def restarted(hub: PresenceRun) -> PresenceRun:
    """Return a hub that restores the state of ``hub`` a second later."""
    new = PresenceRun(now=hub.now + SECOND)
    new.registry.restore(hub.registry.take_states(1, 1)[0], new.now)
    new.engine.load(hub.engine.open.values())
    new.engine.restore(new.registry.with_latest_values(), new.now)
    return new


def test_event_driven_device_is_stale_sooner_when_it_reports_often() -> None:
    hub = PresenceRun()
    hub.say("devices/n1/info", {"reports": "events"})
    hub.every(HOUR, 14, TELEMETRY, READING)
    hub = restarted(hub)  # its stale deadline is in three hours
    hub.wait(15 * MINUTE)
    hub.say(TELEMETRY, READING)
    expected = hub.device("n1").expected_interval
    assert expected < 50 * MINUTE
    hub.wait(int(3 * expected) + MINUTE)
    assert hub.presence("n1") == "stale"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"id": "constant", "temperature": 20}, id="the same id and value again"),
        pytest.param({"seq": 5, "temperature": 20}, id="the same number and value again"),
        pytest.param(b'{"temperature":', id="no JSON"),
        pytest.param({"temperature": {"value": 20}}, id="a value that does not fit"),
        pytest.param({"a": {"x": 1}, "b": [1]}, id="two values that do not fit"),
        pytest.param("21.5", id="no object"),
    ],
)
def test_repeated_or_invalid_messages_keep_device_online(body: object) -> None:
    run = PresenceRun()
    run.every(SECOND, 6, "devices/n1/telemetry", {"temperature": 20})
    run.every(10 * SECOND, 90, "devices/n1/telemetry", body)
    assert run.presences("n1") == []
    assert run.alerts("n1") == []
    run.wait(10 * MINUTE)
    assert run.presence("n1") == "stale"
    assert run.silent() == ["n1"]
    run.say("devices/n1/telemetry", body)
    assert run.presence("n1") == "online"
    assert run.silent() == []


def test_retained_or_desired_messages_do_not_make_device_online() -> None:
    run = PresenceRun()
    run.every(SECOND, 6, "devices/n1/telemetry", {"temperature": 20})
    run.wait(10 * MINUTE)
    run.say("devices/n1/telemetry", b"{", retained=True)
    run.say("devices/unknown/telemetry", b"{")
    run.say("devices/n1/desired", b"{")
    assert run.presence("n1") == "stale"
    assert run.registry.get("unknown") is None
