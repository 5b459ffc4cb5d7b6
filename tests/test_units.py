"""Units: one spelling for each, and no value is ever touched."""

import pytest

from hub.dialects.units import spell


@pytest.mark.parametrize(
    ("sent", "spelt"),
    [
        ("C", "°C"), ("ºC", "°C"), ("Cel", "°C"), ("degC", "°C"), ("°F", "°F"), ("F", "°F"), ("lux", "lx"), ("w", "W"),
        ("KW", "kW"), ("%RH", "%"), (" % ", "%"), ("var", "VAr"), ("VAR", "VAr"), ("va", "VA"), ("l", "L"),
        ("PPM", "ppm"), ("μg/m³", "µg/m³"), ("m3/h", "m³/h"), ("Ω", "Ω"), ("ohm", "Ω"), ("Hz", "Hz"), ("sec", "s"),
        ("DBM", "dBm"), ("", ""),
    ],
)  # fmt: skip
def test_what_devices_send_is_spelt_in_one_way(sent, spelt):
    assert spell(sent) == spelt


@pytest.mark.parametrize(
    "unit", ["mW", "MW", "mV", "MV", "mA", "mWh", "MWh", "m", "M", "g", "G", "lqi", "gal", "Nm³/h", "#"]
)
def test_what_is_unknown_or_told_apart_by_its_case_stays_as_it_is(unit):
    assert spell(unit) == unit


def test_a_spelling_is_one_of_itself():
    for spelt in ("°C", "%", "VAr", "µg/m³", "Ω", "kWh", "L/min", "m/s²", "dBm", "rpm"):
        assert spell(spell(spelt)) == spelt
