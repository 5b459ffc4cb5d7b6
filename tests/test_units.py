"""Normalisation of units."""

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
def test_units_are_normalised(sent, spelt):
    assert spell(sent) == spelt


@pytest.mark.parametrize(
    "unit", ["mW", "MW", "mV", "MV", "mA", "mWh", "MWh", "m", "M", "g", "G", "lqi", "gal", "Nm³/h", "#"]
)
def test_unknown_and_case_sensitive_units_are_unchanged(unit):
    assert spell(unit) == unit


def test_normalisation_is_idempotent():
    for spelt in ("°C", "%", "VAr", "µg/m³", "Ω", "kWh", "L/min", "m/s²", "dBm", "rpm"):
        assert spell(spell(spelt)) == spelt
