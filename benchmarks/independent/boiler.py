"""A gas-fired hot-water boiler with one mixed heating circuit and a diaphragm expansion vessel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from benchmarks.independent import physics
from benchmarks.independent.machine import Fault, Floats, Injection, Limit, Machine, Metric

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
SUBSTEP_S = 60.0
STUCK = 0.25
"""Severity from which an abrupt fault is there."""
SAFETY_LIMIT = 96.0
"""Temperature (°C) at which the safety limiter locks the burner out until somebody resets it."""
STANDBY, FIRING, LOCKOUT = range(3)


class Boiler(Machine):
    """One boiler of an apartment house in winter: one-stage burner on a thermostat, radiators by a heating curve."""

    kind = "boiler"
    model = "Gas boiler with mixed radiator circuit, sealed system"
    parts = (
        r"boiler|burner|flame|ignit|gas|combust|flue|chimney|soot|exchanger|lock-?out|limiter|thermostat|fuel",
        r"circulat|pump|air ?lock|radiator|pipe|strainer|heating circuit|flow temp|return",
        r"(expansion|diaphragm) tank|vessel|pre-?charge|relief|safety valve|water|fill|top-?up|leak|pressure",
        r"mixing|mixer|(three|3|four)[- ]way|valve|actuator|servo",
        r"sensor|probe|thermistor|pocket|control|set ?point|curve|differential|hysteresis|cycling|starts|over-?siz",
        r"weather|outdoor|demand|heat(ing)? load|set-?back",
        physics.unless(
            r"refriger|compressor|condens(er|ing unit)|evaporator|gear|conveyor|belt|battery|tower|damper|duct|defrost",
            r"scal|lime|foul|dirt|clog|block|air|flow|temperature|drift|heat|power|motor",
        ),
    )
    metrics: ClassVar[Mapping[str, Metric]] = {
        "boiler_temp": Metric("°C", 0.5),
        "return_temp": Metric("°C", 0.5),
        "circuit_temp": Metric("°C", 0.1),
        "circuit_setpoint": Metric("°C", 0.5),
        "mixing_valve": Metric("%", 1.0),
        "pressure": Metric("bar", 0.01),
        "burner": Metric(None, 1.0, "mode", ("standby", "firing", "lockout")),
        "flue_temp": Metric("°C", 1.0),
        "pump_power": Metric("W", 1.0),
        "outdoor_temp": Metric("°C", 0.1),
        "burner_starts": Metric(None, 1.0),
        "gas_meter": Metric("m3", 0.01),
    }
    limits = (
        Limit("pressure", low=0.9, high=2.7, hold_s=60.0),
        Limit("circuit_temp", low=24.0, high=66.0, hold_s=900.0),
        Limit("flue_temp", high=205.0, hold_s=60.0),
    )
    names = physics.named(
        metrics,
        """
        boiler_temp | Boiler temperature | Kesseltemp. | T caldera | T° chaudière | 锅炉出水温度
        return_temp | Return temperature | RL-Temp | T retorno | T° retour | 回水温度
        hc1_flow_temp | Heating circuit flow temp | VL HK1 | T impulsión circuito | T° départ circuit 1 | 供暖供水温度
        hc1_flow_sp | Heating circuit set point | VL HK1 Soll | consigna impulsión | Consigne départ | 供水设定值
        mixer_pos | Mixing valve | Mischer HK1 | válvula mezcladora | V3V | 混水阀开度
        sys_press | System pressure | Anlagendruck | presión circuito | Pression installation | 系统水压
        burner_state | Burner | Brenner | quemador | Etat brûleur | 燃烧器状态
        flue_gas_temp | Flue gas temp | Abgastemp. | T humos | T° fumées | 排烟温度
        pump_w | Circulating pump power | UWP Leistung | potencia bomba | Puiss. circulateur | 循环泵功率
        outside_temp | Outside temp | Außentemp. | T ext | T° ext. | 室外温度
        burner_starts | Burner starts | Brennerstarts | arranques quemador | Nb démarrages | 点火次数
        gas_m3 | Gas meter | Gaszähler | contador gas | Compteur gaz | 燃气表读数
        """,
    )
    faults = (
        Fault(
            "water_leak",
            "Heating system leaks: water is lost and the pressure falls",
            (
                r"^(?!.*(valve seat|gas (leak|valve)|flue)).*\bleak",
                r"(loss|lack|losing|low|lost|escap)\w*.{0,12}(of )?(system |heating |boiler )?(water|fill|medium)",
                r"water (loss|lost|low|is lost)|burst|(pressure|water) (loss|drop)",
            ),
            (r"(low|insufficient) (system )?pressure|relief|safety valve|expansion|vessel|vent|top-?up|fill",),
            ("pressure",),
            (HOUR, 10 * DAY),
            "VDI 4708, pressure maintenance; EN 12828; US DOE FEMP O&M Best Practices Guide, boilers",
        ),
        Fault(
            "pump_failed",
            "Circulating pump has failed",
            (
                r"(circulat\w*|heating)[- ]?pump|\bpump\b.{0,30}(fail|stop|fault|block|seiz|stuck|defect|not run|off)",
                r"(fail|fault|stop|seiz|defect|block|stuck)\w*.{0,15}pump|circulator",
                r"(no|loss of|lack of|insufficient|interrupted) (circulation|(water )?flow)",
            ),
            (r"pump|circulat|air ?lock|\bair\b|strainer|(low|reduced) flow|valve.{0,15}(clos|shut)",),
            ("pump_power", "circuit_temp", "return_temp"),
            (0.0, MINUTE),
            "Siegenthaler, Modern Hydronic Heating; Grundfos and Wilo installation manuals, fault finding",
        ),
        Fault(
            "exchanger_fouled",
            "Heat exchanger of the boiler is fouled by soot and scale",
            (
                r"soot|\bscal(e|ed|ing)|lime|(exchanger|boiler|fire-?side|surface).{0,30}(foul|dirt|deposit|clog)",
                r"(foul|dirt|deposit|clog)\w*.{0,25}(exchanger|boiler|surface|flue)",
                r"(poor|reduced|loss of) heat transfer",
            ),
            (r"exchanger|combust|burner.{0,20}(adjust|air|dirt|foul)|flue|chimney|excess air|draught|efficien",),
            ("flue_temp", "gas_meter"),
            (7 * DAY, 60 * DAY),
            "US DOE FEMP O&M Best Practices Guide, boilers: flue gas temperature and scale; VDI 2035-1",
        ),
        Fault(
            "mixing_valve_open",
            "Mixing valve is stuck open: boiler water goes into the circuit unmixed",
            (
                r"mixing|mixer|(three|3|four)[- ]way",
                r"^(?!.*(gas|relief|safety|fill|solenoid)).*valve.{0,30}(stuck|open|fail|fault|jam|seiz|leak)",
                r"(stuck|failed|jammed|faulty|open)\w*.{0,15}(?<!relief )(?<!safety )(?<!gas )valve|actuator|servo",
            ),
            (r"valve|control(ler)?|heating curve|set ?point|overheat|over-?temperature",),
            ("circuit_temp", "return_temp"),
            (20.0, 6 * HOUR),
            "Siegenthaler, Modern Hydronic Heating, mixing; Belimo and Siemens actuators, fault finding",
        ),
        Fault(
            "short_cycling",
            "Burner short-cycles: the thermostat's differential was set too small",
            (
                r"short[- ]?cycl|(too|very) (frequent|many|often).{0,20}(start|cycl)|frequent (start|cycl|burner)",
                r"differential|hysteresis|dead ?band|over-?siz",
            ),
            (r"burner|thermostat|cycling|starts|control|low load|(low|reduced) flow",),
            ("burner_starts", "burner", "boiler_temp"),
            (0.0, 0.0),
            "US DOE FEMP O&M Best Practices Guide, boilers; ASHRAE Handbook HVAC Systems and Equipment, boilers",
            silent=True,
        ),
        Fault(
            "vessel_waterlogged",
            "Expansion vessel has lost its gas charge: the pressure swings with the temperature",
            (
                r"(expansion|diaphragm|compression|membrane)\b.{0,12}(vessel|tank)|\bvessel|water-?logged",
                r"pre-?charge|(diaphragm|membrane|bladder)|gas (charge|cushion)|air cushion",
            ),
            (r"relief|safety valve|over-?fill|over-?pressure|pressure (reduc|maint|regul)|fill(ing)? valve|top-?up",),
            ("pressure",),
            (DAY, 30 * DAY),
            "Siegenthaler, PM Magazine: diagnosing pressure and air issues in closed-loop systems; EN 12828; VDI 4708",
        ),
        Fault(
            "boiler_sensor",
            "Boiler temperature sensor has slipped out of its pocket and reads low: the boiler overheats",
            (
                r"^(?!.*(outdoor|outside|pressure|flue|room)).*(sensor|probe|thermistor|thermometer|pocket|transmitter)",
                r"(drift|calibrat|offset|bias)",
            ),
            (r"thermostat|overheat|over-?temperature|limiter|control|lock-?out|flame|ignit",),
            ("flue_temp", "return_temp", "pressure", "mixing_valve"),
            (10.0, 3 * DAY),
            "EN 60730-2-9 and EN 14597, temperature limiters; Viessmann Vitotronic service instructions, sensors",
        ),
        Fault(
            "burner_lockout",
            "Burner does not ignite and locks out",
            (
                r"burner.{0,35}(fail|fault|lock|not ignit|not start|off|stop|trip|defect|flame|ignit)|lock-?out",
                r"flame|ignit|(no|lack of|loss of|low|interrupted) (gas|fuel)|(gas|fuel) (supply|valve|pressure|train)",
                r"(fail|fault|defect)\w*.{0,15}burner|boiler.{0,15}(fail|fault|off|trip|stop|not (fir|heat))",
            ),
            (r"burner|boiler|combust|fan|fuel|gas|limiter|safety",),
            ("burner", "boiler_temp", "flue_temp"),
            (0.0, 0.0),
            "EN 298, automatic burner control: lockout; US DOE FEMP O&M Best Practices Guide, boilers",
        ),
    )

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.seed = int(rng.integers(2**31))
        self.power = rng.uniform(40, 220)  # kW of heat
        self.set_point, self.season = rng.uniform(69, 73), rng.uniform(0.0, 7.0)
        self.slope = rng.uniform(1.15, 1.3)  # of the heating curve
        self.boiler, self.water = rng.uniform(22, 34), rng.uniform(45, 75)  # s of full power per K
        self.design = rng.uniform(0.75, 0.9)  # load at -12 °C
        self.flue = rng.uniform(62, 82)  # K of flue gas above boiler water
        self.pump = rng.uniform(45, 160)  # W
        self.cushion = rng.uniform(0.72, 0.82)  # of the vessel at 45 °C mean temperature
        self.content = rng.uniform(0.0031, 0.0039)  # expansion of the water, of the vessel's volume per K at 45 °C
        self.start, self.end = rng.uniform(4.5, 5.8), rng.uniform(21.5, 23)
        self.starts, self.meter = rng.integers(5_000, 90_000), rng.uniform(2_000, 90_000)

    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        fault = physics.severity(injection, times)
        outdoor, _ = physics.weather(times, physics.stream(self.seed, 1), self.season)
        day = physics.busy(times, self.start, self.end, 0.2)
        feels = physics.lag(outdoor, times, 3 * HOUR)
        curve = 20 + self.slope * np.maximum(20 - feels, 0.0) + 3 - 9 * (1 - day)
        set_point = np.clip(curve, 29.0, 60.0)
        wish = physics.wander(times, physics.stream(self.seed, 2), 40 * MINUTE)
        opening = np.clip(0.93 + 0.07 * wish - 0.1 * (1 - day), 0.5, 1.1)  # of the tenants' radiator valves
        boiler, back, flow, valve, pressure, state, starts, gas, flue = self._run(times, set_point, opening, fault)
        dead = np.clip(fault("pump_failed"), 0, 1)
        values = {
            "boiler_temp": boiler - 22 * fault("boiler_sensor"),
            "return_temp": back,
            "circuit_temp": flow,
            "circuit_setpoint": set_point,
            "mixing_valve": 100 * valve,
            "pressure": pressure,
            "burner": state,
            "flue_temp": flue,
            "pump_power": self.pump * (0.85 + 0.15 * opening) * (1 - 0.97 * dead),
            "outdoor_temp": outdoor,
            "burner_starts": self.starts + starts,
            "gas_meter": self.meter + gas,
        }
        noise = {"boiler_temp": 0.15, "return_temp": 0.15, "circuit_temp": 0.12, "pressure": 0.006, "flue_temp": 0.8}
        noise |= {"pump_power": 0.8, "outdoor_temp": 0.1}
        return physics.publish(self.metrics, values, noise, physics.stream(self.seed, 99))

    def _run(self, times: Floats, set_point: Floats, opening: Floats, fault: physics.Severity) -> tuple[Floats, ...]:
        """Return temperatures of boiler, return and circuit (°C), valve (0 to 1), pressure (bar), burner, starts, gas
        (m3) and flue gas temperature (°C) by heat balances of boiler and circuit, in units of the burner's power.
        """
        step = physics.step_of(times)
        count = max(int(np.ceil(step / SUBSTEP_S)), 1)
        part = step / count
        names = ["water_leak", "pump_failed", "exchanger_fouled", "mixing_valve_open", "short_cycling"]
        names += ["vessel_waterlogged", "boiler_sensor", "burner_lockout"]
        boiler, mean, back, valve, flue = self.set_point, float(set_point[0]) - 4, float(set_point[0]) - 8, 0.3, 100.0
        lost, state, tripped, starts, gas, flow, rows = 0.0, STANDBY, False, 0, 0.0, float(set_point[0]), []
        rated = self.design * 1.1 / (self.slope * 32 - 2) ** 1.3  # radiators: exponent 1.3 (EN 442)
        columns = [values.tolist() for values in (set_point, opening, *(fault(name) for name in names))]
        for wanted, taken, leak, dead, foul, stuck, narrow, logged, slip, locked in zip(*columns, strict=True):
            band = 1.0 if narrow > STUCK else 4.5
            moved = max((1 - min(dead, 1.0)) * (0.6 + 0.4 * taken), 0.015) / 14  # water flow, power per K
            pressure = 0.0
            for _ in range(count):
                read = boiler - 22 * slip
                tripped |= boiler > SAFETY_LIMIT
                if tripped or locked > STUCK:
                    state = LOCKOUT
                elif state != FIRING and read < self.set_point - band:
                    state, starts = FIRING, starts + 1
                elif state != STANDBY and read > self.set_point + band:
                    state = STANDBY
                firing = 1.0 if state == FIRING else 0.0
                share = min(max((wanted - back) / max(boiler - back, 1.0), 0.0), 1.0)
                valve += (share - valve) * -np.expm1(-part / 110.0)
                through = max(valve, min(stuck, 1.0))
                mixed = through * boiler + (1 - through) * back
                # Implicit in the draught of the circuit, so that a long step stays stable.
                drawn = moved * through * (boiler - back)
                given = rated * taken * max((mixed + back) / 2 - 20, 0.0) ** 1.3
                mean += (moved * (mixed - back) - given) * part / self.water
                mean = max(mean, 20.0)
                back += (mean - 0.5 * given / moved - back) * -np.expm1(-part / 300.0) if dead < 0.9 else 0.0
                back = min(max(back, 20.0), boiler)
                still = 22.0 if dead > 0.9 else mixed
                flow += (still - flow) * -np.expm1(-part / (1500.0 if dead > 0.9 else 40.0))
                boiler += (firing * (1 - 0.12 * foul) - drawn - 0.012 * (boiler - 20) / 50) * part / self.boiler
                hot = boiler + self.flue * (1 + 1.25 * foul) if firing else 0.5 * boiler + 20
                flue += (hot - flue) * -np.expm1(-part / (70.0 if firing else 500.0))
                gas += firing * self.power / 0.9 / 10.3 * part / HOUR
                # Boyle's law in the vessel; without charge it is topped up with water to the same cold pressure.
                kept = max(1 - 0.86 * logged, 0.06)
                warm = 0.25 * boiler + 0.75 * mean
                room = max(self.cushion * kept - self.content * (warm - 45) * (1 + 0.006 * (warm - 45)) + lost, 0.03)
                pressure = 2.6 * self.cushion * kept / room - 1
                if pressure > 3.0:  # the safety valve lets water out
                    lost += 2.6 * self.cushion * kept / 4.0 - room
                    pressure = 3.0
                lost += 0.35 * leak * part / DAY * min(max(pressure, 0.0) / 1.5, 1.0)
            rows.append((boiler, back, flow, valve, max(pressure, 0.0), state, starts, gas, flue))
        return tuple(np.array(rows, dtype=np.float64).T)
