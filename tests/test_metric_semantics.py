"""What metric names mean in five languages, and that a diagnosis does not depend on how metrics are called."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.labelled import observed
from hub.insight import decide, evidence, rank
from hub.insight.metric_semantics import metric_semantics

MEANINGS = [
    ("P2 disch", "bar", "pressure@discharge"),
    ("P2 disch", None, "pressure@discharge"),
    ("VibRMS_DE", "mm/s", "vibration@drive_end"),
    ("T_sup", "°C", "temperature@supply"),
    ("amps", "A", "current"),
    ("dp_filter", "Pa", "differential_pressure@filter"),
    ("soc", "%", "state_of_charge"),
    ("battery_level", "%", "state_of_charge"),
    ("tank level", "%", "level@tank"),
    ("inflow", "m³/h", "flow@inlet"),
    ("Supply Air Temperature Cooling Set Point", "°F", "temperature@cooling+supply (setpoint)"),
    ("Outdoor Air Damper Control Signal", None, "position@damper+outdoor (command)"),
    ("pH", None, "ph"),
    ("Vorlauftemp", "°C", "temperature@supply"),
    ("Lagertemperatur AS", "°C", "temperature@bearing+drive_end"),
    ("Motorstrom", "A", "current@motor"),
    ("Druck Saugseite", "bar", "pressure@suction"),
    ("Kondensationsdruck", "bar", "pressure@condenser"),
    ("presión de aspiración", "bar", "pressure@suction"),
    ("nivel depósito", "%", "level@tank"),
    ("Température départ", None, "temperature@supply"),
    ("débit refoulement", "m3/h", "flow@discharge"),
    ("供水温度", "°C", "temperature@supply"),
    ("排气压力", "bar", "pressure@discharge"),
    ("电机电流", None, "current@motor"),
    ("Filter dP", "Pa", "differential_pressure@filter"),
    ("sat", "°C", "temperature@supply"),
    ("Head pressure", "bar", "pressure@discharge"),
    ("nVent", "1/min", "speed@fan"),
    ("ND", "bar", "pressure@suction"),
    ("Abgastemp.", "°C", "temperature@flue"),
    ("Substratfeuchte", "%", "soil_moisture"),
    ("caudal entrada", "m3/h", "flow@inlet"),
    ("tensión entrada", "V", "voltage@input"),
    ("Y Kühler", "%", "position@cooling"),
    ("Vitesse ventilo", "%", "speed@fan"),
    ("T° fumées", "°C", "temperature@flue"),
    ("送风机频率", "%", "speed@fan"),
    ("排烟温度", "°C", "temperature@flue"),
    ("运行信号", None, "running"),
    ("Max block deviation", "V", "voltage@cell"),
    ("max_temperature", "°C", "temperature (limit)"),
    ("runtime_min", "min", "run_time"),
    ("Transfers to battery", None, "count@battery"),
    ("p0", "bar", "pressure@evaporator"),
    ("pc", "bar", "pressure@condenser"),
]


@pytest.mark.parametrize(("name", "unit", "meaning"), MEANINGS)
def test_name_has_meaning(name: str, unit: str | None, meaning: str) -> None:
    assert str(metric_semantics(name, unit)) == meaning


@pytest.mark.parametrize(
    ("name", "unit", "not_meant"),
    [
        ("discharge_pressure", "bar", "state_of_charge"),
        ("outdoor_temperature", "°C", "contact"),
        ("battery_level", "%", "level"),
        ("overload_count", None, "load"),
        ("valve_temperature", "°C", "position"),
    ],
)
def test_part_of_a_word_is_not_a_word(name: str, unit: str | None, not_meant: str) -> None:
    assert metric_semantics(name, unit).quantity != not_meant


def test_unit_wins_over_words_that_contradict_it() -> None:
    assert metric_semantics("pressure", "°C").quantity == "temperature"
    assert metric_semantics("level", "bar").quantity == "pressure"


def test_device_class_decides_where_unit_and_name_say_nothing() -> None:
    assert metric_semantics("x1", None, "carbon_dioxide").quantity == "co2"
    assert metric_semantics("x1", "%").quantity is None


@given(st.text(max_size=300), st.none() | st.text(max_size=20))
def test_any_name_and_unit_can_be_read(name: str, unit: str | None) -> None:
    metric_semantics(name, unit)


PUMP = {
    "people": ["Q disch", "P2 disch", "Vib RMS DE", "Brg Temp DE", "Motor Temp", "Amps"],
    "de": ["Förderstrom", "Enddruck", "Schwingung Lager AS", "Lagertemperatur AS", "Motortemperatur", "Motorstrom"],
    "es": ["caudal", "presión descarga", "vibración cojinete", "temp cojinete", "temperatura motor", "corriente motor"],
    "fr": ["débit", "pression refoulement", "vibration palier", "température palier", "température moteur", "courant"],
    "zh": ["流量", "出口压力", "轴承振动", "轴承温度", "电机温度", "电机电流"],
}
OURS = ["flow", "pressure", "vibration", "bearing_temperature", "motor_temperature", "current"]


@pytest.mark.parametrize("language", PUMP)
@pytest.mark.parametrize("fault", ["bearing_wear", "cavitation"])
def test_cause_is_found_whatever_the_metrics_are_called(language: str, fault: str) -> None:
    case, _ = observed("pump", fault, 9001)
    names = dict(zip(OURS, PUMP[language], strict=True))
    units = {name: case.tracks[name].unit for name in OURS}
    found = [
        msgspec.structs.replace(item, metric=names[item.metric]) if item.metric in names else item
        for item in evidence(case)
    ]
    semantics = {name: metric_semantics(name, units[ours]) for ours, name in names.items()}
    chosen = decide(rank(found, semantics=semantics))
    assert chosen is not None
    assert chosen.cause == decide(rank(evidence(case))).cause  # type: ignore[union-attr]
