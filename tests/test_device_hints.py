"""Hints of a device: values that arrive as text and keys that never change, with how to fix them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api_hub import ApiHub, running_hub
from hub.model import Device, Latest
from hub.services.device_hints import MAX_HINTS, hints_of


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        yield hub


async def hints(hub: ApiHub, device: str) -> list[dict[str, Any]]:
    return list((await hub.http.get(f"/api/devices/{device}")).json()["hints"])


async def test_number_sent_as_text_gets_hint_with_fix(hub: ApiHub) -> None:
    await hub.telemetry("boiler", temperature="95.5", pressure="1,25", mode="auto", firmware="2.1", level=3)
    assert await hints(hub, "boiler") == [
        {
            "metric": "temperature",
            "text": 'temperature arrives as a text ("95.5"). Rules compare numbers. '
            'Send 95.5 as a number: {"temperature": 95.5}, or 95.5 alone on its topic telemetry/temperature.',
            "message_key": "number_as_text",
            "message_params": {
                "value": "95.5", "number": "95.5", "unit": None, "has_comma": False, "dialect": "native",
            },
        },
        {
            "metric": "pressure",
            "text": 'pressure arrives as a text with a decimal comma ("1,25"). Rules compare numbers. '
            'Send 1.25 as a number: {"pressure": 1.25}, or 1.25 alone on its topic telemetry/pressure.',
            "message_key": "number_as_text",
            "message_params": {
                "value": "1,25", "number": "1.25", "unit": None, "has_comma": True, "dialect": "native",
            },
        },
    ]  # fmt: skip
    await hub.telemetry("boiler", temperature=95.5, pressure=1.25)
    assert await hints(hub, "boiler") == []


@pytest.mark.parametrize(("name", "word"), [({"id": "c4:7c:8d"}, "Its id is"), ({"seq": 0}, "Its seq is")])
async def test_constant_id_or_seq_gets_hint(hub: ApiHub, name: dict[str, Any], word: str) -> None:
    for number in (21.5, 22.5, 22.5):
        await hub.telemetry("node", tempc=number, **name)
    (hint,) = await hints(hub, "node")
    assert (hint["metric"], hint["message_key"]) == (None, "constant_id")
    assert hint["message_params"] == {"key": next(iter(name)), "several": False}
    assert hint["text"].startswith(f"{word} the same in different messages")


def device(dialect: str, **values: str) -> Device:
    metrics: dict[str, Latest] = {name: Latest(value, 0, "good") for name, value in values.items()}
    return Device("d", "d", dialect, first_seen=0, metrics=metrics)


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        ("native", "Send 20.5 as a number"),
        ("mapping", 'Add kinds = { "t" = "number" } to its mapping.'),
        ("homeassistant", "unit_of_measurement"),
        ("homie", "datatype float or integer"),
        ("tasmota", "Rules compare numbers."),
    ],
)
def test_hint_names_fix_of_dialect(dialect: str, expected: str) -> None:
    (hint,) = hints_of(device(dialect, t="20.5"))
    assert expected in hint.text


@pytest.mark.parametrize(
    "text", ["auto", "", "0012", "12:30", "1.2.3", "2026-11-28", "0x1F", "1 000", "NaN", "2 floor", "3A", "7 of 9"]
)
def test_text_that_is_not_a_number_gets_no_hint(text: str) -> None:
    assert hints_of(device("native", t=text)) == []


@pytest.mark.parametrize(
    ("text", "number"), [("21.5 °C", "21.5"), ("21.5°C", "21.5"), ("-60 dBm", "-60"), ("45%", "45"), ("1,5 bar", "1.5")]
)
def test_number_with_unit_as_text_gets_hint_with_fix(text: str, number: str) -> None:
    (hint,) = hints_of(device("native", t=text))
    assert hint.text.startswith(f't arrives as a text with a unit ("{text}"). Rules compare numbers. Send {number}')
    (hint,) = hints_of(device("mapping", t=text))
    assert hint.text.endswith("Send the number without its unit.")


@pytest.mark.parametrize("metric", ["firmware", "sw_version", "serial", "node_id", "wifi.mac", "postcode"])
def test_identifier_of_digits_gets_no_hint(metric: str) -> None:
    assert hints_of(device("native", **{metric: "12"})) == []


def test_number_of_hints_is_limited() -> None:
    assert len(hints_of(device("native", **{f"m{number}": "1" for number in range(200)}))) == MAX_HINTS
