"""Identity, latest state and presence, with time as an argument."""

import pytest

from hub.errors import NotFound, Rejected
from hub.events import DeviceDiscovered, PresenceChanged
from hub.model import Availability, EditDevice, FleetLimits, Identity, Info, Record, TwinUpdate
from hub.registry.registry import DeviceRegistry

T0 = 1_795_386_000_000
LISTENING = 0


def registry(**limits) -> DeviceRegistry:
    made = DeviceRegistry(FleetLimits(**limits))
    made.identify(Identity("d", "d", "native"), T0)
    return made


def hear(target: DeviceRegistry, at: int, value: float = 1.0, *, ts: int | None = None, quality="good", device="d"):
    return target.observe(Record(device, at if ts is None else ts, at, {"a": value}, quality))


def presences(events) -> list[str]:
    return [event.presence for event in events if isinstance(event, PresenceChanged)]


def test_a_device_is_discovered_once():
    made = DeviceRegistry()
    first = made.identify(Identity("d", "D 1", "native"), T0)
    assert [type(event) for event in first] == [DeviceDiscovered]
    assert made.identify(Identity("d", "D 1", "native"), T0 + 1) == []
    assert made.require("d").native_id == "D 1"


def test_an_older_reading_does_not_replace_a_newer_value():
    made = registry()
    hear(made, T0 + 10, 2.0)
    hear(made, T0 + 20, 1.0, ts=T0)
    assert made.require("d").metrics["a"].value == 2.0


def test_a_clock_in_the_future_that_is_put_right_does_not_hold_the_value():
    made = registry()
    hear(made, T0, 1.0, ts=T0 + 600_000)
    hear(made, T0 + 1000, 2.0)
    assert made.require("d").metrics["a"].value == 2.0


def test_a_replayed_value_fills_a_gap_but_is_no_sign_of_life():
    made = registry()
    hear(made, T0, 7.0, quality="retained")
    device = made.require("d")
    assert (device.metrics["a"].value, device.last_seen) == (7.0, None)
    hear(made, T0 + 1, 8.0)
    hear(made, T0 + 2, 7.0, quality="retained")
    assert device.metrics["a"].value == 8.0


def test_caps_hold():
    made = registry(devices=1, metrics=2)
    with pytest.raises(Rejected, match="at most 1 devices"):
        made.identify(Identity("other", "other", "native"), T0)
    with pytest.raises(Rejected, match="at most 2 metrics"):
        made.observe(Record("d", T0, T0, {"a": 1.0, "b": 1.0, "c": 1.0}))
    assert made.require("d").metrics == {}


def test_silence_is_measured_by_the_devices_own_rhythm():
    made = registry()
    for second in range(20):
        hear(made, T0 + second * 1000)
    last = T0 + 19_000
    assert presences(made.tick(last + 14_900, LISTENING)) == []
    assert presences(made.tick(last + 15_100, LISTENING)) == ["stale"]
    assert presences(hear(made, last + 20_000)) == ["online"]


def test_a_slow_device_is_given_its_time():
    made = registry()
    for minute in range(10):
        hear(made, T0 + minute * 60_000)
    last = T0 + 9 * 60_000
    assert presences(made.tick(last + 290_000, LISTENING)) == []
    assert presences(made.tick(last + 310_000, LISTENING)) == ["stale"]


def test_a_burst_of_past_readings_is_not_a_rhythm():
    made = registry()
    for step in range(30):  # five minutes of past, ten seconds apart, delivered within 30 ms
        hear(made, T0 + step, ts=T0 - 300_000 + step * 10_000)
    assert presences(made.tick(T0 + 45_000, LISTENING)) == []


def test_nobody_is_silent_while_the_hub_cannot_hear():
    made = registry()
    for second in range(20):
        hear(made, T0 + second * 1000)
    assert presences(made.tick(T0 + 600_000, None)) == []
    back = T0 + 700_000
    assert presences(made.tick(back + 1, back)) == []
    assert presences(made.tick(back + 15_100, back)) == ["stale"]


def test_a_will_makes_it_offline_and_its_own_word_online_again():
    made = registry()
    hear(made, T0)
    assert presences(made.available(Availability("d", online=False, retained=False, received=T0 + 1))) == ["offline"]
    assert presences(made.tick(T0 + 10_000_000, LISTENING)) == []
    assert presences(hear(made, T0 + 2)) == ["online"]


def test_a_replayed_offline_does_not_silence_a_device_that_speaks():
    made = registry()
    hear(made, T0)
    assert presences(made.available(Availability("d", online=False, retained=True, received=T0 + 1))) == []
    unheard = registry()
    assert presences(unheard.available(Availability("d", online=False, retained=True, received=T0))) == ["offline"]


def test_what_a_person_set_wins_over_what_the_device_says():
    made = registry()
    made.identify(Identity("d", "d", "native", Info(name="From device", area="Hall", labels=("x",))), T0)
    made.edit(EditDevice("d", T0, name="Boiler", labels=()))
    device = made.require("d")
    assert (device.display_name, device.display_area, device.display_labels) == ("Boiler", "Hall", ())
    made.edit(EditDevice("d", T0, name=None))
    assert device.display_name == "From device"
    with pytest.raises(NotFound):
        made.edit(EditDevice("nobody", T0, name="x"))


def test_a_twin_merges_and_null_takes_away():
    made = registry()
    made.twin(TwinUpdate("d", "desired", {"interval": 30, "mode": "eco"}), T0)
    made.twin(TwinUpdate("d", "desired", {"mode": None}), T0)
    assert made.require("d").desired == {"interval": 30}


def test_state_survives_its_encoding():
    made = registry()
    made.identify(Identity("d", "d", "native", Info(name="N", units={"a": "°C"})), T0)
    hear(made, T0, 3.5)
    states = made.take_states(1, 1)[0]
    assert made.take_states(1, 1)[0] == {}
    again = DeviceRegistry()
    again.restore(states, T0 + 5)
    assert again.require("d") == made.require("d")
