"""An oil-injected screw compressor with load/unload control, receiver and refrigerant dryer, for a workshop network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from benchmarks.independent import physics
from benchmarks.independent.machine import Fault, Floats, Injection, Limit, Machine, Metric

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


class ScrewCompressor(Machine):
    """One air-cooled compressor that loads at 7.0 bar, unloads at 7.6 bar and stops after some minutes without load."""

    kind = "screw_compressor"
    model = "Oil-injected screw air compressor, load/unload, with refrigerant dryer"
    parts = (
        r"compress(or|ed)|screw|air ?end|(screw|separator|filter|compressor) element|\boil|lubric|separator",
        r"thermostat|cooler|radiator|cooling (air|fan)|ventilation",
        r"intake|inlet|regulator|unload|blow ?-?(down|off)",
        r"minimum pressure|non-return|check valve|safety valve|solenoid",
        r"air (filter|leak|network|demand|receiver|hose|line)|receiver|hose|air consum",
        r"dryer|drier|dew ?point|condensate|drain",
        r"motor|winding|phase|power supply|bearing|coupling|contactor",
        r"sensor|transmitter|transducer|pressure switch|control|set ?point|room|ambient",
        physics.unless(
            r"boiler|burner|flame|fuel|pump|impeller|evaporator|"
            r"tower|heating|solar|gear|conveyor|battery|chiller|chilled|duct|basin",
            r"leak|pipe|network|system|demand|load|flow|pressure|capacity|"
            r"valve|refrigera|clog|block|foul|dust|dirt|filter|heat|cool",
        ),
    )
    metrics: ClassVar[Mapping[str, Metric]] = {
        "line_pressure": Metric("bar", 0.01),
        "element_temp": Metric("°C", 1.0),
        "cooling_air_temp": Metric("°C", 0.5),
        "separator_dp": Metric("bar", 0.01),
        "motor_current": Metric("A", 0.1),
        "state": Metric(None, 1.0, "mode", ("stopped", "unloaded", "loaded")),
        "flow": Metric("m3/min", 0.01),
        "dew_point": Metric("°C", 0.1),
        "room_temp": Metric("°C", 0.1),
        "run_hours": Metric("h", 1.0),
        "load_hours": Metric("h", 1.0),
    }
    limits = (
        Limit("line_pressure", low=6.3, high=8.1, hold_s=30.0),
        Limit("element_temp", high=100.0, hold_s=30.0),
        Limit("separator_dp", high=0.9, hold_s=30.0),
        Limit("dew_point", high=10.0, hold_s=600.0),
    )
    names = physics.named(
        metrics,
        """
        line_pressure | Line pressure | Netzdruck | presión de red | Pression réseau | 管网压力
        element_outlet_temp | Element outlet temp | VET | T salida elemento | T sortie élément | 排气温度
        cooling_air_out | Cooling air out | KühlluftTemp Aus | T aire refrig salida | T air refroid. | 冷却风出口温度
        sep_dp | Separator dP | dp Abscheider | dP separador | dP séparateur | 油分压差
        motor_amps | Motor current | Motorstrom | I motor | I moteur | 主机电流
        unit_state | State | Betriebszustand | estado | Etat | 运行状态
        air_flow | Air flow | Volumenstrom | caudal aire | Débit air | 空气流量
        dew_point | Pressure dew point | DTP | punto de rocío | Point de rosée | 压力露点
        room_temp | Compressor room temp | Raumtemp | T sala | T local | 机房温度
        run_h | Running hours | Betriebsstunden | horas marcha | Heures marche | 运行时间
        load_h | Loaded hours | Laststunden | horas en carga | Heures en charge | 加载时间
        """,
    )
    faults = (
        Fault(
            "network_leak",
            "Leak in the compressed-air network",
            (
                r"^(?!.*(valve|refrigera|\boil|dryer|drier)).*leak",
                r"(burst|broken|open|disconnected).{0,20}(hose|pipe|line|coupling|drain)",
            ),
            (r"demand|consum|undersi|insufficient capacity|overload|drain",),
            ("flow", "load_hours"),
            (10 * MINUTE, 10 * DAY),
            "Compressed Air Challenge / US DOE, Improving Compressed Air System Performance, fact sheet 7 (leaks)",
        ),
        Fault(
            "oil_cooler",
            "Oil cooler is fouled with dust on its air side",
            (
                r"cooler.{0,30}(foul|clog|dirt|block|dust|contamin|scal)",
                r"(foul|clog|dirt|block|dust)\w*.{0,25}(cooler|radiator|heat exchanger)",
                r"(insufficient|poor|reduced|loss of|blocked) (cooling|ventilation)|cooling.{0,20}(foul|clog|dirt)",
            ),
            (r"cool|radiator|ventilat|\bfan\b|heat (rejection|exchang)", r"(low|old|degraded).{0,10}oil"),
            ("element_temp", "cooling_air_temp"),
            (5 * DAY, 40 * DAY),
            "Atlas Copco GA instruction book, problem solving: element outlet temperature above normal",
        ),
        Fault(
            "separator",
            "Oil separator element is clogged",
            (
                r"separator",
                r"(air[-/ ]?oil|oil[-/ ]?air).{0,10}(filter|element)",
            ),
            (r"(clog|block)\w*.{0,15}(filter|element)|filter.{0,20}(clog|block)", r"minimum pressure valve|oil"),
            ("separator_dp",),
            (3 * DAY, 30 * DAY),
            "Kaeser service manual: separator cartridge, change at 1 bar; CAGI Compressed Air and Gas Handbook 2",
        ),
        Fault(
            "thermostatic_valve",
            "Thermostatic valve is stuck: the oil bypasses its cooler",
            (
                r"thermal bypass|thermo(stat\w*|static)?[- ]?(\w+ )?(bypass |mixing )?valve|thermostat",
                r"oil.{0,20}bypass|bypass\w*.{0,20}cooler",
            ),
            (r"cool", r"oil (flow|temperature|circuit|filter|level|stop valve)|(low|lack of) oil"),
            ("element_temp", "cooling_air_temp"),
            (2 * MINUTE, 5 * HOUR),
            "Atlas Copco GA and Ingersoll Rand SSR troubleshooting: by-pass (thermostatic) valve malfunctioning",
        ),
        Fault(
            "inlet_valve",
            "Inlet valve does not close: the compressor goes on delivering while unloaded",
            (
                r"(inlet|intake|suction|unload\w*|modulat\w*)[- ]?(throttle )?(regulat\w*|valve|control).{0,30}",
                r"(fail\w*|not|unable) to unload|does not unload",
                r"unload\w*.{0,20}(solenoid|fail|fault|stuck)|^(?!.*(blow|vent)).*solenoid",
            ),
            (
                r"pressure (switch|control|regulat|sensor)|control(ler)?.{0,20}(fail|fault|set)",
                r"valve.{0,20}(stuck|open)",
            ),
            ("line_pressure",),
            (5.0, 10 * MINUTE),
            "Atlas Copco GA troubleshooting: air pressure rises above maximum and causes the safety valve to blow",
        ),
        Fault(
            "blowdown_valve",
            "Blowdown valve stays shut: the oil tank is not vented while unloaded",
            (r"blow[- ]?(down|off).{0,20}(valve|line|solenoid|stuck|block|fail|shut)|vent(ing)? (valve|line)",),
            (r"unload|(sump|tank|separator|vessel).{0,15}(pressur|vent)", r"(inlet|solenoid) valve|no-load"),
            ("motor_current",),
            (0.0, MINUTE),
            "US DOE / Compressed Air Challenge sourcebook: load/unload control and sump blowdown",
            silent=True,
        ),
        Fault(
            "dryer",
            "Refrigerant dryer has lost its refrigerant",
            (
                r"(dryer|drier).{0,40}(refrigera|fail|fault|charge|leak|not cool|malfunction|broken)",
                r"refrigera",
                r"(fail|fault|broken)\w*.{0,15}(dryer|drier)",
            ),
            (r"dryer|drier", r"drain|condensate|moist|dew"),
            ("dew_point",),
            (HOUR, 6 * DAY),
            "ISO 7183 (dryers); CAGI Compressed Air and Gas Handbook 3, refrigerated dryers",
        ),
    )

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.seed = int(rng.integers(2**31))
        self.capacity = rng.uniform(3.5, 18)  # m3/min, free air
        self.fill = rng.uniform(20, 45)  # s to fill the receiver from 7.0 to 7.6 bar without demand
        self.wait = rng.choice([180.0, 240.0, 300.0])  # s without load until it stops
        self.current = 12.5 * self.capacity * rng.uniform(0.95, 1.05)
        self.idle = rng.uniform(0.38, 0.46)  # of the current, while vented
        self.cooling = rng.uniform(21, 25)  # K between injected oil and room at full load
        self.rise = rng.uniform(23, 28)  # K in the element
        self.thermostat = rng.uniform(52, 57)
        self.share, self.leak = rng.uniform(0.5, 0.66), rng.uniform(0.05, 0.11)
        self.season = rng.uniform(2, 23)
        self.start, self.end = rng.uniform(5.3, 6.8), rng.choice([14.5, 18.0, 22.0])
        self.hours = rng.uniform(1_000, 30_000)

    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        fault = physics.severity(injection, times)
        outdoor, _ = physics.weather(times, physics.stream(self.seed, 1), self.season)
        shift = physics.workday(times) * physics.busy(times, self.start, self.end, 0.4)
        shift = shift * (1 - 0.45 * physics.busy(times, 12.0, 12.75, 0.1))
        draw = 1 + 0.12 * physics.wander(times, physics.stream(self.seed, 2), 1200.0)
        demand = np.clip(self.leak + self.share * shift * draw, 0.03, 0.9) + 0.36 * fault("network_leak")

        # Receiver between the two switching points (volume and ideal gas law): it fills with capacity less demand and
        # empties with demand, so that the loaded share of a cycle is the demand, and a cycle lasts fill/(d(1-d)).
        duty = np.clip(demand, 0.02, 0.98)
        period = self.fill / (duty * (1 - duty))
        phase = np.cumsum(physics.step_of(times) / period) % 1.0
        loaded = (phase < duty) | (demand > 0.98)
        pressure = np.where(phase < duty, 7.0 + 0.6 * phase / duty, 7.6 - 0.6 * (phase - duty) / (1 - duty))
        stopped = ~loaded & ((phase - duty) * period > self.wait)
        still = np.maximum(1 - duty - self.wait / period, 0.0)  # share of the time that it stands

        # More demand than capacity: the pressure falls until the consumers, in proportion to it, take no more.
        lacking = np.clip(7.0 - (8.0 / np.maximum(demand, 0.05) - 1.0), 0.0, 6.0)
        lacking = physics.lag(lacking, times, 8.0 * self.fill)
        pressure = pressure - lacking

        # Inlet valve open while unloaded: up to the safety valve, until the timer stops the motor.
        delivering = np.minimum(fault("inlet_valve"), 0.95) > duty
        decay = 1.6 / 0.6 * self.fill / duty
        round_s = self.wait + decay
        elapsed = np.cumsum(physics.step_of(times) / round_s) % 1.0 * round_s
        runs = elapsed < self.wait
        rising = 7.0 + 1.6 * np.minimum(elapsed / (2.7 * self.fill), 1.0)
        pressure = np.where(delivering, np.where(runs, rising, 8.6 - 1.6 * (elapsed - self.wait) / decay), pressure)
        loaded = np.where(delivering, runs & (rising < 7.6), loaded)
        stopped = np.where(delivering, ~runs, stopped)
        still = np.where(delivering, decay / round_s, still)
        mean_load = np.where(delivering, 1 - still, duty)

        # Oil circuit: the thermostatic valve keeps the oil from getting colder than its set point.
        heat = physics.lag(mean_load + 0.25 * np.maximum(1 - mean_load - still, 0), times, 400.0)
        room = physics.lag(13 + 0.55 * outdoor + 6 * heat, times, 3600.0)
        dust, bypass = fault("oil_cooler"), fault("thermostatic_valve")
        oil = np.maximum(self.thermostat, room + self.cooling * (1 + 1.9 * dust) * heat)
        oil = oil + 44 * bypass * heat
        element = (1 - still) * (oil + self.rise * (0.4 + 0.6 * heat)) + still * (room + 18)
        air_flow = 1 / np.sqrt(1 + 1.2 * dust)
        exhaust = room + 17 * heat / air_flow * (1 - 0.45 * np.minimum(bypass, 1.6))
        clogged = 0.22 + 0.82 * fault("separator")
        separator = np.where(loaded, clogged * (0.9 + 0.02 * (pressure - 7)), 0.02)

        unvented = np.clip(fault("blowdown_valve"), 0, 1) * 0.32 + np.where(delivering, 0.55, 0.0)
        full = 0.96 + 0.03 * (pressure - 7.3) + 0.06 * (clogged - 0.22)
        share = np.where(loaded, full, np.minimum(self.idle + unvented, 1.05))
        current = np.where(stopped, 0.0, share * self.current)
        dew = 3.2 + 0.06 * (room - 20) + 1.2 * heat + 9.5 * fault("dryer") * (0.5 + 0.5 * heat + 0.02 * (room - 15))
        values = {
            "line_pressure": pressure,
            "element_temp": physics.lag(element, times, 420.0),
            "cooling_air_temp": physics.lag(exhaust, times, 300.0),
            "separator_dp": separator,
            "motor_current": current,
            "state": np.where(stopped, 0.0, np.where(loaded, 2.0, 1.0)),
            "flow": self.capacity * demand * np.clip((pressure + 1) / 8.3, 0.2, 1.2),
            "dew_point": physics.lag(dew, times, 900.0),
            "room_temp": room,
            "run_hours": physics.counter(1 - still, times, self.hours),
            "load_hours": physics.counter(mean_load, times, 0.62 * self.hours),
        }
        noise = {
            "line_pressure": 0.012,
            "element_temp": 0.3,
            "cooling_air_temp": 0.3,
            "separator_dp": 0.01,
            "flow": 0.012 * self.capacity,
            "dew_point": 0.15,
            "room_temp": 0.1,
        }
        out = physics.publish(self.metrics, values, noise, physics.stream(self.seed, 99))
        ripple = 1 + 0.008 * physics.stream(self.seed, 98).standard_normal(len(times))
        return out | {"motor_current": np.round(current * ripple, 1)}
