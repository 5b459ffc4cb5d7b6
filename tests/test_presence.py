"""Presence does not lie: births, retained messages, devices that rest, gateways; and alerts for silence that end."""

from __future__ import annotations

import pytest

from presence_run import HOUR, MINUTE, SECOND, T0, PresenceRun

TELEMETRY = "devices/n1/telemetry"
READING = {"temperature": 1}


# -- how long a device may be silent ----------------------------------------------------------------------------------


@pytest.mark.parametrize("born", [True, False])
def test_birth_message_before_the_first_reading_does_not_change_the_interval(born: bool) -> None:
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


def test_status_messages_between_readings_do_not_change_the_interval() -> None:
    hub = PresenceRun()
    for _ in range(12):
        hub.say(TELEMETRY, READING)
        hub.every(SECOND, 5, "devices/n1/status", "online")
        hub.wait(55 * SECOND)
    assert hub.presences("n1") == []
    assert hub.device("n1").expected_interval == pytest.approx(59_000)


def test_first_long_gap_is_soon_forgotten() -> None:
    hub = PresenceRun()
    hub.say(TELEMETRY, READING)
    hub.wait(HOUR)
    hub.every(SECOND, 20, TELEMETRY, READING)
    hub.wait(16 * SECOND)
    assert hub.presence("n1") == "stale"


def test_long_gap_after_two_readings_is_forgotten_with_a_regular_run() -> None:
    hub = PresenceRun()
    hub.every(SECOND, 2, TELEMETRY, READING)
    hub.wait(HOUR)
    hub.every(SECOND, 20, TELEMETRY, READING)
    hub.wait(16 * SECOND)
    assert hub.presence("n1") == "stale"


def test_outage_of_a_regular_device_does_not_make_it_slow() -> None:
    hub = PresenceRun()
    hub.every(SECOND, 60, TELEMETRY, READING)
    hub.wait(10 * HOUR)
    hub.every(SECOND, 5, TELEMETRY, READING)
    hub.wait(16 * SECOND)
    assert hub.presences("n1") == ["stale", "online", "stale"]


@pytest.mark.parametrize("apart", [10, SECOND])
def test_report_of_many_messages_is_one_interval(apart: int) -> None:
    """Ten topics every half minute, and ten every ten minutes whose messages come a second apart."""
    hub = PresenceRun()
    for _ in range(5):
        for number in range(10):
            hub.say(f"{TELEMETRY}/m{number}", "1.5")
            hub.now += apart
        hub.wait(30 * SECOND if apart == 10 else 9 * MINUTE)
    assert hub.presences("n1") == []
    assert 30_000 <= (hub.device("n1").expected_interval or 0) <= 620_000


def test_bursts_of_the_same_metric_are_learnt_as_bursts() -> None:
    hub = PresenceRun()
    for _ in range(6):
        hub.every(SECOND, 4, TELEMETRY, READING)
        hub.wait(HOUR)
    assert hub.presences("n1") == ["stale", "online"], "only the first pause is a surprise"
    hub.wait(4 * HOUR)
    assert hub.presence("n1") == "stale"


def test_list_payloads_and_backlogs_do_not_change_the_interval() -> None:
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


def test_messages_that_the_broker_kept_do_not_change_the_interval() -> None:
    hub = PresenceRun()
    hub.every(MINUTE, 12, TELEMETRY, READING)
    hub.session += 1
    for number in range(200):
        hub.say(TELEMETRY, {"temperature": number})
        hub.now += 5
    assert hub.device("n1").expected_interval == pytest.approx(60_000, rel=0.01)
    hub.every(MINUTE, 3, TELEMETRY, READING)
    assert hub.presences("n1") == []


def test_contact_that_writes_numbers_waits_for_events_as_well() -> None:
    hub = PresenceRun()
    hub.every(SECOND, 4, "devices/d/telemetry", {"contact": 0, "battery_percent": 80})
    hub.wait(20 * HOUR)
    assert (hub.presence("d"), hub.silent()) == ("online", [])


def test_irregular_device_is_given_ten_minutes_and_then_its_own_pauses() -> None:
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


def test_device_with_nothing_but_heartbeats_is_measured_by_them() -> None:
    hub = PresenceRun()
    hub.every(10 * SECOND, 6, TELEMETRY, {})
    hub.wait(40 * SECOND)
    assert hub.presence("n1") == "online"
    hub.wait(15 * SECOND)
    assert hub.presence("n1") == "stale"


def test_states_alone_are_no_rhythm_of_seconds() -> None:
    hub = PresenceRun()
    hub.every(SECOND, 4, "devices/door/telemetry", {"open": True, "battery": 80})
    hub.wait(20 * HOUR)
    assert (hub.presence("door"), hub.silent()) == ("online", [])
    hub.wait(6 * HOUR)
    assert (hub.presence("door"), hub.silent()) == ("stale", ["door"])


def test_states_that_come_regularly_are_a_rhythm() -> None:
    hub = PresenceRun()
    hub.every(10 * SECOND, 22, "devices/pump/telemetry", {"running": True})
    hub.wait(55 * SECOND)
    assert hub.presence("pump") == "stale"


def test_device_may_announce_how_long_it_rests() -> None:
    hub = PresenceRun()
    hub.say("devices/n1/info", {"max_silence": 7200})
    hub.every(SECOND, 4, TELEMETRY, READING)
    hub.wait(119 * MINUTE)
    assert (hub.presence("n1"), hub.silent()) == ("online", [])
    hub.wait(2 * MINUTE)
    assert (hub.presence("n1"), hub.silent()) == ("stale", ["n1"])


def test_rule_for_silence_waits_for_a_device_that_reports_less_often() -> None:
    hub = PresenceRun()
    hub.every(15 * MINUTE, 8, TELEMETRY, READING)
    assert hub.alerts("n1")[2:] == [], "at most the first pause is a surprise"
    hub.wait(80 * MINUTE)
    assert hub.silent() == ["n1"]


def test_rule_for_silence_is_as_fast_as_it_says_for_a_regular_device() -> None:
    hub = PresenceRun(rules='[[rule]]\nid = "quick"\nkind = "no_data"\nsilence = "4s"')
    hub.every(SECOND, 10, TELEMETRY, READING)
    hub.wait(5 * SECOND)
    assert hub.silent() == ["n1"]


# -- retained is not alive --------------------------------------------------------------------------------------------


def test_device_known_only_from_retained_messages_is_not_online() -> None:
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


def test_retained_position_of_years_ago_is_no_sign_of_life() -> None:
    hub = PresenceRun()
    hub.say("owntracks/jane/phone", {"_type": "location", "tst": 1439932257, "lat": 1, "lon": 2}, retained=True)
    (device,) = hub.registry.devices()
    assert (device.presence, device.last_seen) == ("stale", None)


def test_retained_online_does_not_bring_a_stale_device_back_at_a_start() -> None:
    hub = PresenceRun()
    hub.every(SECOND, 5, TELEMETRY, READING)
    hub.wait(MINUTE)
    hub = restarted(hub)
    hub.say("devices/n1/status", "online", retained=True)
    hub.say(TELEMETRY, READING, retained=True)
    assert (hub.presence("n1"), hub.log()) == ("stale", [])


def test_retained_offline_is_true_after_a_start_and_after_a_reconnect() -> None:
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


def test_retained_online_ends_an_offline_without_making_it_online() -> None:
    hub = PresenceRun()
    hub.say(TELEMETRY, READING)
    hub.say("devices/n1/status", "offline")
    before = hub.log()
    hub = restarted(hub)
    hub.say("devices/n1/status", "online", retained=True)
    assert (hub.presence("n1"), hub.log()) == ("stale", [])
    assert before == ["n1 is offline"]


def test_device_that_was_kept_as_online_without_a_sign_of_life_is_stale_after_a_start() -> None:
    hub = PresenceRun()
    hub.say(TELEMETRY, READING, retained=True)
    hub.device("n1").presence = "online"
    assert restarted(hub).presence("n1") == "stale"


# -- alerts for silence end when the device is heard ------------------------------------------------------------------


@pytest.mark.parametrize(
    "heard",
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
def test_alert_for_silence_ends_in_every_way_of_being_heard(heard: tuple[str, object]) -> None:
    hub = PresenceRun()
    hub.say("devices/child/info", {"via": "n1"}, retained=True)
    hub.every(SECOND, 5, TELEMETRY, READING)
    hub.wait(6 * MINUTE)
    assert hub.silent() == ["n1"]
    hub.say(*heard)
    assert (hub.silent(), hub.presence("n1"), hub.device("n1").last_seen) == ([], "online", hub.now)
    hub.wait(7 * MINUTE)
    assert hub.alerts("n1") == ["raised", "cleared", "raised"], "its silence is counted anew"


@pytest.mark.parametrize(
    "unheard",
    [
        ("devices/n1/status", "offline"),
        ("devices/n1/desired", {"mode": "eco"}),
    ],
)
def test_alert_for_silence_stays_when_others_speak_of_the_device(unheard: tuple[str, object]) -> None:
    hub = PresenceRun()
    hub.every(SECOND, 5, TELEMETRY, READING)
    hub.wait(6 * MINUTE)
    hub.say(*unheard)
    assert hub.silent() == ["n1"]
    assert hub.presence("n1") != "online"


# -- gateways ---------------------------------------------------------------------------------------------------------


def test_gateway_is_heard_through_its_children() -> None:
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


def test_gateway_of_a_gateway_is_heard_and_a_circle_ends() -> None:
    hub = PresenceRun()
    for name, via in (("a", "b"), ("b", "c"), ("c", "a")):
        hub.say(f"devices/{name}/info", {"via": via}, retained=True)
    hub.say("devices/a/telemetry", {"t": 1})
    assert [hub.presence(name) for name in "abc"] == ["online"] * 3


def test_retained_child_and_gateway_say_nothing_of_each_other() -> None:
    hub = PresenceRun()
    hub.say("devices/child/info", {"via": "gateway"}, retained=True)
    hub.say("devices/gateway/info", {"name": "G"}, retained=True)
    hub.say("devices/child/telemetry", {"t": 1.5}, retained=True)
    assert (hub.presence("gateway"), hub.device("gateway").last_seen) == ("stale", None)
    hub.say("devices/gateway/telemetry", {"t": 1.5})
    assert (hub.presence("child"), hub.device("child").last_seen) == ("stale", None)


def restarted(hub: PresenceRun) -> PresenceRun:
    """A hub with the same devices that starts a second later."""
    again = PresenceRun(now=hub.now + SECOND)
    again.registry.restore(hub.registry.take_states(1, 1)[0], again.now)
    again.engine.load(hub.engine.open.values())
    again.engine.restore(again.registry.with_latest_values(), again.now)
    return again


def test_device_that_sleeps_is_stale_sooner_once_it_reports_more_often() -> None:
    hub = PresenceRun()
    hub.say("devices/n1/info", {"reports": "events"})
    hub.every(HOUR, 14, TELEMETRY, READING)
    hub = restarted(hub)  # its silence is to be checked after three hours
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
def test_device_that_sends_nothing_new_is_not_silent(body: object) -> None:
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


def test_message_that_says_nothing_new_and_is_replayed_is_no_sign_of_life() -> None:
    run = PresenceRun()
    run.every(SECOND, 6, "devices/n1/telemetry", {"temperature": 20})
    run.wait(10 * MINUTE)
    run.say("devices/n1/telemetry", b"{", retained=True)
    run.say("devices/unknown/telemetry", b"{")
    run.say("devices/n1/desired", b"{")
    assert run.presence("n1") == "stale"
    assert run.registry.get("unknown") is None
