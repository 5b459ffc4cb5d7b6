"""The device registry: identity, latest values, presence. The tests pass the time as an argument."""

import pytest

from hub.errors import NotFound, Rejected
from hub.events import DeviceDiscovered, PresenceChanged
from hub.model import Availability, EditDevice, FleetLimits, Identity, Info, Record, TwinUpdate
from hub.registry.registry import DeviceRegistry

T0 = 1_795_386_000_000
LISTENING = 0


def registry(**limits) -> DeviceRegistry:
    created = DeviceRegistry(FleetLimits(**limits))
    created.identify(Identity("d", "d", "native"), T0)
    return created


def observe(target: DeviceRegistry, at: int, value: float = 1.0, *, ts: int | None = None, quality="good", device="d"):
    return target.observe(Record(device, at if ts is None else ts, at, {"a": value}, quality))


def presences(events) -> list[str]:
    return [event.presence for event in events if isinstance(event, PresenceChanged)]


def test_device_is_discovered_once():
    created = DeviceRegistry()
    first = created.identify(Identity("d", "D 1", "native"), T0)
    assert [type(event) for event in first] == [DeviceDiscovered]
    assert created.identify(Identity("d", "D 1", "native"), T0 + 1) == []
    assert created.require("d").native_id == "D 1"


def test_older_reading_does_not_replace_newer_value():
    created = registry()
    observe(created, T0 + 10, 2.0)
    observe(created, T0 + 20, 1.0, ts=T0)
    assert created.require("d").metrics["a"].value == 2.0


def test_corrected_future_clock_does_not_block_new_values():
    created = registry()
    observe(created, T0, 1.0, ts=T0 + 600_000)
    observe(created, T0 + 1000, 2.0)
    assert created.require("d").metrics["a"].value == 2.0


def test_retained_value_fills_gap_without_last_seen():
    created = registry()
    observe(created, T0, 7.0, quality="retained")
    device = created.require("d")
    assert (device.metrics["a"].value, device.last_seen) == (7.0, None)
    observe(created, T0 + 1, 8.0)
    observe(created, T0 + 2, 7.0, quality="retained")
    assert device.metrics["a"].value == 8.0


def test_limits_on_devices_and_metrics_are_enforced():
    created = registry(devices=1, metrics=2)
    with pytest.raises(Rejected, match="at most 1 devices"):
        created.identify(Identity("other", "other", "native"), T0)
    with pytest.raises(Rejected, match="at most 2 metrics"):
        created.observe(Record("d", T0, T0, {"a": 1.0, "b": 1.0, "c": 1.0}))
    assert created.require("d").metrics == {}


def test_device_is_stale_after_its_expected_interval():
    created = registry()
    for second in range(20):
        observe(created, T0 + second * 1000)
    last = T0 + 19_000
    assert presences(created.tick(last + 14_900, LISTENING)) == []
    assert presences(created.tick(last + 15_100, LISTENING)) == ["stale"]
    assert presences(observe(created, last + 20_000)) == ["online"]


def test_slow_device_is_stale_later():
    created = registry()
    for minute in range(10):
        observe(created, T0 + minute * 60_000)
    last = T0 + 9 * 60_000
    assert presences(created.tick(last + 290_000, LISTENING)) == []
    assert presences(created.tick(last + 310_000, LISTENING)) == ["stale"]


def test_burst_of_past_readings_sets_no_expected_interval():
    created = registry()
    for step in range(30):  # five minutes of history, ten seconds apart, delivered within 30 ms
        observe(created, T0 + step, ts=T0 - 300_000 + step * 10_000)
    assert presences(created.tick(T0 + 45_000, LISTENING)) == []


def test_no_device_becomes_stale_while_hub_is_disconnected():
    created = registry()
    for second in range(20):
        observe(created, T0 + second * 1000)
    assert presences(created.tick(T0 + 600_000, None)) == []
    back = T0 + 700_000
    assert presences(created.tick(back + 1, back)) == []
    assert presences(created.tick(back + 15_100, back)) == ["stale"]


def test_will_sets_offline_and_reading_sets_online():
    created = registry()
    observe(created, T0)
    assert presences(created.available(Availability("d", online=False, retained=False, received=T0 + 1))) == ["offline"]
    assert presences(created.tick(T0 + 10_000_000, LISTENING)) == []
    assert presences(observe(created, T0 + 2)) == ["online"]


def test_retained_offline_does_not_affect_live_device():
    created = registry()
    observe(created, T0)
    assert presences(created.available(Availability("d", online=False, retained=True, received=T0 + 1))) == []
    unseen = registry()
    assert presences(unseen.available(Availability("d", online=False, retained=True, received=T0))) == ["offline"]


def test_user_edit_overrides_device_info():
    created = registry()
    created.identify(Identity("d", "d", "native", Info(name="From device", area="Hall", labels=("x",))), T0)
    created.edit(EditDevice("d", T0, name="Boiler", labels=()))
    device = created.require("d")
    assert (device.display_name, device.display_area, device.display_labels) == ("Boiler", "Hall", ())
    created.edit(EditDevice("d", T0, name=None))
    assert device.display_name == "From device"
    with pytest.raises(NotFound):
        created.edit(EditDevice("nobody", T0, name="x"))


def test_twin_update_merges_and_null_removes_key():
    created = registry()
    created.twin(TwinUpdate("d", "desired", {"interval": 30, "mode": "eco"}), T0)
    created.twin(TwinUpdate("d", "desired", {"mode": None}), T0)
    assert created.require("d").desired == {"interval": 30}


def test_state_survives_encoding():
    created = registry()
    created.identify(Identity("d", "d", "native", Info(name="N", units={"a": "°C"})), T0)
    observe(created, T0, 3.5)
    states = created.take_states(1, 1)[0]
    assert created.take_states(1, 1)[0] == {}
    restored = DeviceRegistry()
    restored.restore(states, T0 + 5)
    assert restored.require("d") == created.require("d")


def test_control_characters_in_a_description_become_spaces():
    registry = DeviceRegistry()
    info = Info(
        name="\x1b[31mPump\r\n", area="\x00", model="a\u202eb", firmware="1.0", labels=("x\ny", "\n"),
        titles={"t": "Flow\x07", "u": "👩\u200d🔧 Crew"},
    )  # fmt: skip
    for _ in range(2):
        registry.identify(Identity("d", "d", "native", info), 1)
    found = registry.require("d").info
    assert (found.name, found.area, found.model, found.firmware) == ("[31mPump", None, "a b", "1.0")
    assert (found.labels, found.titles) == (("x y",), {"t": "Flow", "u": "👩\u200d🔧 Crew"})
    assert registry.identify(Identity("d", "d", "native", info), 2) == []
