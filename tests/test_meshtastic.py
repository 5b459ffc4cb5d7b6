"""The dialect of Meshtastic's JSON: recorded messages as vectors, and cases that those do not cover."""

import pytest
from hypothesis import given, settings

from conformance import disagreements, vectors
from dialect_run import NOW, DialectRun, json_values, run_hub
from examples import examples
from hub.dialects import MeshtasticDialect
from hub.errors import Rejected

VECTORS = vectors("meshtastic")
GATEWAY = "2/json/LongFast/!aabbccdd"


def packet(kind: str, **payload: object) -> dict[str, object]:
    return {"from": 0x7EFEEE00, "type": kind, "payload": payload, "timestamp": NOW // 1000}


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_real_message_is_decoded_as_expected(vector):
    assert disagreements(vector, MeshtasticDialect()) == []


def test_node_is_the_sender_of_the_packet_and_gets_its_name():
    mesh = DialectRun(MeshtasticDialect(), "msh/EU_868/")
    assert mesh.values(GATEWAY, packet("telemetry", battery_level=87)) == {"battery_level": 87}
    assert mesh.registry.identities["meshtastic:7efeee00"].info.name == "Meshtastic !7efeee00"
    mesh.say(GATEWAY, packet("nodeinfo", id="!7efeee00", longname="Roof", shortname="R"))
    assert mesh.registry.identities["meshtastic:7efeee00"].info.name == "Roof"
    assert mesh.say(GATEWAY, packet("traceroute", route=[1])).heard == ("meshtastic:7efeee00",)


def test_topic_needs_no_region_and_encrypted_messages_are_ignored():
    dialect = MeshtasticDialect("lora/msh")
    assert dialect.filters == ("lora/msh/+/2/json/+/+", "lora/msh/2/json/+/+")
    assert [dialect.owns(each) for each in (f"lora/msh/{GATEWAY}", "lora/msh/EU_868/2/e/LongFast/!aa")] == [True, False]


@pytest.mark.parametrize("sender", [None, 0, -5, 2**32, True, "!7efeee00"])
def test_packet_without_a_node_is_rejected(sender):
    with pytest.raises(Rejected, match="number of its node"):
        DialectRun(MeshtasticDialect(), "msh/").say(GATEWAY, {"from": sender, "type": "telemetry", "payload": {"t": 1}})


@given(json_values)
@settings(max_examples=examples(60))
def test_only_rejected_is_raised(body):
    for sent in (
        body,
        {"from": 5, "type": "telemetry", "payload": body},
        {"from": 5, "type": "position", "payload": body},
    ):
        try:
            DialectRun(MeshtasticDialect(), "msh/").say(GATEWAY, sent)
        except Rejected:
            continue


async def test_node_survives_restart(tmp_path):
    await run_hub(tmp_path, MeshtasticDialect(), (f"msh/EU_868/{GATEWAY}", packet("telemetry", battery_level=87)))
    registry = await run_hub(tmp_path, MeshtasticDialect())
    assert registry.require("meshtastic:7efeee00").metrics["battery_level"].value == 87
