"""Times given by devices: supported formats, local times without a zone, implausible times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialect_run import NOW, DialectRun
from hub.dialects import MappingDialect, NativeDialect, Zigbee2MqttDialect, parse_mappings
from hub.dialects.times import when
from hub.errors import ConfigError, Rejected
from test_mapping import MAPPINGS, rule

HOUR = 3_600_000
RTL_433 = "rtl_433/attic/events"


def local_time(ahead_h: float = 0, ago_s: float = 0, separator: str = " ") -> str:
    """Return the local time ``ahead_h`` hours ahead of UTC, ``ago_s`` seconds before the message is received."""
    moment = datetime.fromtimestamp(NOW / 1000 - ago_s, UTC) + timedelta(hours=ahead_h)
    return moment.replace(tzinfo=None).isoformat(separator, "seconds")


@pytest.mark.parametrize("ahead", [-12, -7, -3.5, 1, 5.5, 5.75, 12.75, 14])
@pytest.mark.parametrize("ago", [0, 3])
def test_local_time_without_zone_uses_receive_time(ahead: float, ago: float) -> None:
    radio = DialectRun(MappingDialect(parse_mappings(MAPPINGS)))
    body = {"time": local_time(ahead, ago), "model": "Acurite", "id": 7, "temperature_C": 21.5}
    (record,) = radio.say(RTL_433, body).records
    assert (record.ts, record.quality) == (NOW, "good")
    native = DialectRun(NativeDialect())
    (record,) = native.say("devices/d/telemetry", {"ts": local_time(ahead, ago, "T"), "t": 1}).records
    assert (record.ts, record.quality) == (NOW, "good")


def test_local_time_that_matches_utc_is_used() -> None:
    assert when(local_time(ago_s=20), NOW) == (NOW - 20_000, "good")


def test_zone_of_mapping_is_applied_to_local_times() -> None:
    denver = DialectRun(MappingDialect(parse_mappings(rule(topic="x/{device}", time="at", zone="America/Denver"))))
    records = [denver.say("x/d", {"at": local_time(-7, ago), "t": 1}).records[0] for ago in (2, 600)]
    assert [(record.ts, record.quality) for record in records] == [(NOW - 2_000, "good"), (NOW - 600_000, "late")]
    (record,) = denver.say("x/d", {"at": local_time(0), "t": 1}).records
    assert (record.ts, record.quality) == (NOW, "clock"), "seven hours ahead of that zone: the clock is wrong"


@pytest.mark.parametrize(
    ("text", "received", "expected"),
    [
        ("2026-10-25T02:30:00", "2026-10-25T00:30:01Z", "2026-10-25T00:30:00Z"),
        ("2026-10-25T02:30:00", "2026-10-25T01:30:01Z", "2026-10-25T01:30:00Z"),
        ("2026-03-29T02:30:00", "2026-03-29T01:30:01Z", "2026-03-29T01:30:00Z"),
        ("2026-03-29T02:30:00", "2026-03-29T00:30:01Z", "2026-03-29T00:30:00Z"),
        ("2026-07-01 12:00:00,250", "2026-07-01T10:00:01Z", "2026-07-01T10:00:00.250Z"),
    ],
)
def test_ambiguous_hour_of_dst_change_is_resolved_by_receive_time(text: str, received: str, expected: str) -> None:
    at, ts = (int(datetime.fromisoformat(each).timestamp() * 1000) for each in (received, expected))
    assert when(text, at, zone=ZoneInfo("Europe/Berlin")) == (ts, "good")


@pytest.mark.parametrize(
    "given",
    [
        NOW // 1000 - 5,
        NOW / 1000 - 5,
        NOW - 5_000,
        (NOW - 5_000) * 1_000,
        (NOW - 5_000) * 1_000_000,
        str(NOW // 1000 - 5),
        f"{NOW // 1000 - 5}.000",
        f"{NOW // 1000 - 5},0",
        str((NOW - 5_000) * 1_000_000),
        "2026-11-22T22:19:55Z",
        "2026-11-22 22:19:55 UTC",
        "2026-11-22 22:19:55GMT",
        "2026-11-22T22:19:55.000z",
        "2026-11-22T22:19:55,000+00:00",
        "2026-11-23T03:49:55+0530",
        "2026-11-23 03:49:55 +05:30",
        "2026-11-22T15:19:55-07",
        "20261122T221955Z",
    ],
)
def test_supported_time_format_is_read(given: object) -> None:
    assert when(given, NOW) == (NOW - 5_000, "good")


@pytest.mark.parametrize(
    "given", ["yesterday", "26-11-22 22:19:55", "22/11/2026 22:19", "22:19:55", True, [], 1e300, "9" * 80]
)
def test_invalid_time_is_rejected_with_supported_formats(given: object) -> None:
    with pytest.raises(Rejected, match=r"1970|calendar") as refused:
        when(given, NOW)
    assert refused.value.reason == "bad_time"


@pytest.mark.parametrize(
    ("given", "quality"),
    [
        (None, "good"),
        ("", "good"),
        ("2026-11-22", "good"),
        ("2026-11-20", "clock"),
        (0, "clock"),
        (NOW + HOUR, "clock"),
        (NOW - 25 * HOUR, "clock"),
        ("1970-01-01 00:00:09", "clock"),
        ("0001-01-01T00:00:00", "clock"),
        ("9999-12-31T23:59:59", "clock"),
        (1e14, "clock"),
    ],
)
def test_implausible_time_uses_receive_time(given: object, quality: str) -> None:
    assert when(given, NOW) == (NOW, quality)


def test_list_of_local_times_keeps_its_intervals() -> None:
    """A logger in UTC-7 sends buffered readings: the newest was measured now."""
    logger = DialectRun(NativeDialect())
    body = [{"ts": local_time(-7, ago), "t": ago} for ago in (7_200, 600, 60, 0)]
    records = logger.say("devices/d/telemetry", body).records
    assert [(NOW - record.ts) // 1000 for record in records] == [7_200, 600, 60, 0]
    assert [record.quality for record in records] == ["late", "late", "good", "good"]


def test_retained_reading_is_not_in_the_future() -> None:
    assert when(NOW + HOUR, NOW, retained=True) == (NOW, "retained")
    assert when(local_time(3), NOW, retained=True) == (NOW, "retained")


@pytest.mark.parametrize("last_seen", [NOW - 5_000, "2026-11-22T22:19:55.000Z", "2026-11-22T23:19:55+01:00"])
def test_every_zigbee2mqtt_last_seen_format_is_read(last_seen: object) -> None:
    hub = DialectRun(Zigbee2MqttDialect())
    hub.say("zigbee2mqtt/bridge/devices", [{"ieee_address": "0x01", "friendly_name": "door", "type": "EndDevice"}])
    (record,) = hub.say("zigbee2mqtt/door", {"contact": True, "last_seen": last_seen}).records
    assert (record.ts, record.quality) == (NOW - 5_000, "good")


@pytest.mark.parametrize("sent", [f"{NOW // 1000 - 5}.123456", str(NOW // 1000 - 5), "20261122T221955Z"])
def test_mapping_reads_time_given_as_text(sent: str) -> None:
    radio = DialectRun(MappingDialect(parse_mappings(MAPPINGS)))
    (record,) = radio.say(RTL_433, {"time": sent, "model": "Acurite", "id": 7, "temperature_C": 21.5}).records
    assert (record.ts // 1000, record.quality) == (NOW // 1000 - 5, "good")
    assert record.values == {"temperature_C": 21.5}


@pytest.mark.parametrize("zone", ["Europe/Berln", "", "../../etc/passwd", "Europe", "+01:00"])
def test_unknown_zone_is_refused_with_its_line(zone: str) -> None:
    text = rule(topic="a/{device}") + f'[[mapping]]\ntopic = "b/{{device}}"\n# where it stands\nzone = "{zone}"\n'
    with pytest.raises(ConfigError, match=r"mapping 2 \(b/\{device\}\): zone = .* in line 6 is not a known time zone"):
        parse_mappings(text)


@given(value=st.text(max_size=30) | st.integers() | st.floats() | st.none(), retained=st.booleans())
def test_any_value_is_a_time_near_receipt_or_rejected(value: object, retained: bool) -> None:
    try:
        ts, quality = when(value, NOW, retained=retained)
    except Rejected as error:
        assert error.reason == "bad_time"  # noqa: PT017 (any other exception is the failure)
        return
    assert retained or NOW - 24 * HOUR <= ts <= NOW + 300_000
    assert quality in ("good", "late", "clock", "retained")
