"""Simulated devices that take commands: once, in time, and with an answer."""

import json

import pytest

from simulators.greenhouse import Greenhouse
from simulators.orders import Orders
from simulators.tank import Tank

NOW = 1_795_386_000_000


def say(orders: Orders, value, order: str = "c-1", expires: int = NOW + 1, name: str = "set_level"):
    return orders.answer(name, json.dumps({"id": order, "arguments": value, "expires": expires}).encode(), NOW)


def test_a_tank_keeps_the_level_it_is_told():
    tank = Tank("tank-01", seed=3)
    before = tank.step(0)["level"]
    reply, reported = say(Orders(tank.command), 80)
    assert (reply, reported) == ({"id": "c-1", "status": "done"}, {"setpoint": 80})
    later = [tank.step(at)["level"] for at in range(60, 6 * 3600, 60)][-1]
    assert before < 70 < later


def test_a_greenhouse_keeps_its_vents_as_it_is_told():
    house = Greenhouse("greenhouse-01", seed=3)
    house.step(0)
    say(Orders(house.command), "open", name="ventilation")
    assert [house.step(at)["vent"] for at in range(60, 3600, 60)][-1] > 95


@pytest.mark.parametrize(
    ("name", "value", "expires"),
    [("set_level", 99, NOW), ("set_level", "full", NOW), ("beep", 1, NOW), ("set_level", 50, NOW - 1)],
)
def test_it_says_why_not(name, value, expires):
    reply, reported = say(Orders(Tank("tank-01", seed=3).command), value, expires=expires, name=name)
    assert (reply["status"], reported) == ("failed", {})
    assert reply["error"]


def test_what_comes_twice_is_done_once():
    done = []
    orders = Orders(lambda name, value: done.append(value) or {})
    assert say(orders, 1)[0] is not None
    assert say(orders, 1) == (None, {})
    assert done == [1]


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'"x"', b"{}"])
def test_nonsense_is_left_alone(payload):
    assert Orders(lambda name, value: {}).answer("x", payload, NOW) == (None, {})
