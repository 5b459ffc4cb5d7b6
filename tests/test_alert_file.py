"""An alert as a file, replayed elsewhere: the same alerts, the same diagnosis, no secrets."""

from __future__ import annotations

import json
import time
from pathlib import Path

import msgspec
import pytest

from api_hub import ApiHub, running_hub
from hub.commandline.main import main
from hub.diagnosis.alert_file import read_alert_file
from hub.diagnosis.alert_replay import ReplayedAlert, replay_file
from hub.diagnosis.evaluation import case_of, evaluate
from hub.errors import Invalid
from hub.model import ConfirmedCause, ReplaceRules, Tick
from hub.rules import parse
from scripted_provider import DOWN, Scripted, chain
from simulators import KINDS

TOKEN = "correct horse battery staple"
RULES = """
[[rule]]
id = "bearing"
name = "Bearing too hot"
metric = "bearing_temperature"
above = 75
for = "4s"
severity = "critical"

[[rule]]
id = "both"
name = "Bearing warm while the pump vibrates"
kind = "all"
severity = "warning"

[[rule.conditions]]
kind = "any"

[[rule.conditions.conditions]]
metric = "bearing_temperature"
above = 74

[[rule.conditions.conditions]]
metric = "bearing_temperature"
above = 90

[[rule.conditions]]
metric = "vibration"
above = 0.1
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the file of an alert about a simulated pump with a worn bearing."""
    import asyncio

    async def export() -> bytes:
        folder = tmp_path_factory.mktemp("hub")
        (folder / "rules.toml").write_text(RULES)
        async with running_hub(folder, rules=RULES, real_ai=True, token=TOKEN) as hub:
            hub.http.headers["Authorization"] = f"Bearer {TOKEN}"
            return await file_of(hub)

    return asyncio.run(export())


async def file_of(hub: ApiHub) -> bytes:
    machine = KINDS["pump"]("pump-01", 7, 10.0)
    machine.inject("bearing_wear", 0.0, 1.0)
    units = {name: metric.unit for name, metric in machine.metrics.items() if metric.unit}
    now = int(time.time() * 1000)
    rows = [(second, machine.step(float(second))) for second in (*range(-7200, 0, 20), *range(0, 600, 2))]
    until = next(second for second, values in rows if values["bearing_temperature"] > 75) + 12
    begin = now - until * 1000
    hub.publish("devices/pump-01/info", {"name": "Feed pump", "model": "CP-80", "units": units}, at=begin - 7_300_000)
    for second, values in rows:
        if second <= until:
            hub.publish("devices/pump-01/telemetry", values, at=begin + second * 1000)
    hub.publish("devices/gearbox-01/info", {"name": "Gearbox", "via": "pump-01"})
    for second in range(-8, 1):
        hub.publish("devices/gearbox-01/telemetry", {"bearing_temperature": 90}, at=now + 1000 * second)
    await hub.settled()
    alerts = (await hub.http.get("/api/alerts")).json()["items"]
    (alert,) = [each for each in alerts if (each["rule_id"], each["device_id"]) == ("bearing", "pump-01")]
    await hub.http.post("/api/devices/pump-01/diagnose")
    answer = await hub.http.get(f"/api/alerts/{alert['id']}/file")
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_replay_gives_the_same_alerts_and_diagnosis(exported: bytes, tmp_path: Path):
    contents = read_alert_file(exported)
    assert contents.diagnosis is not None
    assert contents.diagnosis.cause is not None
    found = await replay_file(contents, tmp_path)
    assert {alert.rule for alert, _ in found.alerts} == {"bearing", "both"}
    for alert, firing in found.alerts:
        assert firing is not None, alert.rule
        assert (firing.start, firing.message, firing.raised_at) == (alert.since, alert.message, alert.raised_at)
    assert found.differs == []
    assert [each.device for each in contents.others] == ["gearbox-01"]
    assert "incident" in [each.kind for each in found.diagnosis.evidence]
    assert found.diagnosis.summary == contents.diagnosis.summary
    assert [each.finding for each in found.diagnosis.evidence] == [each.finding for each in contents.diagnosis.evidence]


def test_command_replays_a_file_and_reports_a_difference(
    exported: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "a.alert.json"
    file.write_bytes(exported)
    assert main(["replay", str(file)]) == 0
    assert "The replay equals the file." in capsys.readouterr().out
    contents = read_alert_file(exported)
    readings = {"pump-01": {**contents.readings["pump-01"]}}
    readings["pump-01"]["bearing_temperature"] = [
        (ts, 40.0, q) for ts, _, q in readings["pump-01"]["bearing_temperature"]
    ]
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(contents, readings=readings)))
    assert main(["replay", str(file)]) == 1
    assert "NOT raised again" in capsys.readouterr().out


def test_file_has_no_secrets(exported: bytes):
    assert TOKEN.encode() not in exported
    text = json.loads(exported)
    assert {key for device in text["devices"] for key in ("desired", "reported", "watches") if device[key]} == set()


def test_other_files_are_refused_with_a_reason(exported: bytes, tmp_path: Path):
    for data in (b"", b"[]", b'{"format": "x"}', exported[:100]):
        with pytest.raises(Invalid, match="not an alert file"):
            read_alert_file(data)
    newer = msgspec.json.encode(msgspec.structs.replace(read_alert_file(exported), version=99))
    with pytest.raises(Invalid, match="version 99"):
        read_alert_file(newer)
    assert main(["replay", str(tmp_path / "missing")]) == 2


@pytest.mark.parametrize("levels", [40, 1_200, 3_000])
def test_nested_file_is_refused_with_a_reason(
    exported: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str], levels: int
):
    file = tmp_path / "nested.json"
    file.write_bytes(exported[:-1] + b',"zz":' + b"[" * levels + b"]" * levels + b"}")
    assert main(["replay", str(file)]) == 2
    assert "is nested more than 32 levels deep" in capsys.readouterr().err


def test_eval_scores_the_analyst_and_fails_below_the_baseline(
    exported: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    contents = read_alert_file(exported)
    assert contents.diagnosis is not None

    def labelled(name: str, cause: str | None) -> str:
        confirmed = ConfirmedCause("what it was", "ada", 1, cause)
        alert = msgspec.structs.replace(contents.alert, confirmed=confirmed)
        (tmp_path / name).write_bytes(msgspec.json.encode(msgspec.structs.replace(contents, alert=alert)))
        return str(tmp_path / name)

    right, wrong = labelled("right.json", contents.diagnosis.cause), labelled("wrong.json", "cavitation")
    common = ["eval", "--data", str(tmp_path), "--baseline", str(tmp_path / "baseline.json")]
    assert main([*common, right]) == 0
    assert "100.0 of 100 points" in capsys.readouterr().out
    assert main([*common, right]) == 0
    assert main([*common, right, wrong]) == 1
    assert "wrong: Feed pump" in capsys.readouterr().out
    assert main([*common, "--model", "nosuch", right]) == 2
    assert "no model 'nosuch'" in capsys.readouterr().err
    assert main([*common, labelled("words.json", None)]) == 2
    assert "no known cause is confirmed" in capsys.readouterr().err


async def test_eval_asks_the_named_model_with_the_present_prompt(exported: bytes, tmp_path: Path):
    contents = read_alert_file(exported)
    alert = msgspec.structs.replace(contents.alert, confirmed=ConfirmedCause("", "ada", 1, "cavitation"))
    case = case_of(alert, (await replay_file(contents, tmp_path)).diagnosis, contents.devices[0])
    assert case is not None
    reply = json.dumps(
        {
            "statements": [{"text": "The pump cavitates.", "evidence": ["e1"]}],
            "cause": "cavitation",
            "cause_evidence": ["e1"],
        }
    )
    found = await evaluate([case], chain(Scripted("cloud", reply)), "cloud-model")
    assert [each.named for each in found.results] == ["cavitation"]
    assert found.points == 100
    broken = await evaluate([case], chain(Scripted("cloud", DOWN)), "cloud-model")
    assert (broken.points, broken.results[0].named) == (0, None)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("devices.0.constant_id", 10**19),
        ("devices.0.expected_interval", -1e308),
        ("devices.0.longest_pause", -1),
        ("devices.0.first_seen", 2**62),
        ("diagnosis.created_at", 10**19),
        ("alert.since", -1),
        ("rules.0.rule.for_ms", 2**62),
        ("readings.pump-01.vibration.0.0", 1e308),
        ("end", 2**63 - 1),
    ],
)
def test_number_out_of_bounds_is_named_with_its_key(exported: bytes, path: str, value: float):
    contents = json.loads(exported)
    *way, last = (int(each) if each.isdigit() else each for each in path.split("."))
    inner = contents
    for key in way:
        inner = inner[key]
    inner[last] = value
    with pytest.raises(Invalid) as refused:
        read_alert_file(json.dumps(contents).encode())
    assert str(last) in str(refused.value)
    if abs(value) < 2**53:
        assert f"{value}" in str(refused.value)


async def test_file_of_a_rule_on_another_device_has_its_readings(tmp_path: Path):
    rules = (
        '[[rule]]\nid = "r"\nkind = "all"\ndevices = ["tank"]\n[[rule.conditions]]\nmetric = "level"\nbelow = 10\n'
        '[[rule.conditions]]\nkind = "equals"\nmetric = "on"\nvalue = true\ndevice = "pump"\n'
    )
    (tmp_path / "rules.toml").write_text(rules)
    async with running_hub(tmp_path, rules=rules, real_ai=True) as hub:
        now = int(time.time() * 1000)
        for minute in range(20, 0, -1):
            at = now - minute * 60_000
            hub.publish("devices/pump/telemetry", {"on": minute < 5}, at=at)
            await hub.settled()
            await hub.services.ingest_queue.submit(Tick(at, 0))
            hub.publish("devices/tank/telemetry", {"level": 5}, at=at + 1_000)
            await hub.settled()
        (alert,) = (await hub.http.get("/api/alerts")).json()["items"]
        data = (await hub.http.get(f"/api/alerts/{alert['id']}/file")).content
    contents = read_alert_file(data)
    assert len(contents.readings["pump"]["on"]) == 20
    (found,) = (await replay_file(contents, tmp_path / "replay")).alerts
    assert found[1] is not None
    assert (found[1].start, found[1].message) == (alert["since"], alert["message"])


async def replayed(hub: ApiHub, alert_id: str, folder: Path) -> ReplayedAlert:
    data = (await hub.http.get(f"/api/alerts/{alert_id}/file")).content
    return await replay_file(read_alert_file(data), folder)


TANK = '[[rule]]\nid = "low"\nmetric = "level"\nbelow = 10\n'
TREE = (
    '[[rule]]\nid = "low"\nkind = "all"\n[[rule.conditions]]\nmetric = "level"\nbelow = 10\n'
    '[[rule.conditions]]\nkind = "equals"\nmetric = "on"\nvalue = true\n'
)


@pytest.mark.parametrize("rule", [TANK, TANK + 'for = "2m"\n', TREE, TREE.replace("all", "any", 1)])
async def test_replay_honours_a_rule_created_after_its_condition_had_begun(tmp_path: Path, rule: str):
    async with running_hub(tmp_path, rules="", real_ai=True) as hub:
        now = int(time.time() * 1000)

        async def send(minutes: range) -> None:
            for minute in minutes:
                values = {"level": 5.0 if minute < 15 else 50.0, "on": minute < 16}
                hub.publish("devices/tank/telemetry", values, at=now - minute * 60_000)
                await hub.services.ingest_queue.submit(Tick(now - minute * 60_000, 0))

        await send(range(30, 8, -1))
        created = parse(rule)
        await hub.services.ingest_queue.submit(ReplaceRules(tuple(created), now - 8 * 60_000 - 20_000))
        await send(range(8, 0, -1))
        (alert,) = (await hub.http.get("/api/alerts")).json()["items"]
        assert alert["since"] == now - 9 * 60_000  # not 14 minutes ago, when the level fell
        found = await replayed(hub, alert["id"], tmp_path / "replay")
    ((_, firing),) = found.alerts
    assert firing is not None, found.reasons
    assert (firing.start, firing.message) == (alert["since"], alert["message"])


async def test_replay_says_that_the_rule_was_changed_after_the_alert(tmp_path: Path):
    async with running_hub(tmp_path, rules=TANK, real_ai=True) as hub:
        now = int(time.time() * 1000)
        for minute in range(10, 0, -1):
            hub.publish("devices/tank/telemetry", {"level": float(minute)}, at=now - minute * 60_000)
        await hub.settled()
        (alert,) = (await hub.http.get("/api/alerts")).json()["items"]
        hub.publish("devices/tank/telemetry", {"level": 50.0}, at=now - 1)
        await hub.settled()
        await hub.services.ingest_queue.submit(ReplaceRules(tuple(parse(TANK.replace("10", "4"))), now))
        found = await replayed(hub, alert["id"], tmp_path / "replay")
    assert not found.same
    assert "changed after the alert was raised" in found.reasons[alert["id"]]
