"""A water-cooled screw chiller with R-134a: shell-and-tube evaporator and condenser, slide valve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from benchmarks.independent import physics
from benchmarks.independent.machine import Fault, Floats, Injection, Limit, Machine, Metric

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


def _saturation(temperature: Floats) -> Floats:
    """Return the gauge pressure (bar) of saturated R-134a; Clausius-Clapeyron through REFPROP at 0 and 40 °C."""
    return np.asarray(np.exp(10.817 - 2661.0 / (temperature + 273.15)) - 1.013)


class WaterChiller(Machine):
    """One chiller of an office building with a server room: day and night in use, off for a while at very low load."""

    kind = "water_chiller"
    model = "Water-cooled screw chiller, R-134a"
    parts = (
        r"condens(er(?! fan)|ing|abl)|evaporator|tube|heat exchang|approach|refrigerant",
        r"charge|subcool|superheat|purge|liquid line|drier",
        r"compressor|screw|slide valve|surge|discharge|bearing|motor|winding|\boil|lubric",
        r"expansion|\b[te]xv\b|orifice|solenoid|\bpump|strainer|cooling (water|tower)|chilled|cooling load",
        r"sensor|probe|thermistor|transducer|transmitter|control|set ?point|cycling|power supply|phase",
        physics.unless(
            r"burner|boiler|flame|fuel|gear|conveyor|belt|battery|damper|duct|blade|\bfan\b|door|defrost",
            r"scal(e|ing)|foul|clog|block|leak|flow|water|pipe|valve|filter|"
            r"capacity|demand|load|pressure|temperature|drift|\bair\b",
        ),
    )
    metrics: ClassVar[Mapping[str, Metric]] = {
        "chw_supply_temp": Metric("°C", 0.1),
        "chw_return_temp": Metric("°C", 0.1),
        "chw_setpoint": Metric("°C", 0.5),
        "cw_in_temp": Metric("°C", 0.1),
        "cw_out_temp": Metric("°C", 0.1),
        "evap_pressure": Metric("bar", 0.01),
        "cond_pressure": Metric("bar", 0.01),
        "liquid_temp": Metric("°C", 0.1),
        "discharge_temp": Metric("°C", 0.1),
        "oil_filter_dp": Metric("bar", 0.01),
        "power": Metric("kW", 0.1),
        "state": Metric(None, 1.0, "mode", ("off", "running")),
    }
    # Off, both shells come to one pressure above the low limit, so that standing still does not alarm.
    limits = (
        Limit("chw_supply_temp", high=9.5, hold_s=1800.0),
        Limit("cond_pressure", high=8.5, hold_s=60.0),
        Limit("evap_pressure", low=2.1, hold_s=120.0),
        Limit("oil_filter_dp", high=1.5, hold_s=60.0),
    )
    names = physics.named(
        metrics,
        """
        chw_supply_temp | CHW supply temp | KW-VL | T impulsión agua fría | T départ EG | 冷冻水出水温度
        chw_return_temp | CHW return temp | KW-RL | T retorno agua fría | T retour EG | 冷冻水回水温度
        chw_setpoint | CHW setpoint | KW-Soll | consigna agua fría | Consigne EG | 冷冻水设定温度
        cw_in_temp | CW entering temp | RKW Eintritt | T entrada cond | T entrée condenseur | 冷却水进水温度
        cw_out_temp | CW leaving temp | RKW Austritt | T salida cond | T sortie condenseur | 冷却水出水温度
        evap_press | Evaporator pressure | p0 | presión evap | BP | 蒸发压力
        cond_press | Condenser pressure | pc | presión cond | HP | 冷凝压力
        liquid_line_temp | Liquid line temp | FlüssigkeitsTemp | T líquido | T ligne liquide | 液管温度
        discharge_temp | Discharge temp | Heißgastemp | T descarga | T refoulement | 排气温度
        oil_filter_dp | Oil filter dP | dp Ölfilter | dP filtro aceite | dP filtre huile | 油过滤器压差
        chiller_kw | Chiller power | Pel KM | potencia enfriadora | Puissance GF | 机组功率
        chiller_status | Status | Status KM | estado | Etat GF | 机组状态
        """,
    )
    faults = (
        Fault(
            "condenser_fouling",
            "Condenser tubes are fouled or scaled",
            (
                r"condenser.{0,25}(foul|scal|dirt|biofilm|lime|deposit|sludge|heat transfer)",
                r"(foul|scal|dirt|lime|deposit)\w*.{0,25}condenser|tube.{0,20}(foul|scal|dirt)",
            ),
            (r"condenser|cooling (water|tower)|heat rejection|non-?condens", r"foul|scal(e|ing)"),
            ("cond_pressure", "liquid_temp", "power"),
            (10 * DAY, 45 * DAY),
            "Comstock and Braun, ASHRAE 1043-RP: condenser fouling; ASHRAE Handbook, fouling factors",
        ),
        Fault(
            "condenser_flow",
            "Too little condenser water: strainer or valve restricts it",
            (
                r"(low|reduced|restrict|insuff|lack|too little).{0,25}(condenser|cooling|tower).{0,20}(flow|water)",
                r"(condenser|cooling|tower)[ -]?water.{0,30}(flow|pump|strainer|valve|block|clog|restrict)",
                r"^(?!.*(evaporator|chilled)).*strainer|condenser.{0,20}(pump|flow)",
            ),
            (r"condenser|cooling water|tower|pump|air ?lock|valve",),
            ("cw_out_temp", "cond_pressure"),
            (30 * MINUTE, 3 * DAY),
            "Comstock and Braun, ASHRAE 1043-RP: reduced condenser water flow",
        ),
        Fault(
            "evaporator_flow",
            "Too little chilled water through the evaporator",
            (
                r"(low|reduced|restrict|insuff|loss|lack|too little).{0,25}(chilled|evaporator).{0,20}(flow|water)",
                r"(chilled)[ -]?water.{0,30}(flow|pump|strainer|valve|block|clog|restrict)",
                r"evaporator.{0,20}(pump|flow)|^(?!.*(condenser|tower)).*strainer",
            ),
            (r"evaporator|chilled.?water|pump|air ?lock|(low|reduced) (water )?flow|valve",),
            ("chw_return_temp", "evap_pressure"),
            (30 * MINUTE, 3 * DAY),
            "Comstock and Braun, ASHRAE 1043-RP: reduced evaporator water flow",
        ),
        Fault(
            "refrigerant_leak",
            "Refrigerant leaks: the charge is low",
            (
                r"refrigerant.{0,30}(leak|loss|low|lack|short|under)",
                r"(low|lack of|loss of|insufficient|leak\w*).{0,20}(refrigerant|charge|gas)|under-?charge",
            ),
            (r"refrigerant|charge|expansion (valve|device)|\b[te]xv\b|liquid line|drier|superheat",),
            ("liquid_temp", "evap_pressure", "discharge_temp"),
            (2 * DAY, 30 * DAY),
            "Comstock and Braun, ASHRAE 1043-RP: refrigerant leak, loss of subcooling first",
        ),
        Fault(
            "non_condensables",
            "Air in the refrigerant after work on the circuit",
            (
                r"non-?condens|incondens",
                r"\bair\b.{0,25}(refriger|condenser|circuit|system|ingress)|(contaminat|foreign gas).{0,20}",
            ),
            (r"over-?charg|refrigerant|condenser|purge",),
            ("cond_pressure", "liquid_temp"),
            (0.0, 30 * MINUTE),
            "Comstock and Braun, ASHRAE 1043-RP: non-condensables in refrigerant",
        ),
        Fault(
            "oil_logging",
            "Oil has moved into the evaporator and coats its tubes",
            (
                r"excess\w*.{0,10}oil|oil (?!filter).{0,25}(evaporator|refrigerant|logg|carry|migrat|return|excess)",
                r"evaporator.{0,20}(oil|foul|scal|dirt)",
            ),
            (r"evaporator|\boil\b(?! filter)|foul|heat transfer",),
            ("evap_pressure",),
            (2 * DAY, 20 * DAY),
            "Comstock and Braun, ASHRAE 1043-RP: excess oil; ASHRAE Handbook Refrigeration, oil management",
        ),
        Fault(
            "oil_filter",
            "Oil filter is clogged",
            (r"oil.{0,6}filter", r"(clog|block|dirty)\w*.{0,15}\boil\b"),
            (r"\boil|lubric|filter",),
            ("oil_filter_dp",),
            (2 * DAY, 25 * DAY),
            "Carrier 23XRV and Trane RTHD maintenance manuals: oil filter change on differential pressure",
        ),
        Fault(
            "supply_sensor",
            "Chilled-water supply sensor drifts high: the machine cools too far",
            (
                r"(sensor|probe|thermistor|thermometer|transmitter)",
                r"(supply|chilled|leaving|outlet).{0,30}(reading|measurement|calibrat|drift|offset)",
            ),
            (r"drift|calibrat|offset|control|set ?point|over-?cool",),
            ("evap_pressure", "chw_return_temp", "power"),
            (1 * DAY, 15 * DAY),
            "NIST IR 6926 / ASHRAE Guideline 36 fault detection: bias of the supply temperature sensor",
        ),
    )

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.seed = int(rng.integers(2**31))
        self.cooling = rng.uniform(350, 1100)  # kW at rated conditions
        self.set_point = float(rng.choice([6.0, 6.5, 7.0]))
        self.evaporator, self.condenser = rng.uniform(1.0, 1.15), rng.uniform(1.35, 1.6)  # NTU
        self.ideal = rng.uniform(0.56, 0.63)  # share of Carnot
        self.summer = rng.uniform(16.5, 20)
        self.base, self.peak = rng.uniform(0.17, 0.3), rng.uniform(0.95, 1.05)
        self.start, self.end = rng.uniform(5.5, 7.0), rng.uniform(18, 20)
        self.filter = rng.uniform(0.45, 0.65)

    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        fault = physics.severity(injection, times)
        outdoor, humidity = physics.weather(times, physics.stream(self.seed, 1), self.summer)
        work = physics.workday(times) * physics.busy(times, self.start, self.end, 1.5)
        warmth = np.clip(0.72 + 0.02 * (outdoor - 18), 0.35, 0.9)
        draw = physics.wander(times, physics.stream(self.seed, 2), 2400.0)
        demand = physics.lag(self.base + (self.peak - self.base) * work * warmth + 0.03 * draw, times, 1500.0)
        demand = np.clip(demand, 0.05, 0.95)

        # At weekends the servers' load is below the smallest slide position: the machine stops for a part of each hour.
        smallest = 0.25
        share = np.clip(demand / smallest, 0.0, 1.0)
        phase = np.cumsum(np.full(len(times), physics.step_of(times) / 2700.0)) % 1.0
        running = np.where(share > 0.97, 1.0, phase < share)
        wait = np.where(phase < share, 0.0, (phase - share) * 2700.0)

        few, little = (
            np.maximum(1 - 0.48 * fault("condenser_flow"), 0.2),
            np.maximum(1 - 0.58 * fault("evaporator_flow"), 0.2),
        )
        leak, air, oil = fault("refrigerant_leak"), fault("non_condensables"), fault("oil_logging")
        drift = 2.4 * fault("supply_sensor")
        supply = self.set_point - drift
        load = np.maximum(demand, smallest)
        tower = physics.lag(np.maximum(20.0, physics.wet_bulb(outdoor, humidity) + 3 + 3 * load), times, 1200.0)

        # Phase change: both sides approach one saturation temperature by exp(-NTU); NTU goes with flow^-0.2.
        cold_ntu = self.evaporator * little**-0.2 * np.maximum(1 - 0.34 * oil - 0.38 * leak, 0.25)
        warm_ntu = (
            self.condenser * few**-0.2 * np.maximum(1 - 0.6 * fault("condenser_fouling"), 0.2) * (1 + 0.03 * leak)
        )
        evaporating = condensing = load
        for turn in range(6):
            chilled = 5.5 * load / little  # K
            evaporating = supply - chilled / np.expm1(cold_ntu)
            lift = np.maximum(condensing - evaporating, 12.0) if turn else 30.0 * np.ones(len(times))
            # Part load and lift: AHRI 550/590 shape; the capacity falls with the lift and with vapour in the liquid.
            performance = self.ideal * (evaporating + 273.15) / lift * (0.72 + 0.56 * load - 0.28 * load**2)
            limit = (1.12 - 0.009 * (lift - 30)) * np.maximum(1 - 0.3 * leak, 0.2)
            load = np.clip(np.minimum(np.maximum(demand, smallest), limit), 0.1, 1.1)
            rejected = load * (1 + 1 / performance)
            warming = 4.6 * rejected / few
            condensing = tower + warming / -np.expm1(-warm_ntu)
        # What the machine cannot cool warms the water until the coils take less.
        missing = np.clip(np.maximum(demand, smallest) - load, 0, 1)
        supply = supply + physics.lag(22 * missing + np.where(running > 0, 0.0, wait / 900.0), times, 600.0)
        evaporating = supply - chilled / np.expm1(cold_ntu)

        # Air adds its partial pressure; the liquid still leaves near the temperature of the water (Dalton).
        high = _saturation(condensing + 0.8 * air) + 1.7 * air * (0.75 + 0.25 * load)
        low = _saturation(evaporating)
        work_k = 1 + 0.05 * air + 0.04 * leak
        power = self.cooling * load / performance * work_k
        superheat = 3 + 9 * leak
        discharge = condensing + 12 + 0.45 * lift + 1.1 * superheat + 4 * air - 4 * np.minimum(oil, 2)
        subcooled = (4.5 * (0.4 + 0.6 * load) + 0.5 * air) * np.clip(1 - 1.0 * leak, 0, 1)
        still = _saturation((tower + supply) / 2 - 2)  # both shells after some minutes off
        on = running > 0
        settle = 90.0
        values = {
            "chw_supply_temp": physics.lag(supply + drift, times, 90.0),
            "chw_return_temp": physics.lag(supply + 5.5 * demand / little * np.where(on, 1, 0.9), times, 150.0),
            "chw_setpoint": np.full(len(times), self.set_point),
            "cw_in_temp": tower,
            "cw_out_temp": physics.lag(tower + warming * running, times, 120.0),
            "evap_pressure": physics.lag(np.where(on, low, still), times, settle),
            "cond_pressure": physics.lag(np.where(on, high, still + 0.8 * air), times, settle),
            "liquid_temp": physics.lag(np.where(on, condensing - subcooled, tower), times, 120.0),
            "discharge_temp": physics.lag(np.where(on, discharge, tower + 14), times, 400.0),
            "oil_filter_dp": running * (self.filter + 1.2 * fault("oil_filter")) * (0.9 + 0.004 * (lift - 28)),
            "power": physics.lag(running * power, times, 20.0) + 0.8,
            "state": running,
        }
        noise = {
            "chw_supply_temp": 0.06,
            "chw_return_temp": 0.06,
            "cw_in_temp": 0.08,
            "cw_out_temp": 0.08,
            "evap_pressure": 0.015,
            "cond_pressure": 0.03,
            "liquid_temp": 0.12,
            "discharge_temp": 0.3,
            "oil_filter_dp": 0.01,
            "power": 0.004 * self.cooling / 5,
        }
        return physics.publish(self.metrics, values, noise, physics.stream(self.seed, 99))
