"""The kinds of faults, each with the condition that a person would name."""

from __future__ import annotations

from benchmarks.labelled_day.faults import MINUTE, FaultKind, Ideal, Shape


def _vibrates(ideal: Ideal, t: float) -> bool:
    return ideal(t)["vibration"] > 7.1


def _too_warm(ideal: Ideal, t: float) -> bool:
    return ideal(t)["temperature"] > 8


def _runs_dry(ideal: Ideal, t: float) -> bool:
    values = ideal(t)
    return values["flow"] < 25 and values["running"] == 1


def _return_too_cold(ideal: Ideal, t: float) -> bool:
    values = ideal(t)
    return values["flow_temperature"] - values["return_temperature"] > 25


def _falls(ideal: Ideal, t: float) -> bool:
    """Return whether the level has fallen by more than 10 in ten minutes."""
    return max(ideal(t - MINUTE * back)["level"] for back in range(11)) - ideal(t)["level"] > 10


def _surges(ideal: Ideal, t: float) -> bool:
    """Return whether more than 8 kWh were used in the last 15 minutes."""
    return sum(ideal(t - MINUTE * (back + 0.5))["power"] for back in range(15)) / 60 > 8


FAULT_KINDS = (
    FaultKind(
        "bearing wears slowly", "pump", ("pump-vibration",), Shape("vibration", (5.2, 6.2), (30, 50)), _vibrates, 3
    ),
    FaultKind("impeller damaged", "pump", ("pump-vibration",), Shape("vibration", (6, 7), (0.5, 2)), _vibrates, 3),
    FaultKind(
        "coupling breaks",
        "pump",
        ("pump-vibration",),
        Shape("vibration", (11, 13), (5, 20)),
        _vibrates,
        3,
        severity="critical",
    ),
    FaultKind(
        "vibration swings around its limit",
        "pump",
        ("pump-vibration",),
        Shape("vibration", (7.5, 7.7), (2, 4), (50, 60), dip=0.75),
        _vibrates,
        3,
    ),
    FaultKind(
        "bearing without grease",
        "pump",
        ("pump-bearing",),
        Shape("bearing_temperature", (34, 42), (8, 25)),
        lambda ideal, t: ideal(t)["bearing_temperature"] > 85,
        3,
        severity="critical",
    ),
    FaultKind(
        "suction blocked",
        "pump",
        ("pump-flow-low",),
        Shape("flow", (-48, -42), (1, 10)),
        _runs_dry,
        3,
    ),
    FaultKind(
        "compressor weak",
        "cold-room",
        ("cold-room-warm",),
        Shape("temperature", (7, 8), (40, 60), (25, 40)),
        _too_warm,
        10,
    ),
    FaultKind(
        "compressor stopped",
        "cold-room",
        ("cold-room-warm",),
        Shape("temperature", (11, 13), (25, 40), (20, 30)),
        _too_warm,
        10,
        severity="critical",
    ),
    FaultKind(
        "cold room left open",
        "cold-room",
        ("cold-room-door",),
        Shape("door", (1, 1), stay=(18, 35)),
        lambda ideal, t: ideal(t)["door"] == 1,
        10,
    ),
    FaultKind(
        "filter clogged, pressure swings around the limit",
        "air-handler",
        ("air-filter",),
        Shape("filter_pressure_drop", (262, 268), (25, 40), (60, 70), dip=25, beyond=(8, 10)),
        lambda ideal, t: ideal(t)["filter_pressure_drop"] > 250,
        5,
    ),
    FaultKind(
        "heating valve open",
        "air-handler",
        ("air-supply",),
        Shape("supply_temperature", (7.5, 9), (5, 20)),
        lambda ideal, t: ideal(t)["supply_temperature"] > 24,
        5,
    ),
    FaultKind(
        "heating coil cold",
        "air-handler",
        ("air-supply",),
        Shape("supply_temperature", (-8, -6.5), (3, 15)),
        lambda ideal, t: ideal(t)["supply_temperature"] < 14,
        5,
    ),
    FaultKind(
        "tank not filled",
        "tank",
        ("tank-low",),
        Shape("level", (-66, -64), (130, 150), (15, 25)),
        lambda ideal, t: ideal(t)["level"] < 20,
        3,
        severity="critical",
    ),
    FaultKind(
        "tank leaks",
        "tank",
        ("tank-falling",),
        Shape("level", (-30, -26), (12, 16), (5, 10)),
        _falls,
        3,
        also=("tank-low",),
    ),
    FaultKind(
        "level sensor stuck", "tank", ("tank-stuck",), hold=30, stops="stuck", frozen="level", also=("tank-falling",)
    ),
    FaultKind("meter's counter stops", "meter", ("meter-stopped",), hold=30, stops="stuck", frozen="energy"),
    FaultKind("consumption too high", "meter", ("meter-surge",), Shape("power", (55, 70), stay=(25, 40)), _surges, 3),
    FaultKind(
        "return too cold",
        "boiler",
        ("boiler-difference",),
        Shape("return_temperature", (-17, -14), (5, 25)),
        _return_too_cold,
        5,
    ),
    FaultKind(
        "water lost, pressure swings around the limit",
        "boiler",
        ("boiler-pressure",),
        Shape("pressure", (0.70, 0.74), (20, 30), (50, 60), dip=-0.2),
        lambda ideal, t: ideal(t)["pressure"] < 0.8,
        3,
        severity="critical",
    ),
    FaultKind(
        "door left open",
        "door",
        ("door-open",),
        Shape("open", (1, 1), stay=(22, 45)),
        lambda ideal, t: ideal(t)["open"] == 1,
        15,
    ),
    *(
        FaultKind(f"{model} silent", model, ("silent",), hold=5, stops="silent")
        for model in ("pump", "cold-room", "meter", "door")
    ),
)
GATEWAY_DEAD = FaultKind(
    "gateway without power",
    "gateway",
    ("gateway-silent",),
    hold=3,
    stops="gateway",
    also=("silent",),
    severity="critical",
)
