"""A belt-driven exhaust fan behind a bag filter: its inlet damper holds the suction in the duct."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from benchmarks.independent import physics
from benchmarks.independent.machine import Fault, Floats, Injection, Limit, Machine, Metric

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


class BeltFan(Machine):
    """One radial fan that runs day and night, apart from a short stop for cleaning each Saturday."""

    kind = "belt_fan"
    model = "Industrial exhaust fan with belt drive and bag filter"
    parts = (
        r"(?<!condenser )\bfan\b|blower|impeller|wheel|blade|rotor",
        r"casing|\bbelts?\b|pulley|sheave|slip|coupling|shaft",
        r"bearing|lubric|greas|balanc|align|foundation|resonan|isolator|motor|winding|power supply|phase|overload",
        r"(?<!fuel )filter|\bbags?\b|cloth|pulse|jet|cleaning|compressed air|hopper|dust|build-?up|deposit|cake",
        r"damper|actuator|linkage|louv|vane|duct|hood|stack|suction|air ?flow|draught",
        r"sensor|transmitter|probe|impulse line|control|set ?point",
        physics.unless(
            r"refriger|compressor|evaporator|condenser|burner|boiler|fuel|"
            r"pump|tank|solar|chimney|gearbox|conveyor|battery|chiller|water|\boil",
            r"leak|clog|block|blind|loose|drive|tension|vibration|flow|"
            r"pressure|temperature|demand|load|weather|speed|restrict",
        ),
    )
    metrics: ClassVar[Mapping[str, Metric]] = {
        "duct_suction": Metric("Pa", 1.0),
        "suction_setpoint": Metric("Pa", 10.0),
        "damper": Metric("%", 0.5),
        "air_flow": Metric("m3/h", 10.0),
        "fan_speed": Metric("1/min", 1.0),
        "motor_current": Metric("A", 0.1),
        "filter_dp": Metric("Pa", 5.0),
        "dust": Metric("mg/m3", 0.1),
        "vibration": Metric("mm/s", 0.1),
        "bearing_temp": Metric("°C", 0.1),
        "gas_temp": Metric("°C", 0.1),
        "running": Metric(None, 1.0, "switch"),
    }
    # 7.1 mm/s: ISO 14694, category BV-3, alarm. The hold of the suction outlasts the weekly stop.
    limits = (
        Limit("vibration", high=7.1, hold_s=60.0),
        Limit("bearing_temp", high=80.0, hold_s=60.0),
        Limit("duct_suction", low=520.0, hold_s=2400.0),
        Limit("dust", high=10.0, hold_s=600.0),
    )
    names = physics.named(
        metrics,
        """
        duct_suction_pa | Duct suction | Unterdruck Kanal | depresión conducto | Dépression gaine | 风管负压
        suction_sp | Suction setpoint | Sollwert UD | consigna depresión | Consigne dépression | 负压设定
        damper_cmd | Damper output | Klappe Stellgr. | compuerta | Registre | 风门开度
        airflow | Airflow | V-Luft | caudal aire | Débit air | 风量
        fan_rpm | Fan speed | nVent | rpm ventilador | Vitesse ventil | 风机转速
        motor_current | Motor current | I Motor | intensidad motor | Intensité moteur | 电流
        filter_dp | Filter dP | dp Filter | dP filtro | Delta P filtre | 滤袋压差
        dust_conc | Dust emission | Staub Reingas | polvo emisión | Poussières | 粉尘浓度
        vib_de | Vibration DE | VibLager AS | vibración LA | Vibration CA | 振动
        bearing_t | Fan bearing temp | LagerT Vent | T cojinete | T° palier | 轴承温度
        gas_temp | Gas temp | AbluftTemp | T gases | T° air extrait | 烟气温度
        fan_run | Running | Vent Ein | marcha | Marche | 运行信号
        """,
    )
    faults = (
        Fault(
            "belt_slip",
            "Belts are worn and slip",
            (
                r"belts?\b.{0,40}(slip|worn|wear|loose|slack|glaz|stretch|tension (low|loss))",
                r"(slip|worn|loose|slack|stretched|glazed|insufficient|low|lost).{0,20}belt",
            ),
            (r"belt|slip|pulley|sheave|tension|drive|transmission", r"(low|reduced|loss of) (fan )?speed"),
            ("fan_speed",),
            (2 * DAY, 21 * DAY),
            "Bleier, Fan Handbook, belt drives; Gates, Belt Preventive Maintenance manual: slip and glazing",
        ),
        Fault(
            "belt_break",
            "Drive belts have broken",
            (
                r"belts?\b.{0,25}(broke|break|snap|torn|tore|fail|off|lost|thrown|rupture|sever)",
                r"(broken|snapped|torn|lost|failed|loss of).{0,15}belt",
            ),
            (r"belt|pulley|sheave|coupling|key\b|shaft", r"drive|transmission|loss of load|no load"),
            ("fan_speed", "motor_current", "duct_suction"),
            (0.0, 2.0),
            "Bleier, Fan Handbook, belt drives; AMCA 202 troubleshooting",
        ),
        Fault(
            "unbalance",
            "Deposits on the impeller unbalance it",
            (
                r"(un|im)-?balance",
                r"(build-?up|deposit|dust|dirt|cake|material|fouling).{0,30}(impeller|wheel|blade|rotor|fan)",
                r"(impeller|wheel|blade|rotor)s?.{0,30}(build-?up|deposit|dust|dirt|foul|cak|eros|wear|worn|damage)",
            ),
            (r"impeller|wheel|blade|rotor", r"loose|looseness|foundation|bearing|misalign|mechanical"),
            ("vibration",),
            (6 * HOUR, 10 * DAY),
            "ISO 21940-11; ISO 14694; ISO 13373-3 annex A; AMCA 202 table of vibration causes",
        ),
        Fault(
            "bearing",
            "Fan bearing is damaged",
            (
                r"bearing.{0,30}(damage|wear|worn|fail|defect|fault|spall|fatigue|deteriorat|lubric)",
                r"(damage|worn|wear|fail|defect|spall|deteriorat)\w*.{0,20}bearing",
                r"(lack|loss|poor|insufficient|inadequate).{0,15}(lubric|greas)",
            ),
            (r"bearing|lubric|greas", r"balanc|align|mechanical|belt tension"),
            ("bearing_temp", "vibration"),
            (1 * DAY, 14 * DAY),
            "ISO 13373-3 annex on rolling bearings; ISO 14694",
        ),
        Fault(
            "overtensioned",
            "Belts are tensioned too tightly after work on the drive",
            (
                r"over-?(tension|tight)|tension.{0,15}(high|excess)",
                r"(too (tight|high|much)|excess\w*).{0,25}(belt|tension)|belt.{0,30}(too tight|excess)",
            ),
            (r"belt|tension|pulley|sheave|align", r"bearing|lubric|greas"),
            ("bearing_temp",),
            (0.0, MINUTE),
            "Gates, Belt Preventive Maintenance manual; SKF, Bearing damage and failure analysis: overload by belts",
        ),
        Fault(
            "cleaning_air",
            "Pulse-jet cleaning of the filter has stopped: the bags blind",
            (
                r"puls(e|ing)|jet|clean|compressed air|diaphragm",
                r"(filter|bags?).{0,30}(clog|block|blind|cak|foul|load|plug|dirty)",
                r"(clog|block|blind|dirty|plugg)\w*.{0,15}(filter|bag)",
            ),
            (r"filter|\bbags?\b", r"duct.{0,20}(block|clog)|flow restrict|restriction"),
            ("filter_dp",),
            (4 * HOUR, 3 * DAY),
            "ACGIH, Industrial Ventilation, fabric filters; EPA-452/F-03-025 pulse-jet baghouses",
        ),
        Fault(
            "bag_rupture",
            "A filter bag has torn",
            (
                r"^(?!.*(clean|puls)).*(bag|filter|cloth).{0,30}(torn|tear|tore|ruptur|burst|leak|broke|damage|hole|fail|miss|bypass)",
                r"(torn|ruptur|burst|leak|broken|damaged|holed|missing|fallen)\w*.{0,15}(filter|bag|cloth|cartridge)",
            ),
            (r"filter|\bbags?\b", r"seal|bypass|dust (sensor|monitor|probe)"),
            ("dust", "filter_dp"),
            (MINUTE, 12 * HOUR),
            "EPA-454/R-98-015 fabric filter bag leak detection guidance",
        ),
        Fault(
            "damper_linkage",
            "Linkage of the damper slips: the blades close while the output opens",
            (r"damper|louv|vane|linkage|actuator",),
            (r"duct.{0,20}(block|obstruct|clog|restrict|leak|open)|restrict|blockage", r"control|positioner"),
            ("damper", "duct_suction"),
            (10 * MINUTE, 12 * HOUR),
            "ASHRAE Guideline 36 and AMCA 202: damper does not follow its signal",
        ),
    )

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.seed = int(rng.integers(2**31))
        self.rated_flow = rng.uniform(8_000, 42_000)  # m3/h
        self.set_point = float(rng.choice([590.0, 600.0, 610.0, 620.0]))
        self.pressure = rng.uniform(1640, 1760)  # Pa at rated flow and speed
        self.speed = rng.uniform(1050, 1750)
        self.filter = rng.uniform(700, 850)  # Pa at rated flow with a normal dust cake
        self.open_damper = rng.uniform(70, 120)
        self.current = self.rated_flow * self.pressure / 3600 / 0.65 / 590  # A at 400 V, power factor 0.85
        self.shake, self.warmth = rng.uniform(1.5, 2.6), rng.uniform(20, 25)
        self.dust = rng.uniform(0.8, 2.5)
        self.season = rng.uniform(0, 24)
        self.start, self.stop = rng.uniform(5.5, 6.5), rng.uniform(9.0, 14.0)
        self.end = rng.choice([16.0, 20.0, 22.0])

    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        fault = physics.severity(injection, times)
        outdoor, _ = physics.weather(times, physics.stream(self.seed, 1), self.season)
        shift = physics.workday(times) * physics.busy(times, self.start, self.end)
        draw = physics.wander(times, physics.stream(self.seed, 2), 1800.0)
        open_hoods = physics.lag(0.62 + 0.24 * shift + 0.03 * draw, times, 60.0)
        saturday = (times // DAY % 7 == 5) & (physics.hour(times) > self.stop) & (physics.hour(times) < self.stop + 0.4)
        running = np.where(saturday, 0.0, 1.0)
        torn = fault("belt_break") > 0.3

        # Relative to rated flow q and speed n: fan 1.25 n² - 0.25 q², hoods and filter by q² and q (laminar cake).
        creep = 0.008 + 0.13 * fault("belt_slip")
        speed = (1 - creep) * running * np.where(torn, 0.0, 1.0)
        cake = 1 + 0.1 * physics.wander(times, physics.stream(self.seed, 3), 6 * HOUR) + 1.1 * fault("cleaning_air")
        hole = 0.35 * np.minimum(fault("bag_rupture"), 1.6)
        laminar = self.filter * cake * (1 - hole)
        hoods = self.set_point / open_hoods**2
        stack = 120.0
        shut = 900.0 * fault("damper_linkage")  # Pa at rated flow that the blades take although the output says open
        zero_flow, slope = 1.25 * self.pressure * speed**2, 0.25 * self.pressure
        # Wide open the flow solves a quadratic; below it the damper takes what the set point leaves.
        a = slope + hoods + stack + self.open_damper + shut
        full = (-laminar + np.sqrt(laminar**2 + 4 * a * zero_flow)) / (2 * a)
        flow = physics.lag(np.minimum(full, open_hoods * np.where(speed > 0, 1.0, 0.0)), times, 15.0)
        spare = np.maximum(zero_flow - (slope + hoods + stack + shut) * flow**2 - laminar * flow, 1.0)
        opening = np.sqrt(self.open_damper * np.maximum(flow, 0.05) ** 2 / spare)
        opening = np.where(full <= open_hoods, 1.0, np.minimum(opening, 1.0)) ** 0.6

        gas = physics.lag(24 + 0.3 * outdoor + 14 * shift, times, 1200.0)
        load = flow * zero_flow * 0.8 / self.pressure * (293 / (273 + gas))  # shaft power falls with the density
        current = running * self.current * (0.32 + 0.68 * np.clip(load + 0.06 * speed, 0, 1.6) + 0.02 * creep)
        current = current * (1 + 0.03 * np.minimum(fault("overtensioned"), 1.5))
        spin = speed**2
        shake = spin * (self.shake + 6.2 * fault("unbalance") + 4.6 * fault("bearing") ** 1.5)
        shake = shake + spin * (
            1.1 * np.minimum(fault("belt_slip"), 1.5) + 0.5 * np.minimum(fault("overtensioned"), 1.5)
        )
        friction = self.warmth * speed + speed * (
            24 * fault("bearing") + 27 * fault("overtensioned") + 0.3 * np.maximum(shake - 4, 0)
        )
        room = 20 + 0.45 * outdoor
        dust = physics.lag(self.dust * (0.6 + 0.4 * shift) + 30 * hole * (0.4 + 0.6 * flow), times, 120.0)
        values = {
            "duct_suction": hoods * flow**2,
            "suction_setpoint": np.full(len(times), self.set_point),
            "damper": 99.5 * np.where(running > 0, opening, 0.0),
            "air_flow": flow * self.rated_flow,
            "fan_speed": speed * self.speed,
            "motor_current": physics.lag(current, times, 4.0),
            "filter_dp": laminar * flow,
            "dust": dust * np.where(flow > 0.05, 1.0, 0.3),
            "vibration": shake + 0.15,
            "bearing_temp": physics.lag(room + friction + 0.12 * (gas - 24), times, 2000.0),
            "gas_temp": gas,
            "running": running,
        }
        noise = {
            "duct_suction": 8.0,
            "damper": 0.2,
            "air_flow": 0.012 * self.rated_flow,
            "fan_speed": 1.2,
            "motor_current": 0.008 * self.current,
            "filter_dp": 6.0,
            "dust": 0.12,
            "vibration": 0.12,
            "bearing_temp": 0.15,
            "gas_temp": 0.2,
        }
        return physics.publish(self.metrics, values, noise, physics.stream(self.seed, 99))
