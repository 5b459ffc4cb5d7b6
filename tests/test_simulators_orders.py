"""Commands of simulated devices: executed once, before they expire, and answered."""

import json

import pytest

from simulators.greenhouse import Greenhouse
from simulators.orders import Orders
from simulators.tank import Tank

NOW = 1_795_386_000_000


def send(orders: Orders, value, order: str = "c-1", expires: int = NOW + 1, name: str = "set_level"):
    return orders.answer(name, json.dumps({"id": order, "arguments": value, "expires": expires}).encode(), NOW)


def test_tank_follows_set_level_command():
    tank = Tank("tank-01", seed=3)
    before = tank.step(0)["level"]
    reply, reported = send(Orders(tank.command), 80)
    assert (reply, reported) == ({"id": "c-1", "status": "done"}, {"setpoint": 80})
    later = [tank.step(at)["level"] for at in range(60, 6 * 3600, 60)][-1]
    assert before < 70 < later


def test_greenhouse_follows_ventilation_command():
    house = Greenhouse("greenhouse-01", seed=3)
    house.step(0)
    send(Orders(house.command), "open", name="ventilation")
    assert [house.step(at)["vent"] for at in range(60, 3600, 60)][-1] > 95


@pytest.mark.parametrize(
    ("name", "value", "expires"),
    [("set_level", 99, NOW), ("set_level", "full", NOW), ("beep", 1, NOW), ("set_level", 50, NOW - 1)],
)
def test_refused_command_is_answered_with_reason(name, value, expires):
    reply, reported = send(Orders(Tank("tank-01", seed=3).command), value, expires=expires, name=name)
    assert (reply["status"], reported) == ("failed", {})
    assert reply["error"]


def test_repeated_command_is_executed_once():
    done = []
    orders = Orders(lambda name, value: done.append(value) or {})
    assert send(orders, 1)[0] is not None
    assert send(orders, 1) == (None, {})
    assert done == [1]


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'"x"', b"{}"])
def test_malformed_command_is_ignored(payload):
    assert Orders(lambda name, value: {}).answer("x", payload, NOW) == (None, {})
