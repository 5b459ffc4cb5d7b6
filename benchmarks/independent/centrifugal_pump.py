"""A speed-controlled circulation pump of a closed cooling-water circuit, held at a constant discharge pressure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from benchmarks.independent import physics
from benchmarks.independent.machine import Fault, Floats, Injection, Limit, Machine, Metric

HOUR, DAY = 3_600.0, 86_400.0


class CentrifugalPump(Machine):
    """One end-suction pump with a frequency converter, a strainer before it and a standby pump beside it."""

    kind = "centrifugal_pump"
    model = "Centrifugal pump with frequency converter, closed cooling-water circuit"
    parts = (
        r"\bpumps?\b|impeller|wear(ing)? ring|casing|volute|diffuser|shaft|sleeve",
        r"bearing|lubricat|greas|\bseal|gland|packing|coupling|align",
        r"soft foot|base ?plate|foundation|balance|pipe strain",
        r"motor|winding|stator|rotor\b|converter|\bvfd\b|power supply|phase|overload",
        r"strainer|suction|valve|non-return|throttl|recirculat|npsh",
        r"cavitat|air (lock|ingress|entrain)|gas (lock|entrain)",
        r"expansion (vessel|tank)|cushion|pre-?charge|pressuri[sz]ation",
        r"static pressure|make-?up|cooling water|circuit|piping",
        r"sensor|transmitter|transducer|gauge|meter\b|set ?point|control",
        physics.unless(
            r"refriger|compress|evaporator|condenser|burner|boiler|flame|"
            r"fuel|belt|gear|conveyor|blade|\bfan\b|battery|solar|duct|damper",
            r"leak|clog|block|foul|debris|filter|pipe|loose|resonan|flow|"
            r"pressure|temperature|water|demand|load|drift|speed|wear|\boil",
        ),
    )
    metrics: ClassVar[Mapping[str, Metric]] = {
        "suction_pressure": Metric("bar", 0.01),
        "discharge_pressure": Metric("bar", 0.01),
        "pressure_setpoint": Metric("bar", 0.1),
        "flow": Metric("m3/h", 0.1),
        "speed": Metric("%", 0.1),
        "motor_power": Metric("kW", 0.1),
        "vibration": Metric("mm/s", 0.1),
        "bearing_temp": Metric("°C", 0.1),
        "winding_temp": Metric("°C", 1.0),
        "water_temp": Metric("°C", 0.1),
        "run_hours": Metric("h", 1.0),
    }
    # 7.1 mm/s is the border of zones C and D in ISO 20816-3, group 2 on flexible supports.
    limits = (
        Limit("vibration", high=7.1, hold_s=60.0),
        Limit("bearing_temp", high=78.0, hold_s=60.0),
        Limit("suction_pressure", low=0.5, hold_s=60.0),
        Limit("discharge_pressure", low=4.7, hold_s=300.0),
    )
    names = physics.named(
        metrics,
        """
        suction_pressure | Suction pressure | p_saug | P asp | P aspiration | 进口压力
        discharge_p | Discharge pressure | p_druck | P impulsión | P ref. | 出口压力
        pressure_sp | Pressure setpoint | p_Soll | P consigna | Consigne P | 压力设定
        flow_rate | Flow | Durchfluss | caudal | Débit | 流量
        speed_pct | Speed | Drehzahl | velocidad | Vitesse | 转速
        motor_kw | Motor power | P_Motor | potencia motor | Puiss. moteur | 电机功率
        vib_rms | Vibration RMS | Schwingung | vibración | Vibration | 振动速度
        brg_temp_de | Bearing temp DE | LagerTemp AS | T rodamiento | T palier | 轴承温度
        winding_temp | Winding temp | WicklungTemp | temp devanado | T bobinage | 绕组温度
        water_temp | Water temp | KW-Temp | temp agua | T eau | 水温
        run_hours | Hours run | Betr.-Std | horas marcha | Heures marche | 运行小时
        """,
    )
    faults = (
        Fault(
            "wear_rings",
            "Worn wear rings and impeller: water recirculates inside the pump",
            (
                r"wear(ing)?[- ]rings?",
                r"worn impeller|impeller.{0,20}(wear|worn|erosion|erod|damage)|(wear|erosion).{0,25}impeller",
                r"internal (recirculation|leak|slip)",
                r"pump (is )?(worn|wear)|(worn|wear).{0,20}\bpump\b|hydraulic wear",
            ),
            (r"impeller|recirculat|pump.{0,25}(degrad|efficien|performance)|clearance",),
            ("speed", "motor_power"),
            (14 * DAY, 40 * DAY),
            "Karassik, Pump Handbook, 2.3 (leakage joints); API 610 table of running clearances",
        ),
        Fault(
            "suction_strainer",
            "Suction strainer clogs",
            (
                r"strainer",
                r"(suction|inlet|intake).{0,25}(filter|clog|block|restrict|plug|obstruct|foul)",
                r"(clog|block|restrict|plug|obstruct)\w*.{0,25}(suction|inlet|intake)",
            ),
            (r"suction", r"npsh|cavitat", r"clogg?ed filter|filter.{0,15}clog", r"inlet"),
            ("suction_pressure",),
            (2 * HOUR, 4 * DAY),
            "Karassik, Pump Handbook, 12 (trouble shooting: suction troubles)",
        ),
        Fault(
            "expansion_cushion",
            "Expansion vessel has lost its gas charge: the static pressure swings with water temperature",
            (
                r"expansion (vessel|tank)",
                r"(loss|lost|low).{0,20}(pre-?charge|gas (charge|cushion)|cushion)",
                r"pressuri[sz]ation (unit|system|vessel)|membrane",
            ),
            (
                r"static pressure|system pressure|fill pressure",
                r"make-?up",
                r"(circuit|system|loop|water).{0,20}(leak|loss)",
                r"suction pressure",
            ),
            ("suction_pressure",),
            (1 * DAY, 8 * DAY),
            "EN 12828 annex D; CIBSE Guide B1, pressurization of sealed systems",
        ),
        Fault(
            "bearing",
            "Rolling bearing of the pump is damaged",
            (
                r"(?<!over-)bearing.{0,30}(damage|wear|worn|fail|defect|fault|spall|fatigue|deteriorat)",
                r"(damage|worn|wear|fail|defect|spall|deteriorat)\w*.{0,20}bearing",
            ),
            (r"bearing", r"lubricat", r"misalign|unbalance|imbalance", r"mechanical"),
            ("vibration", "bearing_temp"),
            (2 * DAY, 20 * DAY),
            "ISO 20816-3; ISO 13373-3 annex on rolling bearings",
        ),
        Fault(
            "overgreased",
            "Bearing has been greased too much: the grease churns",
            (
                r"over-?(greas|lubricat)|(too much|excess\w*).{0,15}(grease|lubricant|lubrication)",
                r"greas\w*.{0,25}(excess|churn|too much)|churn",
            ),
            (r"greas|lubric", r"bearing"),
            ("bearing_temp",),
            (0.5 * HOUR, 3 * HOUR),
            "SKF bearing maintenance handbook, chapter on relubrication: temperature after greasing",
        ),
        Fault(
            "standby_check_valve",
            "Check valve of the standby pump does not close: water flows back through it",
            (
                r"(check|non-?return|reflux|flap|backflow) ?(valve|preventer)",
                r"(back|reverse)[- ]?flow|flow\w* back",
                r"(standby|stand-by|idle|parallel|second) pump",
            ),
            (r"recirculat", r"bypass", r"valve.{0,20}(leak|passing|stuck|open)", r"short[- ]circuit"),
            ("speed", "motor_power", "discharge_pressure"),
            (0.0, 10.0),
            "Karassik, Pump Handbook, 12; Europump/HI guide on parallel pumping",
        ),
        Fault(
            "coupling",
            "Coupling between motor and pump is broken",
            (r"coupling", r"shaft.{0,20}(broke|break|shear|sever|fractur)|(broken|sheared|snapped) shaft"),
            (
                r"loss of (load|drive|prime)|no load|dry run|unloaded",
                r"mechanical (drive|transmission)|drive ?train",
                r"key\b",
            ),
            ("motor_power", "flow", "discharge_pressure"),
            (0.0, 0.0),
            "Bloch and Geitner, Machinery Failure Analysis and Troubleshooting: couplings",
        ),
        Fault(
            "pressure_transmitter",
            "Discharge pressure transmitter drifts high: the controller slows the pump",
            (
                r"(pressure|discharge).{0,25}(sensor|transmitter|transducer|gauge|reading|signal|measurement)",
                r"(sensor|transmitter|transducer).{0,25}(drift|offset|bias|calibrat|error|fault|read)",
            ),
            (r"drift|calibrat", r"control", r"impulse line"),
            ("speed", "flow", "motor_power"),
            (2 * DAY, 15 * DAY),
            "ISA-TR84 / Liptak, Instrument Engineers' Handbook: drift of pressure transmitters",
            silent=True,
        ),
    )

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.seed = int(rng.integers(2**31))
        self.best_flow = rng.uniform(70, 240)  # m3/h at the best efficiency point and full speed
        self.set_point = float(rng.choice([4.9, 5.0, 5.1]))
        self.static = rng.uniform(1.1, 1.3)  # bar, in the suction line without flow
        self.head = (self.set_point - self.static) / rng.uniform(0.83, 0.87)  # bar at the best point
        self.strainer = rng.uniform(0.05, 0.12)  # bar at best flow
        self.efficiency = rng.uniform(0.72, 0.81)
        self.roughness = rng.uniform(1.2, 2.2)  # mm/s
        self.warmth = rng.uniform(16, 22)  # K, bearing above the room at no load
        self.season = rng.uniform(2, 24)
        self.start, self.end = rng.uniform(5.0, 7.0), rng.uniform(18.0, 22.0)
        self.hours = rng.uniform(500, 40_000)

    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        fault = physics.severity(injection, times)
        outdoor, _ = physics.weather(times, physics.stream(self.seed, 1), self.season)
        work = physics.workday(times) * physics.busy(times, self.start, self.end, 1.5)
        demand = physics.lag(
            0.6 + 0.27 * work + 0.025 * physics.wander(times, physics.stream(self.seed, 2), HOUR), times, 240.0
        )
        demand = np.clip(demand + 0.01 * physics.wander(times, physics.stream(self.seed, 3), 180.0), 0.4, 0.96)
        water = physics.lag(17 + 3.0 * (demand - 0.6) / 0.27 + 0.1 * (outdoor - 12), times, 1800.0)
        room = 22 + 0.15 * (outdoor - 12) + 1.5 * np.cos((physics.hour(times) - 16) * np.pi / 12)

        # A sound cushion hardly feels the expansion of the water; without it the pressure follows the temperature.
        static = self.static + (water - 18.5) * (0.01 + 0.36 * fault("expansion_cushion"))
        target = self.set_point - 0.7 * fault("pressure_transmitter")
        users = (self.set_point - self.static) / demand**2  # bar at best flow: what the consumers' valves leave
        strainer = self.strainer + 1.0 * fault("suction_strainer")
        worn = fault("wear_rings")
        zero_head, slope = self.head * 1.25 * (1 - 0.1 * worn), self.head * 0.25
        # Flow that passes the impeller but not the meter: through the rings, back through the standby pump.
        inner = 0.02 + 0.2 * worn + 0.55 * np.clip(fault("standby_check_valve"), 0, 1.2)

        held = np.sqrt(np.maximum(target - static, 0.1) / users)
        needed = target - static + strainer * held**2 + slope * (held + inner) ** 2
        speed = np.sqrt(needed / zero_head)
        # At full speed the pump curve meets the system curve: a quadratic in the flow.
        a, b, c = slope + users + strainer, 2 * slope * inner, slope * inner**2 - zero_head
        full = (-b + np.sqrt(np.maximum(b * b - 4 * a * c, 0))) / (2 * a)
        flow, speed = np.where(speed <= 1, held, full), np.minimum(speed, 1.0)
        torn = fault("coupling") > 0.3
        flow = np.where(torn, 0.0, physics.lag(flow, times, 8.0))
        speed = np.where(torn, 1.0, physics.lag(speed, times, 8.0))
        suction = static - strainer * flow**2
        pump_head = np.where(torn, 0.0, (strainer + users) * flow**2)
        discharge = suction + pump_head

        through = flow + inner
        relative = through / speed  # affinity: where on its curve the pump runs
        efficiency = self.efficiency * (1 - 0.55 * (relative - 1) ** 2)
        power = self.best_flow * through / 36 * pump_head / efficiency
        rated = self.best_flow / 36 * self.head / self.efficiency
        power = np.where(torn, 0.0, power) + rated * (0.02 + 0.03 * speed**3)

        # Cavitation begins to shake the pump well above the NPSH of 3 % head drop (ANSI/HI 9.6.1).
        margin = (suction + 1.0) / 0.0981 / (2.5 + 2.5 * through**2)
        shake = self.roughness * (0.5 + 0.5 * speed**2 + 0.8 * (relative - 1) ** 2)
        shake = shake + 5.0 * np.clip(2.2 - margin, 0, 2)
        shake = np.where(torn, 0.4 * self.roughness, shake + 5.2 * fault("bearing") ** 1.5)
        friction = self.warmth + 14 * speed**2 + 24 * fault("bearing") ** 2 + 32 * fault("overgreased")
        bearing = physics.lag(room + np.where(torn, 6.0, friction), times, 1500.0)
        winding = physics.lag(room + 12 + 62 * (power / rated) ** 2, times, 2400.0)
        drifted = discharge + 0.7 * fault("pressure_transmitter")
        values = {
            "suction_pressure": suction,
            "discharge_pressure": drifted,
            "pressure_setpoint": np.full(len(times), self.set_point),
            "flow": flow * self.best_flow,
            "speed": 100 * speed,
            "motor_power": power,
            "vibration": shake,
            "bearing_temp": bearing,
            "winding_temp": winding,
            "water_temp": water,
            "run_hours": physics.counter(np.ones(len(times)), times, self.hours),
        }
        noise = {
            "suction_pressure": 0.01,
            "discharge_pressure": 0.015,
            "flow": 0.006 * self.best_flow,
            "speed": 0.1,
            "motor_power": 0.006 * rated,
            "vibration": 0.12,
            "bearing_temp": 0.15,
            "winding_temp": 0.3,
            "water_temp": 0.08,
        }
        return physics.publish(self.metrics, values, noise, physics.stream(self.seed, 99))
