"""A single-zone VAV air handling unit: mixing box, filter, heating and cooling coil, belt-driven fan on an inverter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from benchmarks.independent import physics
from benchmarks.independent.machine import Fault, Floats, Injection, Limit, Machine, Metric

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
STUCK = 0.25
"""Severity from which an abrupt fault is there."""
FAN_HEAT = 1.0
"""Warming (K) of the air in the fan."""


class AirHandler(Machine):
    """One unit of an open-plan office in a cool season, on workdays; it holds supply temperature and duct pressure."""

    kind = "air_handler"
    model = "Air handling unit, VAV, with economizer, hot-water and chilled-water coil"
    parts = (
        r"damper|econom|mixing box|mixed[- ]air|outdoor[- ]air|outside[- ]air|fresh[- ]air|louv|actuator|linkage",
        r"coil|(heating|cooling|hot|chilled)[- ]?(water|valve)|three[- ]way|frost|freez",
        r"filter|\bfan\b|belt|pulley|sheave|blower|motor|bearing|inverter|\bvfd\b|impeller|blade",
        r"duct|static pressure|air ?flow|access door|flexible|supply air|return air|exhaust air|diffuser|\bvav\b",
        r"sensor|probe|transmitter|control|set ?point|tuning|hunting|oscillat|schedule|operator|override",
        r"room|zone|occup|weather|ambient|solar gain|heat(ing)? load",
        physics.unless(
            r"burner|flame|fuel|compressor|refriger|condenser|evaporator|gear|conveyor|battery|tank|tower|basin|defrost",
            r"valve|leak|clog|block|dirt|foul|dust|pump|boiler|chiller|load|"
            r"demand|capacity|flow|pressure|temperature|drift|heat|cool",
        ),
    )
    metrics: ClassVar[Mapping[str, Metric]] = {
        "supply_temp": Metric("°C", 0.1),
        "supply_setpoint": Metric("°C", 0.1),
        "mixed_temp": Metric("°C", 0.1),
        "return_temp": Metric("°C", 0.1),
        "outdoor_temp": Metric("°C", 0.1),
        "damper": Metric("%", 1.0),
        "heating_valve": Metric("%", 1.0),
        "cooling_valve": Metric("%", 1.0),
        "fan_speed": Metric("%", 0.1),
        "duct_pressure": Metric("Pa", 1.0),
        "filter_dp": Metric("Pa", 1.0),
        "mode": Metric(None, 1.0, "mode", ("off", "occupied")),
    }
    limits = (
        Limit("supply_temp", low=10.5, high=25.0, hold_s=120.0),
        Limit("mixed_temp", low=7.0, hold_s=300.0),
        Limit("filter_dp", high=200.0, hold_s=300.0),
        Limit("fan_speed", high=96.0, hold_s=900.0),
    )
    names = physics.named(
        metrics,
        """
        sat | Supply Air Temp | ZUL Temp | temp impulsión | T soufflage | 送风温度
        sat_sp | Supply Air Temp SP | ZUL Sollwert | consigna impulsión | Csg soufflage | 送风温度设定
        mat | Mixed Air Temp | Mischluft | temp mezcla | T mélange | 混风温度
        rat | Return Air Temp | ABL Temp | temp retorno aire | T reprise | 回风温度
        oat | Outside Air | AUL Temp | temp aire exterior | T ext | 新风温度
        oa_damper_cmd | OA Damper | AUL-Klappe Y | compuerta aire ext | Registre AN | 新风阀开度
        htg_valve_cmd | Heating Valve | Y Erhitzer | válvula calor | V2V chaud | 热水阀开度
        clg_valve_cmd | Cooling Valve | Y Kühler | válvula frío | V2V froid | 冷水阀开度
        sf_speed | Supply Fan Speed | FU ZUL-Vent | variador ventilador | Variateur soufflage | 送风机频率
        duct_static | Duct Static | Kanaldruck | presión conducto | P gaine | 风管静压
        filter_dp | Filter dP | dp Filter ZUL | dP filtro | Encrassement filtre | 过滤器压差
        ahu_mode | AHU Mode | Anlage Status | modo UTA | Marche CTA | 运行模式
        """,
    )
    faults = (
        Fault(
            "damper_open",
            "Outdoor-air damper is stuck open",
            (
                r"(outdoor|outside|fresh|mixed|mixing|oa|intake|air).{0,12}(damper|louv)",
                r"^(?!.*(room|zone|fire)).*damper.{0,35}(stuck(?! clos)|open|fail|fault|jam|seiz|linkage|leak)",
                r"(stuck|failed|jammed|leaking|open|broken)\w*.{0,20}damper|damper (actuator|motor)",
                r"econom|(too much|excess\w*) (outdoor|outside|fresh)[- ]?air|linkage",
            ),
            (r"mixing|mixed[- ]air|damper|actuator|outdoor[- ]air|frost|freez",),
            ("mixed_temp", "heating_valve"),
            (2 * MINUTE, 2 * DAY),
            "ASHRAE 1312-RP, outdoor-air damper stuck; Schein 2006, NISTIR 7365, APAR rules for mixed air",
        ),
        Fault(
            "heating_valve_open",
            "Heating valve is stuck open: hot water flows through the coil all the time",
            (
                r"(heat\w*|hot[- ]?water)( coil)?( control)? ?(valve|coil).{0,45}(stuck(?! clos)|open|leak|pass|jam)",
                r"(stuck|leak\w*|open|passing|failed|faulty).{0,20}(heat\w*|hot[- ]?water).{0,9}valve",
                r"(simultaneous|at the same time).{0,25}(heat|cool)|unwanted heating",
            ),
            (r"^(?!.*(cool|chilled|frost)).*valve", r"heating|hot water|overheat|actuator"),
            ("damper", "cooling_valve", "supply_temp"),
            (10.0, 4 * HOUR),
            "House, Vaezi-Nejad and Whitcomb 2001, ASHRAE Transactions 107(1): rule set for AHUs; ASHRAE 1312-RP",
        ),
        Fault(
            "filter_fouled",
            "Air filter is clogged",
            (
                r"filter.{0,30}(clog|block|dirt|foul|load|full|saturat|dust|chang|replac|plug|restrict)",
                r"(clog|block|dirt|foul|loaded|dust|plug|saturat)\w*.{0,20}filter",
            ),
            (
                r"filter|(clog|block|foul|dirt)\w*.{0,20}(coil|intake|louv|inlet)|(coil|intake|inlet).{0,15}(clog|block|foul|dirt)",
            ),
            ("filter_dp", "fan_speed"),
            (3 * DAY, 40 * DAY),
            "EN 13053, final pressure drop of filters; ASHRAE Handbook HVAC Systems and Equipment, air cleaners",
        ),
        Fault(
            "belt_slip",
            "Fan belt slips on its pulley",
            (
                r"^(?!.*conveyor).*belt",
                r"\bslip(s|ping|page)?\b|pulley|sheave",
            ),
            (r"^(?!.*(return|exhaust)).*\bfan\b|impeller|blower|drive|motor|bearing|shaft|coupling",),
            ("fan_speed", "filter_dp"),
            (30 * MINUTE, 6 * DAY),
            "Hyvärinen and Kärki 1996, IEA Annex 25 Source Book: faults of air handling units; US DOE fan sourcebook",
        ),
        Fault(
            "duct_leak",
            "Supply duct leaks: a flexible connector is torn off or an access door is open",
            (
                r"(duct|flexible|connector|access|plenum|casing|\bdoor).{0,25}(leak|torn|open|disconnect|burst|loose|detach)",
                r"^(?!.*(valve|water|coil|damper|refriger)).*(\bleak|loss of (supply )?air)",
            ),
            (r"duct|static pressure|(excess|high|increas|more)\w*.{0,12}air ?(flow|demand|volume)|\bvav\b",),
            ("fan_speed", "filter_dp"),
            (0.0, HOUR),
            "ASHRAE 1312-RP, duct leaking before and after the supply fan; SMACNA HVAC Air Duct Leakage Test Manual",
        ),
        Fault(
            "supply_sensor",
            "Supply-air temperature sensor drifts low: the unit blows warmer than it shows",
            (
                r"^(?!.*(pressure|flow|outdoor|outside)).*(sensor|probe|thermistor|thermometer|transmitter)",
                r"(drift|calibrat|offset|bias)",
            ),
            (r"control|set ?point|valve|cooling capacity|over-?heat",),
            ("return_temp", "fan_speed"),
            (DAY, 15 * DAY),
            "ASHRAE Guideline 36, 5.16.14, automatic fault detection of AHUs; ASHRAE 1312-RP, sensor offsets",
            silent=True,
        ),
        Fault(
            "hunting",
            "Supply temperature loop hunts after retuning: valves and damper swing",
            (
                r"hunt|oscillat|(un|in)stab|cycling|swing|limit cycle",
                r"tuning|(controller|loop|\bpid?\b).{0,20}gain|aggressive|over-?siz\w* valve",
            ),
            (r"control(ler)?\b(?! valve)|loop|stiction|valve.{0,15}(stick|friction)|actuator",),
            ("supply_temp", "heating_valve", "damper", "cooling_valve"),
            (0.0, 30 * MINUTE),
            "ASHRAE 1312-RP, unstable control of the cooling coil valve; Schein 2006, NISTIR 7365",
        ),
        Fault(
            "wrong_setpoint",
            "Supply temperature set point was overridden by hand to a summer test value",
            (
                r"set ?-?point|overrid|operator|by hand|manual",
                r"(reset|schedule).{0,20}(wrong|chang|fault|fail)",
            ),
            (r"control|configur|program|commission|demand",),
            ("supply_setpoint",),
            (0.0, 0.0),
            "Katipamula and Brambley 2005, HVAC&R Research 11(1): review of faults, control overrides; NISTIR 7365",
        ),
    )

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.seed = int(rng.integers(2**31))
        self.season = rng.uniform(2.0, 8.5)
        self.start, self.end = rng.uniform(5.5, 7.0), rng.uniform(18.0, 20.5)
        self.minimum = rng.uniform(0.18, 0.3)  # damper position for fresh air
        self.heater, self.cooler = rng.uniform(19, 24), rng.uniform(12, 15)  # K at half of the air flow
        self.gains = rng.uniform(0.55, 0.75)  # of the cooling at full air flow
        self.static = float(rng.choice([200.0, 250.0, 300.0]))
        self.clean = rng.uniform(75, 95)  # Pa of the filter at full air flow
        self.internal = rng.uniform(1.0, 1.25) * self.static  # Pa of coils and casing at full air flow
        self.spare = rng.uniform(0.76, 0.82)  # fan speed at full air flow
        self.period = rng.uniform(700, 1100)  # s, ultimate period of the supply temperature loop

    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        fault = physics.severity(injection, times)
        outdoor, _ = physics.weather(times, physics.stream(self.seed, 1), self.season)
        hours = physics.hour(times)
        occupied = np.where((physics.workday(times) > 0) & (hours >= self.start) & (hours < self.end), 1.0, 0.0)
        on = occupied > 0
        people = physics.workday(times) * physics.busy(times, self.start + 1.0, self.end - 0.5, 1.5)
        draw = physics.wander(times, physics.stream(self.seed, 2), HOUR)
        gains = self.gains * people * (1 + 0.08 * draw) * (0.85 + 0.012 * (outdoor - 6)) + 0.05

        reset = np.interp(outdoor, [4.0, 16.0], [17.0, 13.5])
        set_point = np.where(fault("wrong_setpoint") > STUCK, 28.0, reset)
        bias = -3.0 * fault("supply_sensor")
        room = np.full(len(times), 22.0)
        flow = np.full(len(times), 0.6)
        supply = demand = set_point
        # A loop whose gain is beyond its stability limit swings at its ultimate period.
        swing = 0.75 * np.clip(fault("hunting"), 0, 1.6) * np.sin(2 * np.pi * times / self.period)
        for _ in range(3):  # room and unit depend on each other, weakly: a few turns settle
            demand = self._demand(times, set_point - bias, room, outdoor, flow, fault)
            demand = physics.lag(np.where(on, demand, 2.0), times, 240.0)
            demand = np.clip(demand + swing, 0.0, 3.0)
            supply = self._coils(demand, room, outdoor, flow, fault)[0]
            # The boxes pass as much air as the zone needs, between 35 and 100 %: zone heat balance.
            flow = np.clip(8.5 * gains / np.maximum(22.0 - supply, 1.0), 0.35, 1.0)
            balance = np.clip(supply + 8.5 * gains / flow, 20.5, 32.0)
            night = 19.5 + 0.05 * (outdoor - 6)
            room = physics.lag(np.where(on, balance, night), times, 5400.0)

        mixed, heat, cool = self._coils(demand, room, outdoor, flow, fault)[1:]
        speed, static, filter_drop = self._fan(flow, on, fault)
        # Standing still the probes take the plant room's temperature; a draught comes through an open damper.
        hot = np.clip(fault("heating_valve_open"), 0, 1)
        draught = 0.4 * np.clip(fault("damper_open"), 0, 1)
        still_mixed = (1 - draught) * (0.5 * room + 9.5) + draught * outdoor
        values = {
            "supply_temp": physics.lag(np.where(on, supply, 19.5 + 3 * hot), times, 150.0) + bias,
            "supply_setpoint": set_point,
            "mixed_temp": physics.lag(np.where(on, mixed, still_mixed), times, 120.0),
            "return_temp": room,
            "outdoor_temp": outdoor,
            "damper": occupied * 100 * self._damper(demand, room, outdoor),
            "heating_valve": occupied * 100 * heat,
            "cooling_valve": occupied * 100 * cool,
            "fan_speed": physics.lag(100 * speed, times, 20.0),
            "duct_pressure": physics.lag(static, times, 20.0),
            "filter_dp": physics.lag(filter_drop, times, 20.0),
            "mode": occupied,
        }
        noise = {
            "supply_temp": 0.12,
            "mixed_temp": 0.25,
            "return_temp": 0.08,
            "outdoor_temp": 0.1,
            "duct_pressure": 3.0,
            "filter_dp": 1.2,
        }
        return physics.publish(self.metrics, values, noise, physics.stream(self.seed, 99))

    def _damper(self, demand: Floats, room: Floats, outdoor: Floats) -> Floats:
        """Return the damper's position (0 to 1). Above the changeover, it admits only the fresh air people need."""
        free = np.clip(2.0 - demand, 0.0, 1.0)
        return np.asarray(self.minimum + (1 - self.minimum) * np.where(outdoor < room - 1.0, free, 0.0))

    def _coils(
        self, demand: Floats, room: Floats, outdoor: Floats, flow: Floats, fault: physics.Severity
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Return supply and mixed temperature (°C), heating and cooling valve (0 to 1) at a demand of the sequence.

        From 0 to 1 the cooling valve shuts, from 1 to 2 the damper closes, from 2 to 3 the heating valve opens.
        """
        position = np.maximum(self._damper(demand, room, outdoor), np.clip(fault("damper_open"), 0, 1))
        share = 0.03 + 0.95 * position**0.85  # blades leak when shut and do not quite seal the return when open
        mixed = room + share * (outdoor - room)
        cool, heat = np.clip(1.0 - demand, 0.0, 1.0), np.clip(demand - 2.0, 0.0, 1.0)
        # Installed valve authority makes the coils concave; their effect falls with more air (ASHRAE, coils).
        passing = np.maximum(heat, np.clip(fault("heating_valve_open"), 0, 1))
        slower = np.sqrt(0.5 / flow)
        warming = self.heater * slower * (1.25 * passing / (0.25 + passing)) * np.clip((75 - mixed) / 65, 0.3, 1.2)
        entering = mixed + warming
        cooling = self.cooler * slower * (1.25 * cool / (0.25 + cool)) * np.clip((entering - 7) / 14, 0.0, 1.4)
        return entering - cooling + FAN_HEAT, mixed, heat, cool

    def _demand(
        self, times: Floats, wanted: Floats, room: Floats, outdoor: Floats, flow: Floats, fault: physics.Severity
    ) -> Floats:
        """Return the demand at which the integrating controller settles, by bisection: supply rises with demand."""
        low, high = np.zeros(len(times)), np.full(len(times), 3.0)
        for _ in range(14):
            middle = (low + high) / 2
            cold = self._coils(middle, room, outdoor, flow, fault)[0] < wanted
            low, high = np.where(cold, middle, low), np.where(cold, high, middle)
        return (low + high) / 2

    def _fan(self, flow: Floats, on: np.ndarray, fault: physics.Severity) -> tuple[Floats, Floats, Floats]:
        """Return the inverter's speed (0 to 1), duct pressure and filter pressure drop (Pa) by the fan laws."""
        resistance = self.clean * (1 + 3.2 * fault("filter_fouled"))
        slip = np.clip(0.02 + 0.26 * fault("belt_slip"), 0, 0.8)
        shut_off = (self.static + 1.5 * self.internal + self.clean) / self.spare**2
        total = flow + 0.55 * np.minimum(fault("duct_leak"), 1.6)
        losses = (resistance + 1.5 * self.internal) * total**2
        wanted = np.sqrt((self.static + losses) / shut_off) / (1 - slip)
        speed = np.minimum(wanted, 1.0)
        # At full speed the pressure falls until boxes and leaks, in proportion to its root, take what the fan gives.
        ratio = np.minimum((speed / wanted) ** 2, 1.0)
        gauge = np.where(on, 1.0, 0.0)
        return speed * gauge, self.static * ratio * gauge, resistance * total**2 * ratio * gauge
