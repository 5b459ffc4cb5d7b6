"""ThingsBoard's API for devices and gateways: recorded messages as vectors, and cases that those do not cover."""

import pytest
from hypothesis import given, settings

from conformance import disagreements, vectors
from dialect_run import NOW, DialectRun, json_values, run_hub
from examples import examples
from hub.dialects import ThingsBoardDialect
from hub.errors import Rejected

VECTORS = vectors("thingsboard")


def board() -> DialectRun:
    return DialectRun(ThingsBoardDialect(), "v1/")


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_real_message_is_decoded_as_expected(vector):
    assert disagreements(vector, ThingsBoardDialect()) == []


def test_devices_of_a_gateway_come_with_their_times_and_presence():
    run = board()
    sent = {
        "Boiler": [{"ts": NOW - 2_000, "values": {"t": 70}}, {"ts": NOW - 1_000, "values": {"t": 71}}],
        "Pump": [{"on": True}],
    }
    result = run.say("gateway/telemetry", sent)
    assert [(each.device, each.ts, each.values) for each in result.records] == [
        ("thingsboard:Boiler", NOW - 2_000, {"t": 70}),
        ("thingsboard:Boiler", NOW - 1_000, {"t": 71}),
        ("thingsboard:Pump", NOW, {"on": True}),
    ]
    (gone,) = run.say("gateway/disconnect", {"device": "Boiler"}).availability
    assert (gone.device, gone.online) == ("thingsboard:Boiler", False)
    assert run.say("gateway/disconnect", {"device": "Stranger"}).availability == ()
    assert run.registry.identities["thingsboard:Pump"].native_id == "Pump"


def test_each_device_of_a_message_is_rejected_alone():
    result = board().say("gateway/telemetry", {"A": [{"t": 1}], "B": 7, "C": [{"ts": "yesterday", "values": {"t": 2}}]})
    assert [each.device for each in result.records] == ["thingsboard:A"]
    assert [each.reason for each in result.rejections] == ["bad_value", "bad_time"]


def test_null_is_unknown_and_text_with_leading_zeros_stays_text():
    run = board()
    assert run.values("devices/x/telemetry", {"t": "21.5", "serial": "0042"}) == {"t": 21.5, "serial": "0042"}
    assert [each.metric for each in run.say("devices/x/telemetry", {"t": None}).expirations] == ["t"]
    assert run.say("devices/x/attributes", {"firmware": "1.2"}).heard == ["thingsboard:x"]


@given(json_values)
@settings(max_examples=examples(60))
def test_only_rejected_is_raised(body):
    for topic in ("gateway/telemetry", "gateway/connect", "devices/x/telemetry"):
        try:
            board().say(topic, body)
        except Rejected:
            continue


async def test_device_survives_restart(tmp_path):
    await run_hub(tmp_path, ThingsBoardDialect(), ("v1/gateway/telemetry", {"Boiler": [{"t": 70}]}))
    registry = await run_hub(tmp_path, ThingsBoardDialect())
    assert registry.require("thingsboard:Boiler").metrics["t"].value == 70
