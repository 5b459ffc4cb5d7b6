"""Reactions that publish MQTT messages: the file, the payload, a real broker, its outage, and loops through the hub."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from hub.errors import BrokerError, ConfigError, Invalid, NotConnected, Unconfirmed
from hub.model.reaction import PublishAction, Reaction, ReactionRun, ReactionState
from hub.reactions import describe_action, parse, payload_of
from hub.reactions.refusal import refusal
from hub.services import reaction_publisher
from hub.services.reaction_publisher import EXPIRY_MS, ReactionPublisher
from serving import Serving, Thing, served, until
from test_reactions import T0, Site, alert, device
from test_reactions_live import RULE, reload

SIREN = """
[[reaction]]
id = "siren"
alert = { rules = ["hot"] }
publish = { topic = "site/siren", payload = "{{ device }}" }
"""
FREE = 'limit = { per_minute = 60000, burst = 100, device_per_minute = 60000, loop_runs = 100, loop_within = "1s" }\n'


def publish(**changes: Any) -> str:
    fields = {"topic": "site/siren", "payload": "on"} | changes
    return SIREN.replace(
        'publish = { topic = "site/siren", payload = "{{ device }}" }',
        f"publish = {{ {', '.join(f'{key} = {json.dumps(value)}' for key, value in fields.items())} }}",
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"topic": ""}, "publish.topic = '' is not valid. Allowed: a topic"),
        (
            {"topic": "site/+"},
            "publish.topic = 'site/+' is not valid. Allowed: a topic without + and # that does not begin",
        ),
        ({"topic": "hub/alerts/a"}, "publish.topic = 'hub/alerts/a' is not valid."),
        ({"topic": "$SYS/broker"}, "publish.topic = '$SYS/broker' is not valid."),
        ({"topic": "$share/g/t"}, "publish.topic = '$share/g/t' is not valid."),
        ({"topic": "$CONTROL/dynamic-security/v1"}, "publish.topic = '$CONTROL/dynamic-security/v1' is not valid."),
        ({"topic": "$delayed/0/hub/alerts/a"}, "publish.topic = '$delayed/0/hub/alerts/a' is not valid."),
        ({"topic": "x" * 257}, "begin with hub/ or $, one line of at most 256 characters"),
        ({"topic": "a\u0007"}, "is not valid. Allowed: a topic"),
        ({"payload": 3}, "publish.payload = 3 is not valid. Allowed: a text"),
        ({"payload": "{{ password }}"}, "there is no field password; allowed: reaction, status, at, alert"),
        ({"payload": "{% for alert in alerts %}{{ alert.device }}{% endfor %}"}, "loops are not allowed here"),
        ({"payload": "{{ '\\ud800' }}"}, "a character from U+D800 to U+DFFF is not allowed"),
        ({"payload": "{{ 0x" + "F" * 4_000 + " }}"}, "it has a number with too many digits"),
        (
            {"payload": "{{ device.name }}"},
            "device.name is not allowed: fields have no parts; allowed: reaction, status",
        ),
        ({"payload": "{{ device.__class__ }}"}, ".__class__ is not allowed"),
        ({"payload": "x" * 5_000}, "a template (it has more than 4096 characters.)"),
        ({"qos": 2}, "publish.qos = 2 is not valid. Allowed: 0 or 1"),
        ({"qos": True}, "publish.qos = True is not valid. Allowed: 0 or 1"),
        ({"retain": 1}, "publish.retain = 1 is not valid. Allowed: true or false"),
        ({"retained": True}, "publish.retained = True is not valid. Allowed: only topic, payload, qos, retain"),
    ],
)
def test_error_names_the_key_of_a_message_and_what_is_allowed(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(publish(**changes))
    assert says in f"{caught.value.message} {caught.value.hint}"


def test_reaction_has_just_one_action() -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f'{SIREN}webhook = {{ url = "http://h" }}\n')
    assert "[reaction.command], [reaction.webhook] and [reaction.publish]" in str(caught.value.hint or caught.value)


def test_message_is_described_in_words() -> None:
    plain, kept = parse(publish() + publish(retain=True, qos=0).replace('"siren"', '"kept"', 1))
    assert (describe_action(plain), describe_action(kept)) == (
        "publish to site/siren",
        "publish to site/siren (retained)",
    )
    assert plain.action == PublishAction("site/siren", "on", 1, retain=False)
    assert kept.action == PublishAction("site/siren", "on", 0, retain=True)


def test_payload_is_json_with_numbers_and_quoted_text() -> None:
    source = '{"device": {{ device | tojson }}, "value": {{ value }}, "limit": {{ limit | tojson }}, "at": {{ at }}}'
    run = ReactionRun("k", "siren", T0, T0, "running", "raised")
    found = alert(device='a "b"', value=95.5, threshold=None)
    payload = payload_of(PublishAction("t", source), run, found, None)
    assert json.loads(payload) == {"device": 'a "b"', "value": 95.5, "limit": None, "at": T0}
    scheduled = replace(run, step=None)
    text = "{{ reaction }} {{ status }}{% if device %} {{ device }}{% endif %}"
    assert payload_of(PublishAction("t", text), scheduled, None, None) == "siren schedule"


def test_payload_that_utf_8_cannot_express_is_an_error_of_the_template() -> None:
    run, found = ReactionRun("k", "siren", T0, T0, "running", "raised"), alert(message="\ud800")
    with pytest.raises(Invalid, match=r"a character from U\+D800 to U\+DFFF is not allowed"):
        payload_of(PublishAction("t", "{{ message }}"), run, found, None)


def test_payload_that_compares_a_missing_value_says_so() -> None:
    run, found = ReactionRun("k", "siren", T0, T0, "running", "raised"), alert(value=95.5, threshold=None)
    with pytest.raises(Invalid, match="it compares a field without a value"):
        payload_of(PublishAction("t", "{% if limit > 3 %}x{% endif %}"), run, found, None)
    with pytest.raises(Invalid, match="it compares a field without a value"):
        payload_of(PublishAction("t", "{% if limit > 3 %}x{% endif %}"), replace(run, step=None), None, None)
    with pytest.raises(Invalid, match="it compares a text with a number") as caught:
        payload_of(PublishAction("t", "{% if value > 'a' %}x{% endif %}"), run, found, None)
    assert "texts" not in caught.value.message, "value is a number here"
    with pytest.raises(Invalid, match="truncate needs a whole number"):
        payload_of(PublishAction("t", "{{ device | truncate('a') }}"), run, found, None)


def test_topic_that_the_hub_reads_cannot_weaken_the_loop_protection() -> None:
    (read,) = parse(publish(topic="devices/oven/telemetry") + FREE)
    (free,) = parse(publish() + FREE)
    for reaction, expected in ((read, ["running"] * 5 + ["paused"]), (free, ["running"] * 6)):
        site = Site(device("sensor"))
        assert [site.decide(reaction, T0 + 1_000 * n, by=alert()).outcome for n in range(6)] == expected
    (strict,) = parse(publish(topic="devices/oven/telemetry") + FREE.replace("loop_runs = 100", "loop_runs = 2"))
    site = Site(device("sensor"))
    runs = [site.decide(strict, T0 + 60_000 * n, by=alert()) for n in range(3)]
    assert [run.outcome for run in runs] == ["running", "running", "paused"]
    about = "2 runs within 10 min about the rule leak-1 on sensor"
    assert runs[2].detail == f"Paused after {about}: its message may cause the alert."


def test_late_message_is_missed() -> None:
    (siren,) = parse(publish())
    assert Site(device("sensor")).decide(siren, T0 + 61_000, by=alert(), due=T0).outcome == "missed"


# -- the queue of messages -------------------------------------------------------------------------------------


async def outcomes(errors: list[Exception | None], seconds: int = 0) -> tuple[list[ReactionRun], int]:
    """Publish one message with these errors. Return the finished runs, and how often it was published.

    Each attempt takes ``seconds``.
    """
    now, attempts, finished = T0, 0, list[ReactionRun]()

    async def send(topic: str, payload: bytes, *, qos: int, retained: bool) -> None:
        nonlocal now, attempts
        attempts += 1
        now += seconds * 1_000
        if (error := errors.pop(0) if errors else None) is not None:
            raise error

    async def finish(reaction: Reaction, run: ReactionRun) -> None:
        finished.append(run)

    (siren,) = parse(SIREN)
    assert isinstance(siren.action, PublishAction)
    publisher = ReactionPublisher(send, finish, lambda: now)
    assert publisher.put(siren, ReactionRun("k", "siren", T0, T0, "running"), siren.action, "on")
    task = asyncio.create_task(publisher.run(lambda _: None))
    async with asyncio.timeout(10):
        while not finished:
            await asyncio.sleep(0)
    task.cancel()
    return finished, attempts


async def test_message_is_repeated_only_if_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaction_publisher, "RETRY_S", 0.0)
    ((run,), attempts) = await outcomes([NotConnected("Not connected."), NotConnected("Not connected."), None])
    assert (run.outcome, run.detail, attempts) == ("ran", None, 3)
    ((run,), attempts) = await outcomes([Unconfirmed("No answer in time.")])
    assert (run.outcome, run.detail, attempts) == ("ran", "No answer in time.", 1)
    ((run,), attempts) = await outcomes([BrokerError("Refused.")])
    assert (run.outcome, run.detail, attempts) == ("failed", "Refused.", 1)
    ((run,), attempts) = await outcomes([NotConnected("Not connected.")] * 99, seconds=20)
    assert (run.outcome, run.detail, attempts) == ("failed", "Not connected.", EXPIRY_MS // 20_000)


async def test_slow_broker_makes_no_message_late() -> None:
    now, sent, finished = T0, list[int](), list[ReactionRun]()

    async def send(topic: str, payload: bytes, *, qos: int, retained: bool) -> None:
        nonlocal now
        sent.append(now - T0)
        now += 10_000
        raise Unconfirmed("No answer in time.")

    async def finish(reaction: Reaction, run: ReactionRun) -> None:
        finished.append(run)

    (siren,) = parse(SIREN)
    assert isinstance(siren.action, PublishAction)
    publisher = ReactionPublisher(send, finish, lambda: now)
    for n in range(8):
        assert publisher.put(siren, ReactionRun(str(n), "siren", T0, T0, "running"), siren.action, "on")
    task = asyncio.create_task(publisher.run(lambda _: None))
    async with asyncio.timeout(10):
        while len(finished) < 8:
            await asyncio.sleep(0)
    task.cancel()
    assert sent == [n * 10_000 for n in range(6)]
    assert [run.outcome for run in finished] == ["ran"] * 6 + ["failed"] * 2
    assert finished[-1].detail == "The message waited for 60 s and was not published."


def test_message_that_waits_is_refused_after_its_reaction_is_stopped_or_changed() -> None:
    (siren,) = parse(publish())
    (moved,) = parse(publish(topic="site/horn"))
    on = ReactionState()
    assert refusal(siren, [siren], on) is None
    assert refusal(siren, [replace(siren, name="Other")], on) is None
    for definitions, state, said in (
        ([siren], ReactionState(off=True), "All reactions were switched off"),
        ([siren], ReactionState(paused={"siren": "Loop."}), "The reaction was paused"),
        ([replace(siren, enabled=False)], on, "The reaction was disabled"),
        ([], on, "The reaction was deleted"),
        ([moved], on, "The reaction was changed"),
        ([replace(siren, mode="dry_run")], on, "The reaction was changed"),
    ):
        assert refusal(siren, definitions, state) == f"{said} before the message was published."


async def test_full_queue_of_messages_refuses_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaction_publisher, "CAPACITY", 2)

    async def never(*_: Any, **__: Any) -> None: ...

    publisher = ReactionPublisher(never, never, lambda: T0)
    (siren,) = parse(SIREN)
    assert isinstance(siren.action, PublishAction)
    run = ReactionRun("k", "siren", T0, T0, "running")
    assert [publisher.put(siren, run, siren.action, "on") for _ in range(3)] == [True, True, False]


# -- a hub with a real broker ----------------------------------------------------------------------------------

LIVE = """
[[reaction]]
id = "siren"
name = "Siren"
alert = { rules = ["hot"], devices = ["boiler"] }
limit = { device_per_minute = 60000 }

[reaction.publish]
topic = "site/siren"
payload = '{"device": {{ device | tojson }}, "value": {{ value }}, "text": {{ message | tojson }}}'
retain = true

[[reaction]]
id = "echo"
alert = { rules = ["hot"], devices = ["oven"] }
publish = { topic = "devices/oven/telemetry", payload = '{"temperature": 20}' }
limit = { per_minute = 60000, burst = 1000, device_per_minute = 60000, loop_runs = 100, loop_within = "1s" }

[[reaction]]
id = "back"
alert = { rules = ["hot"], devices = ["oven"], step = "cleared" }
publish = { topic = "devices/oven/telemetry", payload = '{"temperature": 95}' }
limit = { per_minute = 60000, burst = 1000, device_per_minute = 60000, loop_runs = 100, loop_within = "1s" }
"""


def runs(hub: Serving, name: str) -> list[dict[str, Any]]:
    found = hub.get(f"/api/reactions/runs?reaction={name}")["items"]
    return [run for run in found if run["outcome"] != "running"]


def test_message_reaches_the_broker_and_a_loop_through_the_hub_ends(tmp_path: Path) -> None:
    with served(tmp_path) as hub:
        (hub.data / "rules.toml").write_text(RULE)
        reload(hub, LIVE)
        until(lambda: len(hub.get("/api/reactions")["items"]) == 3)
        thing = Thing(hub.broker, "site/#")
        thing.say("devices/boiler/telemetry", {"temperature": 95})
        ((topic, payload),) = until(lambda: thing.heard)
        assert topic == "site/siren"
        assert json.loads(payload)["device"] == "boiler"
        assert json.loads(payload)["value"] == 95
        (run,) = until(lambda: runs(hub, "siren"))
        assert (run["outcome"], run["topic"], run["webhook"]) == ("ran", "site/siren", None)
        (entry,) = until(lambda: hub.get("/api/audit?kind=command")["items"])
        assert (entry["text"], entry["details"]["topic"]) == ("ran the reaction Siren", "site/siren")
        late = Thing(hub.broker, "site/siren")
        until(lambda: late.heard == [("site/siren", payload)])  # it is retained

        preview = hub.http.post("/api/reactions/preview", json={"id": "echo"}).json()
        assert preview["warnings"] == [
            "The hub reads this topic itself (native), so that the message may cause the next alert."
        ]
        thing.say("devices/oven/telemetry", {"temperature": 95})  # the two reactions now start each other
        until(lambda: any(each["paused"] for each in hub.get("/api/reactions")["items"]))
        paused = [each for each in hub.get("/api/reactions")["items"] if each["paused"]]
        assert "its message may cause the alert" in paused[0]["paused"]
        ended = {name: len(runs(hub, name)) for name in ("echo", "back")}
        assert max(ended.values()) == 6, "five runs, and the record of the pause"

        hub.broker.stop()
        until(lambda: hub.http.get("/readyz").status_code == 503)
        body = {"items": [{"device": "boiler", "metrics": {"temperature": value}} for value in (20, 96)]}
        assert hub.http.post("/api/telemetry", json=body["items"]).is_success
        hub.broker.start()
        until(lambda: len(runs(hub, "siren")) == 2)
        assert runs(hub, "siren")[0]["outcome"] == "ran", "the message waited for the broker"
        again = Thing(hub.broker, "site/siren")
        until(lambda: [json.loads(each)["value"] for _, each in again.heard][-1:] == [96])
        for each in (thing, late, again):
            each.leave()
        hub.end()


STOPPED = """
[[reaction]]
id = "NAME"
alert = { rules = ["hot"], devices = ["boiler"] }
limit = { device_per_minute = 60000 }
publish = { topic = "site/NAME", payload = "on" }
"""


def test_messages_that_wait_for_the_broker_obey_the_emergency_stop(tmp_path: Path) -> None:
    def definitions(*names: str) -> str:
        return "".join(STOPPED.replace("NAME", name) for name in names)

    def say(value: int) -> None:
        item = {"device": "boiler", "metrics": {"temperature": value}}
        assert hub.http.post("/api/telemetry", json=[item]).is_success

    def without_broker(running: int) -> None:
        hub.broker.stop()
        until(lambda: hub.http.get("/readyz").status_code == 503)
        say(20)
        say(95)
        found = "/api/reactions/runs"
        until(lambda: sum(run["outcome"] == "running" for run in hub.get(found)["items"]) == running)

    with served(tmp_path) as hub:
        (hub.data / "rules.toml").write_text(RULE)
        reload(hub, definitions("siren", "horn", "lamp"))
        until(lambda: len(hub.get("/api/reactions")["items"]) == 3)
        say(20)
        without_broker(running=3)
        reload(hub, definitions("siren", "lamp").replace('id = "siren"', 'id = "siren"\nenabled = false'))
        until(lambda: [each["enabled"] for each in hub.get("/api/reactions")["items"]] == [False, True])
        hub.broker.start()
        until(lambda: all(runs(hub, name) for name in ("siren", "horn", "lamp")))
        ended = {name: runs(hub, name)[0] for name in ("siren", "horn", "lamp")}
        assert {name: (run["outcome"], run["detail"]) for name, run in ended.items()} == {
            "siren": ("failed", "The reaction was disabled before the message was published."),
            "horn": ("failed", "The reaction was deleted before the message was published."),
            "lamp": ("ran", None),
        }
        without_broker(running=1)
        assert hub.http.post("/api/reactions/switch", json={"on": False}).is_success
        hub.broker.start()
        until(lambda: len(runs(hub, "lamp")) == 2)
        assert runs(hub, "lamp")[0]["detail"] == "All reactions were switched off before the message was published."
        hub.end()
