"""Commands through a real hub and a real broker: what the device hears, and what becomes of each."""

import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from serving import Serving, Thing, served, until

VALVE = {"set_valve": {"type": "number", "minimum": 0, "maximum": 100, "confirm_by": "valve", "unit": "%"}}
BEEP = {"beep": {"type": "none"}}
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One hub and one broker for all tests; each has a device of its own."""
    with served(tmp_path_factory.mktemp("commands")) as hub:
        yield hub


class Tank(Thing):
    """A device with a valve and a beeper, known to the hub."""

    def __init__(self, hub: Serving, name: str) -> None:
        super().__init__(hub.broker, f"devices/{name}/commands/#")
        self.name = name
        self.say(f"devices/{name}/info", {"name": "Tank", "commands": VALVE | BEEP}, retained=True)
        self.say(f"devices/{name}/telemetry", {"valve": 20})
        until(lambda: hub.http.get(f"/api/devices/{name}").json().get("info", {}).get("commands"))


@pytest.fixture
def tank(hub: Serving) -> Iterator[Tank]:
    tank = Tank(hub, f"tank-{next(NUMBERS)}")
    yield tank
    tank.leave()


def test_a_command_is_confirmed_by_what_the_device_reports(hub: Serving, tank: Tank):
    sent = hub.command(tank.name, "set_valve", 40)
    assert sent.status_code == 202
    topic, payload = until(lambda: tank.heard)[0]
    told = json.loads(payload)
    assert topic == f"devices/{tank.name}/commands/set_valve"
    assert (told["id"], told["arguments"]) == (sent.json()["id"], 40)
    tank.say(f"devices/{tank.name}/replies", {"id": told["id"], "status": "done"})
    until(lambda: hub.state(sent.json()) == "acknowledged")
    tank.say(f"devices/{tank.name}/telemetry", {"valve": 40})
    until(lambda: hub.state(sent.json()) == "confirmed")
    lines = [line["text"] for line in hub.get(f"/api/activity?device_id={tank.name}")["items"]]
    assert lines[:2] == ["Tank confirmed set_valve = 40", "operator sent set_valve = 40 to Tank"]


def test_what_nothing_confirms_ends_with_the_answer(hub: Serving, tank: Tank):
    beep, other = hub.command(tank.name, "beep").json(), hub.command(tank.name, "beep").json()
    until(lambda: len(tank.heard) == 2)
    tank.say(f"devices/{tank.name}/replies", {"id": beep["id"], "status": "done"})
    tank.say(f"devices/{tank.name}/replies", {"id": other["id"], "status": "failed", "error": "no battery"})
    until(lambda: hub.state(beep) == "acknowledged")
    until(lambda: hub.state(other) == "failed")
    assert hub.get(f"/api/commands/{other['id']}")["detail"] == "no battery"


def test_another_devices_answer_counts_for_nothing(hub: Serving, tank: Tank):
    beep = hub.command(tank.name, "beep").json()
    until(lambda: tank.heard)
    tank.say("devices/impostor/replies", {"id": beep["id"], "status": "failed", "error": "no"})
    until(lambda: hub.http.get("/api/devices/impostor").status_code == 200)
    assert hub.state(beep) == "sent"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("set_valve", 101, "The value must be from 0 to 100."),
        ("set_valve", "40", "The value must be a number."),
        ("beep", 3, "This command takes no value."),
        ("open", None, "The device takes no command 'open'. It takes: beep, set_valve."),
    ],
)
def test_what_does_not_fit_is_refused_and_never_sent(hub: Serving, tank: Tank, name, value, said):
    answer = hub.command(tank.name, name, value)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert said in f"{error['message']} {error['hint']}"
    assert hub.get(f"/api/devices/{tank.name}/commands")["items"] == []


def test_a_repeated_request_is_one_command_also_after_a_restart(hub: Serving, tank: Tank):
    first = hub.command(tank.name, "beep", key="k1").json()
    assert hub.command(tank.name, "beep", key="k1").json()["id"] == first["id"]
    assert hub.command(tank.name, "set_valve", 3, key="k1").status_code == 409
    until(lambda: tank.heard)
    hub.kill()
    hub.start()
    assert hub.command(tank.name, "beep", key="k1").json()["id"] == first["id"]
    marker = hub.command(tank.name, "set_valve", 9).json()
    until(lambda: any(marker["id"].encode() in payload for _, payload in tank.heard))
    assert sum(topic.endswith("/beep") for topic, _ in tank.heard) == 1


def test_requests_at_the_same_moment_with_one_key_are_one_command(hub: Serving, tank: Tank):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: hub.command(tank.name, "beep", key="together"), range(16)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    marker = hub.command(tank.name, "set_valve", 9).json()
    until(lambda: any(marker["id"].encode() in payload for _, payload in tank.heard))
    assert sum(topic.endswith("/beep") for topic, _ in tank.heard) == 1
    assert len(hub.get(f"/api/devices/{tank.name}/commands")["items"]) == 2


def test_a_command_is_not_kept_by_the_broker_for_who_comes_later(hub: Serving, tank: Tank):
    hub.command(tank.name, "beep")
    until(lambda: tank.heard)
    late = Thing(hub.broker, f"devices/{tank.name}/commands/#")
    marker = hub.command(tank.name, "set_valve", 9).json()
    until(lambda: late.heard)
    assert [json.loads(payload)["id"] for _, payload in late.heard] == [marker["id"]]
    late.leave()


def test_what_is_desired_is_kept_over_a_restart_with_what_differs(hub: Serving, tank: Tank):
    tank.say(f"devices/{tank.name}/desired", {"valve": 50, "mode": "auto"}, retained=True)
    tank.say(f"devices/{tank.name}/reported", {"mode": "hand"})
    differs = {"valve": {"desired": 50, "reported": 20}, "mode": {"desired": "auto", "reported": "hand"}}
    until(lambda: hub.get(f"/api/devices/{tank.name}")["differs"] == differs)
    tank.say(f"devices/{tank.name}/desired", b"", retained=True)  # so that the broker cannot tell it again
    hub.kill()
    hub.start()
    found = hub.get(f"/api/devices/{tank.name}")
    assert found["desired"] == {"valve": 50, "mode": "auto"}
    assert found["differs"] == differs
    tank.say(f"devices/{tank.name}/reported", {"mode": "auto", "valve": 50})
    until(lambda: hub.get(f"/api/devices/{tank.name}")["differs"] == {})


def test_an_offline_device_gets_it_when_it_is_back_or_never(hub: Serving, tank: Tank):
    tank.say(f"devices/{tank.name}/status", "offline", retained=True)
    until(lambda: hub.get(f"/api/devices/{tank.name}")["presence"] == "offline")
    late = hub.command(tank.name, "set_valve", 7, expires_in_s=1).json()
    kept = hub.command(tank.name, "set_valve", 8, expires_in_s=600).json()
    assert (late["state"], kept["state"]) == ("queued", "queued")
    until(lambda: hub.state(late) == "expired")
    hub.kill()
    hub.start()
    assert hub.state(kept) == "queued"
    assert tank.heard == []
    tank.say(f"devices/{tank.name}/status", "online", retained=True)
    until(lambda: tank.heard)
    assert [json.loads(payload)["arguments"] for _, payload in tank.heard] == [8]


def test_while_the_broker_is_away_a_command_waits(hub: Serving, tank: Tank):
    hub.broker.stop()
    until(lambda: not hub.get("/api/status")["broker"]["connected"])
    waiting = hub.command(tank.name, "set_valve", 55).json()
    until(lambda: hub.state(waiting) == "queued")
    hub.broker.start()
    until(lambda: hub.state(waiting) == "sent", 40)


def test_a_device_cannot_send_commands_to_the_topics_of_another(hub: Serving, tank: Tank):
    """Where a command goes is the hub's to say: a topic in the device's own words is not heeded."""
    tank.say(
        "devices/spy/info", {"commands": {"x": {"topic": f"devices/{tank.name}/commands/beep", "encoding": "text"}}}
    )
    until(lambda: hub.http.get("/api/devices/spy").json().get("info", {}).get("commands"))
    described = hub.get("/api/devices/spy")["info"]["commands"]["x"]
    assert (described["topic"], described["encoding"]) == ("devices/spy/commands/x", "native")


def test_a_hub_that_is_killed_as_it_sends_presses_nothing_twice(hub: Serving, tank: Tank):
    """Killed with requests under way: each press reached the device once or never, and who asks again is told so."""
    taken: list[dict] = []
    for turn in range(3):
        keys = [f"{turn}-{n}" for n in range(10)]
        with ThreadPoolExecutor(4) as people:
            asked = [people.submit(_pressed, hub, tank.name, key) for key in keys]
            until(lambda asked=asked: sum(one.done() for one in asked) >= 4)
            hub.kill()
        taken += [answer for one in asked if (answer := one.result()) is not None]
        hub.start()
    assert taken
    states = [until(lambda press=press: _settled(hub, press), 30) for press in taken]
    assert set(states) <= {"unverified", "acknowledged"}
    marker = hub.command(tank.name, "set_valve", 9).json()
    until(lambda: any(marker["id"].encode() in payload for _, payload in tank.heard))
    told = [json.loads(payload)["id"] for topic, payload in tank.heard if topic.endswith("/beep")]
    assert len(told) == len(set(told)), "no press was told twice"
    again = [hub.command(tank.name, "beep", key=press["key"]).json()["id"] for press in taken]
    assert again == [press["id"] for press in taken]


def _pressed(hub: Serving, device: str, key: str) -> dict | None:
    """The command as the hub took it in; None where it was killed before it could say so."""
    try:
        answer = hub.command(device, "beep", key=key)
    except httpx.TransportError:
        return None
    return {**answer.json(), "key": key} if answer.status_code == 202 else None


def _settled(hub: Serving, command: dict) -> str | None:
    found = hub.get(f"/api/commands/{command['id']}")
    return str(found["state"]) if found["settled_at"] else None
