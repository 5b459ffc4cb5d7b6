"""Commands through a real hub and a real broker: delivery to the device, confirmation, retries and restarts."""

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
    """Run one hub and one broker for all tests; each test has its own device."""
    with served(tmp_path_factory.mktemp("commands")) as hub:
        yield hub


class Tank(Thing):
    """Device with a valve and a beeper, registered with the hub."""

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


def test_command_is_confirmed_by_reported_value(hub: Serving, tank: Tank):
    sent = hub.command(tank.name, "set_valve", 40)
    assert sent.status_code == 202
    topic, payload = until(lambda: tank.heard)[0]
    message = json.loads(payload)
    assert topic == f"devices/{tank.name}/commands/set_valve"
    assert (message["id"], message["arguments"]) == (sent.json()["id"], 40)
    tank.say(f"devices/{tank.name}/replies", {"id": message["id"], "status": "done"})
    until(lambda: hub.state(sent.json()) == "acknowledged")
    tank.say(f"devices/{tank.name}/telemetry", {"valve": 40})
    until(lambda: hub.state(sent.json()) == "confirmed")
    lines = [line["text"] for line in hub.get(f"/api/activity?device_id={tank.name}")["items"]]
    assert lines[:2] == ["Tank confirmed set_valve = 40", "operator sent set_valve = 40 to Tank"]


def test_command_without_confirming_metric_ends_with_reply(hub: Serving, tank: Tank):
    beep, other = hub.command(tank.name, "beep").json(), hub.command(tank.name, "beep").json()
    until(lambda: len(tank.heard) == 2)
    tank.say(f"devices/{tank.name}/replies", {"id": beep["id"], "status": "done"})
    tank.say(f"devices/{tank.name}/replies", {"id": other["id"], "status": "failed", "error": "no battery"})
    until(lambda: hub.state(beep) == "acknowledged")
    until(lambda: hub.state(other) == "failed")
    assert hub.get(f"/api/commands/{other['id']}")["detail"] == "no battery"


def test_reply_of_another_device_is_ignored(hub: Serving, tank: Tank):
    beep = hub.command(tank.name, "beep").json()
    until(lambda: tank.heard)
    tank.say("devices/impostor/replies", {"id": beep["id"], "status": "failed", "error": "no"})
    until(lambda: hub.http.get("/api/devices/impostor").status_code == 200)
    assert hub.state(beep) == "sent"


@pytest.mark.parametrize(
    ("name", "value", "error_text"),
    [
        ("set_valve", 101, "The value must be from 0 to 100."),
        ("set_valve", "40", "The value must be a number."),
        ("beep", 3, "This command has no value. Send null or true."),
        ("open", None, "The device has no command 'open'. Its commands: beep, set_valve."),
    ],
)
def test_invalid_command_is_refused_and_not_sent(hub: Serving, tank: Tank, name, value, error_text):
    answer = hub.command(tank.name, name, value)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error_text in f"{error['message']} {error['hint']}"
    assert hub.get(f"/api/devices/{tank.name}/commands")["items"] == []


def test_idempotency_key_is_honoured_after_restart(hub: Serving, tank: Tank):
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


def test_concurrent_requests_with_same_key_send_one_command(hub: Serving, tank: Tank):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: hub.command(tank.name, "beep", key="together"), range(16)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    marker = hub.command(tank.name, "set_valve", 9).json()
    until(lambda: any(marker["id"].encode() in payload for _, payload in tank.heard))
    assert sum(topic.endswith("/beep") for topic, _ in tank.heard) == 1
    assert len(hub.get(f"/api/devices/{tank.name}/commands")["items"]) == 2


def test_command_is_not_retained_by_broker(hub: Serving, tank: Tank):
    hub.command(tank.name, "beep")
    until(lambda: tank.heard)
    late_subscriber = Thing(hub.broker, f"devices/{tank.name}/commands/#")
    marker = hub.command(tank.name, "set_valve", 9).json()
    until(lambda: late_subscriber.heard)
    assert [json.loads(payload)["id"] for _, payload in late_subscriber.heard] == [marker["id"]]
    late_subscriber.leave()


def test_desired_state_and_differences_survive_restart(hub: Serving, tank: Tank):
    tank.say(f"devices/{tank.name}/desired", {"valve": 50, "mode": "auto"}, retained=True)
    tank.say(f"devices/{tank.name}/reported", {"mode": "hand"})
    differs = {"valve": {"desired": 50, "reported": 20}, "mode": {"desired": "auto", "reported": "hand"}}
    until(lambda: hub.get(f"/api/devices/{tank.name}")["differs"] == differs)
    tank.say(f"devices/{tank.name}/desired", b"", retained=True)  # so that the broker cannot send it again
    hub.kill()
    hub.start()
    found = hub.get(f"/api/devices/{tank.name}")
    assert found["desired"] == {"valve": 50, "mode": "auto"}
    assert found["differs"] == differs
    tank.say(f"devices/{tank.name}/reported", {"mode": "auto", "valve": 50})
    until(lambda: hub.get(f"/api/devices/{tank.name}")["differs"] == {})


def test_command_for_offline_device_is_delivered_on_return_or_expires(hub: Serving, tank: Tank):
    tank.say(f"devices/{tank.name}/status", "offline", retained=True)
    until(lambda: hub.get(f"/api/devices/{tank.name}")["presence"] == "offline")
    expiring = hub.command(tank.name, "set_valve", 7, expires_in_s=1).json()
    waiting = hub.command(tank.name, "set_valve", 8, expires_in_s=600).json()
    assert (expiring["state"], waiting["state"]) == ("queued", "queued")
    until(lambda: hub.state(expiring) == "expired", 20)
    hub.kill()
    hub.start()
    assert hub.state(waiting) == "queued"
    assert tank.heard == []
    tank.say(f"devices/{tank.name}/status", "online", retained=True)
    until(lambda: tank.heard)
    assert [json.loads(payload)["arguments"] for _, payload in tank.heard] == [8]


def test_command_is_queued_while_broker_is_down(hub: Serving, tank: Tank):
    hub.broker.stop()
    until(lambda: not hub.get("/api/status")["broker"]["connected"])
    waiting = hub.command(tank.name, "set_valve", 55).json()
    until(lambda: hub.state(waiting) == "queued")
    hub.broker.start()
    until(lambda: hub.state(waiting) == "sent", 40)


def test_command_topic_claimed_by_device_is_ignored(hub: Serving, tank: Tank):
    """The hub sets the topic of a command; a topic in the device's description is ignored."""
    tank.say(
        "devices/spy/info", {"commands": {"x": {"topic": f"devices/{tank.name}/commands/beep", "encoding": "text"}}}
    )
    until(lambda: hub.http.get("/api/devices/spy").json().get("info", {}).get("commands"))
    described = hub.get("/api/devices/spy")["info"]["commands"]["x"]
    assert (described["topic"], described["encoding"]) == ("devices/spy/commands/x", "native")


def test_killed_hub_sends_no_command_twice(hub: Serving, tank: Tank):
    """Each press reaches the device at most once, and a repeated request returns the same command."""
    accepted: list[dict] = []
    for turn in range(3):
        keys = [f"{turn}-{n}" for n in range(10)]
        with ThreadPoolExecutor(4) as pool:
            requests = [pool.submit(_press, hub, tank.name, key) for key in keys]
            until(lambda requests=requests: sum(one.done() for one in requests) >= 4)
            hub.kill()
        accepted += [answer for one in requests if (answer := one.result()) is not None]
        hub.start()
    assert accepted
    states = [until(lambda press=press: _settled(hub, press), 30) for press in accepted]
    assert set(states) <= {"unverified", "acknowledged"}
    marker = hub.command(tank.name, "set_valve", 9).json()
    until(lambda: any(marker["id"].encode() in payload for _, payload in tank.heard))
    delivered = [json.loads(payload)["id"] for topic, payload in tank.heard if topic.endswith("/beep")]
    assert len(delivered) == len(set(delivered)), "a press was delivered twice"
    again = [hub.command(tank.name, "beep", key=press["key"]).json()["id"] for press in accepted]
    assert again == [press["id"] for press in accepted]


def _press(hub: Serving, device: str, key: str) -> dict | None:
    """Send a press. Return the accepted command, or None if the hub was killed before it answered."""
    try:
        answer = hub.command(device, "beep", key=key)
    except httpx.TransportError:
        return None
    return {**answer.json(), "key": key} if answer.status_code == 202 else None


def _settled(hub: Serving, command: dict) -> str | None:
    found = hub.get(f"/api/commands/{command['id']}")
    return str(found["state"]) if found["settled_at"] else None
