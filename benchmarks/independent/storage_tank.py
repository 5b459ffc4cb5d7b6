"""A storage tank of process water: a valve in its inlet holds the level, pumps draw what the production needs."""

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


class StorageTank(Machine):
    """One closed tank with a breather, a PI controller on a hydrostatic transmitter, and level switches."""

    kind = "storage_tank"
    model = "Process water tank with level control"
    parts = (
        r"tank|vessel|level|over-?flow|over-?fill|breather|\bvent\b|vacuum|roof|sediment|sludge|foam",
        r"inlet|outlet|inflow|outflow|supply|make-?up|drain|strainer",
        r"valve|actuator|positioner|stiction|instrument air",
        r"\bpump|dry run|demand|consum|production|control|loop|tuning|manual|set ?point|oscillat|hunting|operator",
        r"sensor|transmitter|probe|gauge|switch|float|impulse|sensing|wiring",
        physics.unless(
            r"refriger|compress|burner|boiler|fuel|solar|impeller|gear|conveyor|belt|"
            r"\bfan\b|blade|condenser|evaporator|battery|duct|damper",
            r"leak|clog|block|plug|restrict|filter|pipe|flow|pressure|"
            r"water|drift|calibrat|froz|freez|nitrogen|blanket|corros",
        ),
    )
    metrics: ClassVar[Mapping[str, Metric]] = {
        "level": Metric("%", 0.1),
        "level_setpoint": Metric("%", 1.0),
        "inlet_flow": Metric("m3/h", 0.1),
        "outlet_flow": Metric("m3/h", 0.1),
        "valve": Metric("%", 0.1),
        "control_mode": Metric(None, 1.0, "mode", ("manual", "auto")),
        "supply_pressure": Metric("bar", 0.01),
        "gas_pressure": Metric("mbar", 0.1),
        "water_temp": Metric("°C", 0.1),
        "high_switch": Metric(None, 1.0, "switch"),
        "low_switch": Metric(None, 1.0, "switch"),
        "pumps_on": Metric(None, 1.0),
    }
    limits = (
        Limit("level", low=30.0, high=88.0, hold_s=60.0),
        Limit("high_switch", high=0.5, hold_s=30.0),
        Limit("low_switch", high=0.5, hold_s=30.0),
        Limit("gas_pressure", low=-8.0, high=15.0, hold_s=60.0),
    )
    names = physics.named(
        metrics,
        """
        lt_level | Tank level | Füllstand | nivel depósito | Niveau cuve | 储罐液位
        level_sp | Level setpoint | Füllst. Soll | consigna nivel | Consigne niveau | 液位设定
        inlet_flow | Inlet flow | Zulauf | caudal entrada | Débit entrée | 进水流量
        outlet_flow | Outlet flow | Ablauf | caudal salida | Débit sortie | 出水流量
        lcv_output | Control valve | Y LV | válvula control | Vanne régul | 调节阀开度
        lic_mode | Mode | Betriebsart | modo lazo | Mode régul | 手自动
        supply_press | Supply pressure | p Zulauf | presión suministro | P alim. | 供水压力
        gas_press | Head space pressure | p Gasraum | presión gas | P ciel gazeux | 罐顶压力
        water_temp | Water temp | Wassertemp | T agua | T° eau | 水温
        lsh | High level switch | LSH | boya nivel alto | NTH | 高液位开关
        lsl | Low level switch | LSL | boya nivel bajo | NTB | 低液位开关
        pumps_running | Pumps running | Pumpen Ein | bombas en marcha | Nb pompes | 运行泵数
        """,
    )
    faults = (
        Fault(
            "supply_restricted",
            "Strainer in the inlet line clogs: too little water comes in",
            (
                r"strainer|(inlet|supply|feed|fill).{0,30}(clog|block|restrict|filter|plug|obstruct|insufficient)",
                r"^(?!.*(impulse|sensing|vent|breather)).*(clog|block|restrict|plug|obstruct)\w*.{0,30}(inlet|supply|feed|filter|line|pipe)",
                r"(low|loss of|insufficient|reduced) (inlet|supply|feed|fill|inflow)",
            ),
            (r"inlet|supply|feed|inflow|valve.{0,20}(stuck|clos)",),
            ("valve", "inlet_flow"),
            (HOUR, 5 * DAY),
            "Liptak, Process Control: valve saturates as line resistance grows; Crane TP-410",
        ),
        Fault(
            "tank_leak",
            "Tank or its drain valve leaks",
            (
                r"^(?!.*(inlet|control valve|seat)).*leak",
                r"drain.{0,20}(open|pass|valve|left)|(loss|escape) of (water|content|liquid)|corrosion|perforat",
            ),
            (r"outlet|unmetered|(outlet )?flow ?meter|demand|loss", r"pipe"),
            ("inlet_flow", "valve"),
            (20 * MINUTE, 4 * DAY),
            "API 653 / API 575 tank bottom leaks; volume balance as in API RP 1130",
        ),
        Fault(
            "stiction",
            "Control valve sticks: the level swings in a limit cycle",
            (
                r"stiction|stick|hysteresis|backlash|deadband|sluggish",
                r"^(?!.*(breather|vent|float|drain)).*(valve|actuator|positioner).{0,30}(friction|jam|seiz|worn|fault|fail|stuck)",
            ),
            (r"valve|actuator|positioner|tuning|oscillat|hunting|instability|controller",),
            ("inlet_flow", "valve", "level"),
            (12 * HOUR, 10 * DAY),
            "Choudhury, Thornhill and Shah 2005, Control Engineering Practice 13: modelling valve stiction",
        ),
        Fault(
            "valve_passing",
            "Inlet valve does not shut tightly: the tank fills when nothing is drawn",
            (
                r"(?<!drain )valve.{0,30}(pass|leak|seat|not (clos|shut|seal)|fail\w* to|ero(sion|ded)|worn)",
                r"(pass|leak|worn|eroded)\w*.{0,20}valve|(worn|eroded|damaged).{0,10}seat",
            ),
            (r"inlet|inflow|overfill|valve|seat|excess\w* (supply|feed|inflow)",),
            ("level", "inlet_flow"),
            (HOUR, 8 * DAY),
            "ANSI/FCI 70-2 seat leakage; Fisher Control Valve Handbook, seat erosion",
        ),
        Fault(
            "transmitter_low",
            "Level transmitter reads low: the tank overfills to the switch",
            (
                r"^(?!.*(froz|stuck|flat|still|plug|flow|temperature)).*(transmitter|sensor|probe|transducer|gauge|reading)",
                r"(drift|calibrat|offset|zero shift)",
            ),
            (r"over-?fill|level control|impulse|density|switch|signal",),
            ("level", "inlet_flow", "high_switch"),
            (6 * HOUR, 12 * DAY),
            "API 2350 overfill prevention: gauge and independent switch disagree; Liptak, Process Measurement",
        ),
        Fault(
            "frozen_level",
            "Sensing line is plugged: the level reading stands still",
            (
                r"(impulse|sensing|tapping).{0,10}(line|pipe|tube)?",
                r"(froz|stuck|flat|stale|constant|plugg|block)\w*.{0,25}(level|sensor|transmitter|reading|signal)",
                r"(level|sensor|transmitter|reading|signal)\w*.{0,25}(froz|stuck|flat|stale|plugg|block|constant)",
            ),
            (r"sensor|transmitter|probe|signal|wiring|communication",),
            ("level",),
            (0.0, 5 * MINUTE),
            "Liptak, Process Measurement: plugged impulse lines; EEMUA 191 frozen signals",
        ),
        Fault(
            "vent_blocked",
            "Breather vent is blocked: the pumps pull a vacuum and the level reads wrong",
            (r"vent(?!ilat)|breather|vacuum|flame arrest|gas pressure|head ?space|blanket",),
            (r"transmitter|pressure|sensor",),
            ("gas_pressure",),
            (HOUR, 6 * DAY),
            "API 2000 venting of storage tanks; hydrostatic gauge level adds the gas pressure",
        ),
        Fault(
            "left_in_manual",
            "Controller was left in manual: the valve no longer follows the level",
            (r"manual|(not|out of|switched from) auto|(control(ler)?|loop).{0,20}(mode|off|disabled)",),
            (r"operator|control|mode|valve.{0,20}(stuck|fixed|not mov)",),
            ("control_mode", "valve"),
            (0.0, 0.0),
            "ISA-18.2 and EEMUA 191 case studies; Bialkowski, loops left in manual",
        ),
    )

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.seed = int(rng.integers(2**31))
        self.draw = rng.uniform(20, 90)  # m3/h at full production
        self.hold_up = rng.uniform(2.0, 3.0)  # h of full production in a full tank
        self.set_point = float(rng.choice([60.0, 62.0, 65.0]))
        self.height = rng.uniform(3.0, 6.0)  # m
        self.spare = rng.uniform(1.3, 1.45)  # open valve, in units of full production
        self.night, self.day = rng.uniform(0.12, 0.2), rng.uniform(0.78, 0.9)
        self.start, self.end = rng.uniform(5.5, 6.5), rng.choice([14.0, 18.0, 22.0])
        self.gain, self.reset = rng.uniform(2.6, 3.5), rng.uniform(1.2, 1.8) * HOUR
        self.season = rng.uniform(4, 22)

    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        fault = physics.severity(injection, times)
        outdoor, _ = physics.weather(times, physics.stream(self.seed, 1), self.season)
        shift = physics.workday(times) * physics.busy(times, self.start, self.end)
        wish = physics.wander(times, physics.stream(self.seed, 2), 900.0)
        batch = np.where(physics.wander(times, physics.stream(self.seed, 3), 2400.0) > 1.2, 0.12, 0.0)
        draw = self.night + (self.day - self.night) * shift * (1 - 0.3 * physics.busy(times, 11.8, 12.5, 0.1))
        draw = np.clip(draw * (1 + 0.05 * wish) + batch * shift, 0.0, 1.05)
        # Nights of a weekend draw nothing at all for hours: the circuit stands still.
        asleep = (physics.workday(times) < 0.5) & (physics.hour(times) < 5)
        draw = physics.lag(np.where(asleep, 0.0, draw), times, 30.0)
        supply = 3.2 + 0.12 * physics.wander(times, physics.stream(self.seed, 4), 2 * HOUR) - 0.25 * shift

        inflow, valve, level, read, gas, mode = self._control(times, draw, supply, fault)
        values = {
            "level": read,
            "level_setpoint": np.full(len(times), self.set_point),
            "inlet_flow": inflow * self.draw,
            "outlet_flow": np.where(level > 1.0, draw, np.minimum(draw, inflow)) * self.draw,
            "valve": 100 * valve,
            "control_mode": mode,
            "supply_pressure": supply - 0.12 * inflow**2,
            "gas_pressure": gas,
            "water_temp": physics.lag(12 + 0.35 * outdoor, times, 8 * HOUR),
            "high_switch": np.where(level > 92.0, 1.0, 0.0),
            "low_switch": np.where(level < 20.0, 1.0, 0.0),
            "pumps_on": np.where(draw < 0.02, 0.0, np.where(draw < 0.5, 1.0, 2.0)),
        }
        noise = {
            "inlet_flow": 0.006 * self.draw,
            "outlet_flow": 0.006 * self.draw,
            "supply_pressure": 0.012,
            "gas_pressure": 0.15,
            "water_temp": 0.05,
        }
        return physics.publish(self.metrics, values, noise, physics.stream(self.seed, 99))

    def _control(
        self, times: Floats, draw: Floats, supply: Floats, fault: physics.Severity
    ) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
        """Return inflow (share of full), valve output, level and level as read (%), gas pressure (mbar), mode."""
        step = physics.step_of(times)
        count = max(int(np.ceil(step / SUBSTEP_S)), 1)
        part = step / count
        names = ["supply_restricted", "tank_leak", "stiction", "valve_passing"]
        names += ["transmitter_low", "frozen_level", "vent_blocked", "left_in_manual"]
        slosh = 0.12 * physics.stream(self.seed, 5).standard_normal(len(times))
        level, integral = self.set_point, float(draw[0]) / self.spare
        valve = stem = integral
        inflow, gas, frozen, fixed = valve * self.spare, 0.0, None, None
        rows = []
        # Full scale of the level is hold_up hours of full production: 100 % an hour at a net flow of hold_up.
        rate = 100 / self.hold_up / HOUR
        columns = [draw.tolist(), (supply / 3.2).tolist(), slosh.tolist(), *(fault(name).tolist() for name in names)]
        for drawn, pressure, ripple, clog, leak, stick, passing, low, plug, vent, manual in zip(*columns, strict=True):
            read = 0.0
            for _ in range(count):
                # Closed tank: the gas follows the net flow through the breather (orifice), 1 mbar when it is clear.
                net = inflow - drawn - 0.5 * leak
                gas += 0.4 * (net * abs(net) / max(1 - 0.9 * vent, 0.08) ** 2 - gas)
                read = level + ripple + gas / (0.98 * self.height) - 20 * low
                if plug > STUCK:
                    frozen = read if frozen is None else frozen
                    read = frozen
                error = (self.set_point - read) / 100
                if manual > STUCK:
                    fixed = valve if fixed is None else fixed
                    valve = fixed
                else:
                    wanted = self.gain * error + integral
                    valve = min(max(wanted, 0.0), 1.0)
                    if valve == wanted:  # no integration at the end stops
                        integral += self.gain * error * part / self.reset
                # Stiction: the stem jumps only when the output is farther away than the band (Choudhury 2005).
                if abs(valve - stem) > 0.16 * stick or stick == 0.0:
                    stem = valve
                # Installed flow of the valve in series with the line, Crane TP-410.
                through = self.spare * stem * pressure**0.5
                line = 1 + 1.1 * (clog * 2) ** 2 * stem**2
                inflow = through / line**0.5 + 0.24 * passing
                level += (inflow - drawn - 0.5 * leak) * rate * part
                level = min(max(level, 0.0), 100.0)
            rows.append((inflow, valve, level, min(max(read, 0.0), 100.0), gas, float(manual <= STUCK)))
        found = np.array(rows).T
        return found[0], found[1], found[2], found[3], found[4], found[5]
