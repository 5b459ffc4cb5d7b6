"""An inclined belt conveyor driven by a squirrel-cage motor through a bevel-helical gearbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from benchmarks.independent import physics
from benchmarks.independent.machine import Fault, Floats, Injection, Limit, Machine, Metric

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


class GearedConveyor(Machine):
    """One conveyor of a quarry or a mill: two shifts on workdays, breaks, a belt scale and a slip monitor."""

    kind = "geared_conveyor"
    model = "Belt conveyor with electric motor and bevel-helical gearbox"
    parts = (
        r"motor|winding|stator|rotor|insulation|phas(e|ing)|voltage|terminal|fuse|contactor|cooling fan|ventilation",
        r"gear|tooth|teeth|pinion|pitting|backstop|shaft seal|churn|\boil|lubric|greas",
        r"bearing|shaft|coupling|align|soft foot|foundation|balance",
        r"belt|conveyor|idler|roller|pulley|drum|lagging|slip",
        r"take-?up|scraper|skirt|splice|brake|jam|overload|spill|chute|material|throughput|stall",
        r"sensor|probe|belt scale|encoder|control|set ?point|inverter|power supply",
        physics.unless(
            r"refriger|compress|burner|boiler|pump|impeller|condenser|"
            r"evaporator|battery|duct|damper|valve|tank|water|brush|solar",
            r"loose|resonan|vibration|drag|friction|feed|load|drive|torque|"
            r"dust|dirt|ambient|temperature|overheat|wear|worn|cool|block",
        ),
    )
    metrics: ClassVar[Mapping[str, Metric]] = {
        "motor_current": Metric("A", 0.1),
        "current_unbalance": Metric("%", 0.1),
        "winding_temp": Metric("°C", 1.0),
        "gear_oil_temp": Metric("°C", 0.5),
        "gear_vibration": Metric("mm/s", 0.1),
        "motor_vibration": Metric("mm/s", 0.1),
        "belt_slip": Metric("%", 0.1),
        "belt_load": Metric("t/h", 1.0),
        "running": Metric(None, 1.0, "switch"),
        "starts": Metric(None, 1.0),
        "hall_temp": Metric("°C", 0.1),
        "run_hours": Metric("h", 0.1),
    }
    # IEC 60034-11: class F insulation used to class B alarms at 120 to 130 °C. ISO 20816-9: gear units of rolling
    # bearings, zones C and D meet near 7.1 mm/s at this size.
    limits = (
        Limit("winding_temp", high=120.0, hold_s=60.0),
        Limit("gear_oil_temp", high=90.0, hold_s=60.0),
        Limit("gear_vibration", high=7.1, hold_s=60.0),
        Limit("belt_slip", high=10.0, hold_s=30.0),
    )
    names = physics.named(
        metrics,
        """
        motor_current_a | Motor current | I Antrieb | intensidad motor | Courant moteur | 电机电流
        current_unbal_pct | Current unbalance | Unsymmetrie I | desequilibrio I | Déséquilibre courant | 电流不平衡度
        winding_temp | Winding temp | T Wicklung | temp bobinado | T enroulements | 绕组温度
        gearbox_oil_temp | Gearbox oil temp | Öltemp Getriebe | T aceite reductor | T huile réducteur | 减速机油温
        gearbox_vib | Gearbox vibration | vRMS Getriebe | vibración reductor | Vib réducteur | 减速机振动
        motor_vib | Motor vibration | vRMS Motor | vibración motor | Vib moteur | 电机振动
        belt_slip_pct | Belt slip | Gurtschlupf | deslizamiento banda | Glissement bande | 皮带打滑率
        belt_scale_tph | Belt scale | Bandwaage | báscula t/h | Bascule débit | 皮带秤流量
        conv_running | Running | Band läuft | cinta en marcha | En marche | 运行
        start_count | Starts | Anz. Starts | n arranques | Nb démarrages | 启动次数
        hall_temp | Hall temp | Hallentemp | T nave | T hall | 车间温度
        run_hours | Hours | Bh Antrieb | horas func. | Compteur horaire | 累计运行小时
        """,
    )
    faults = (
        Fault(
            "gear_pitting",
            "Gear teeth are pitted and worn",
            (
                r"(gear|tooth|teeth|pinion|mesh).{0,30}(pit|wear|worn|damage|broke|crack|spall|scuff|chip|fault|defect|fatigue)",
                r"(pitt|worn|wear|damage|broken|crack|chipped|spall)\w*.{0,20}(gear|tooth|teeth|pinion)",
            ),
            (r"gear|bearing|lubric|\boil|align|mechanical",),
            ("gear_vibration",),
            (5 * DAY, 30 * DAY),
            "ISO 10825-1 wear and damage to gear teeth; ISO 20816-9; ISO 13373-2",
        ),
        Fault(
            "gear_oil_low",
            "Gearbox loses oil: its level is low",
            (
                r"(low|lack of|loss of|leak\w*|insufficient|poor|degraded|starv\w*).{0,25}(\boil|lubric)",
                r"^(?!.*(high|over|much|excess)).*(\boil|lubric\w*).{0,25}(low|leak|loss|lost|level|starv|insufficient|degrad|breakdown|fail)",
            ),
            (r"\boil|lubric|seal|gear ?box|bearing|cooling.{0,15}gear",),
            ("gear_oil_temp",),
            (DAY, 15 * DAY),
            "SEW-Eurodrive and Flender gear unit operating instructions: malfunctions, unit too hot, oil level",
        ),
        Fault(
            "gear_overfilled",
            "Gearbox holds too much oil after an oil change: it churns",
            (
                r"over-?fill|(too much|excess\w*).{0,15}(\boil|lubric)|churn",
                r"(\boil|lubric\w*).{0,25}(too high|excess|overfull|too much|viscosity|wrong grade|grade)",
            ),
            (r"\boil|lubric|gear ?box",),
            ("gear_oil_temp", "motor_current"),
            (0.0, MINUTE),
            "Flender and SEW-Eurodrive instructions: unit too hot, oil level too high; ISO/TR 14179-1 churning losses",
        ),
        Fault(
            "motor_cooling",
            "Motor is covered with dust: its fan and ribs no longer cool it",
            (
                r"(dust|dirt)\w*.{0,20}(motor|fin|rib)",
                r"(motor|fan|rib|fin|cooling).{0,30}(dust|dirt|clog|block|foul|cover|cooling|ventilat|fan\b|contamin)",
                r"(insufficient|poor|reduced|loss of|blocked|clogged|dirty|impaired).{0,20}(cool|ventilat|air|fan)",
            ),
            (r"cool|ventilat|\bfan\b|ambient|dust|overheat|winding",),
            ("winding_temp",),
            (2 * DAY, 30 * DAY),
            "NEMA MG 10 / IEC 60034-6; EASA root cause failure analysis: blocked ventilation",
        ),
        Fault(
            "phase_unbalance",
            "A loose terminal unbalances the motor's phase currents",
            (
                r"(phase|voltage|current|supply).{0,20}(un|im)-?balance",
                r"(un|im)-?balance\w*.{0,20}(phase|voltage|supply)",
                r"single[- ]?phas",
                r"(loose|high[- ]resistance|burnt|corroded).{0,20}(terminal|connection|contact|joint)",
                r"(lost|missing|loss of|failed) phase|phase (loss|failure|fault)|contactor|fuse",
            ),
            (r"supply|voltage|phase|terminal|connection|winding|stator|short(ed)? turn|electrical",),
            ("current_unbalance",),
            (10 * MINUTE, 4 * DAY),
            "NEMA MG 1-14.36 and IEC 60034-26: effect of unbalanced voltage on heating",
        ),
        Fault(
            "misalignment",
            "Coupling between motor and gearbox is misaligned after service",
            (
                r"mis-?align|align",
                r"coupling.{0,25}(worn|wear|damage|insert|element|fault)|soft foot|angular|parallel offset",
            ),
            (r"coupling|foundation|bolt|loose|imbalance|(un)balance|shaft|bearing|mechanical",),
            ("gear_vibration", "motor_vibration"),
            (0.0, MINUTE),
            "ISO 13373-3 annex; Piotrowski, Shaft Alignment Handbook",
        ),
        Fault(
            "idlers_seized",
            "Idlers have seized and the belt drags over them",
            (
                r"idler|roller",
                r"(belt|conveyor).{0,30}(drag|friction|rub|resistance|track)",
                r"(drag|friction|rub).{0,25}(belt|conveyor)",
            ),
            (r"mechanical (load|resistance|drag)|friction|drag|overload|brake|scraper|skirt|material build-?up|jam",),
            ("motor_current",),
            (DAY, 20 * DAY),
            "CEMA, Belt Conveyors for Bulk Materials, 6: idler friction factor Kx; DIN 22101",
        ),
        Fault(
            "drum_slip",
            "Belt slips on the drive drum: wet lagging or slack take-up",
            (
                r"\bslip",
                r"lagging|take-?up|(slack|loose|low).{0,10}(belt|tension)",
                r"(belt|tension).{0,15}(slack|loose|low|loss)",
            ),
            (r"belt|drum|pulley|tension|wet|overload",),
            ("belt_slip",),
            (MINUTE, 8 * HOUR),
            "CEMA, Belt Conveyors for Bulk Materials, 6: wrap factor and slack-side tension (Euler)",
        ),
    )

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.seed = int(rng.integers(2**31))
        self.capacity = rng.uniform(120, 620)  # t/h
        self.current = self.capacity * rng.uniform(0.16, 0.2)  # A at rated torque
        self.empty = rng.uniform(0.24, 0.32)  # torque of the empty conveyor, of rated
        self.full = rng.uniform(0.8, 0.88)
        self.heating = rng.uniform(70, 80)  # K of the winding at rated current
        self.oil = rng.uniform(40, 47)  # K of the gear oil at rated load
        self.gear_shake, self.motor_shake = rng.uniform(1.8, 2.8), rng.uniform(0.9, 1.6)
        self.unbalance = rng.uniform(0.8, 1.8)
        self.season = rng.uniform(4, 24)
        self.start, self.end = rng.uniform(5.8, 6.3), rng.choice([14.0, 22.0], p=[0.3, 0.7])
        self.hours, self.count = rng.uniform(2_000, 30_000), rng.integers(500, 9_000)

    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        fault = physics.severity(injection, times)
        outdoor, _ = physics.weather(times, physics.stream(self.seed, 1), self.season)
        hall = physics.lag(10 + 0.6 * outdoor, times, 3 * HOUR)
        now = physics.hour(times)
        pause = ((now > 9.0) & (now < 9.25)) | ((now > 12.0) & (now < 12.5)) | ((now > 18.0) & (now < 18.5))
        planned = (physics.workday(times) > 0) & (now >= self.start) & (now < self.end) & ~pause
        # Upstream the crusher or the silo stands still now and then.
        hiccup = physics.wander(times, physics.stream(self.seed, 2), 700.0) > 2.0
        running = np.where(planned & ~hiccup, 1.0, 0.0)
        draw = physics.wander(times, physics.stream(self.seed, 3), 900.0)
        load = physics.lag(running * np.clip(0.8 + 0.1 * draw, 0.0, 1.0), times, 60.0) * running

        worn, lost, over = fault("gear_pitting"), fault("gear_oil_low"), np.minimum(fault("gear_overfilled"), 1.8)
        # Main resistance grows with the friction of the idlers, slope resistance does not (DIN 22101).
        drag = self.empty * (1 + 1.0 * fault("idlers_seized")) + 0.1 * fault("idlers_seized") * load
        torque = drag + (self.full - self.empty) * load + 0.05 * over + 0.02 * lost
        # Slip: above what wrap and tension carry (Euler), the drum turns faster than the belt.
        wet = fault("drum_slip")
        slip = 0.9 + 1.1 * load + 14 * wet * (0.35 + 0.65 * load) + 10 * np.clip(torque - 1.2, 0, 1)
        torque = torque * (1 - 0.13 * np.clip(wet, 0, 2))
        magnetizing = 0.36
        current = np.sqrt(magnetizing**2 + (torque * 0.933) ** 2)

        loose = fault("phase_unbalance")
        unbalance = self.unbalance * (1.2 - 0.3 * load) + 9.0 * loose * (0.6 + 0.4 * load)
        # Extra heating is about twice the square of the voltage unbalance in %; the current's is six times as large.
        extra = 1 + 2 * (unbalance / 6.0) ** 2 / 100 + 0.8 * np.minimum(loose, 2) ** 1.5
        cooled = 1 / (1 + 0.8 * fault("motor_cooling"))
        winding = physics.lag(running * (8 + self.heating * current**2 * extra) / cooled, times, 2400.0)
        friction = self.oil * (0.35 + 0.65 * torque) * (1 + 0.75 * lost + 0.1 * worn) + 31 * over
        oil = physics.lag(running * friction, times, 4500.0)

        angle = np.minimum(fault("misalignment"), 1.8)
        gear = self.gear_shake * (0.7 + 0.3 * torque) + 5.6 * worn**1.3 * (0.4 + 0.6 * torque)
        gear = gear + 4.6 * angle * (0.8 + 0.2 * torque) + 1.4 * np.clip(lost - 0.6, 0, 2)
        motor = self.motor_shake + 4.2 * angle + 0.5 * worn + 0.9 * loose * (0.5 + 0.5 * load)
        started = np.cumsum(np.diff(running, prepend=running[0]) > 0)
        values = {
            "motor_current": self.current * current * running,
            "current_unbalance": unbalance * running,
            "winding_temp": hall + winding,
            "gear_oil_temp": hall + oil,
            "gear_vibration": gear * running + 0.1,
            "motor_vibration": motor * running + 0.1,
            "belt_slip": slip * running,
            "belt_load": load * self.capacity * (1 - 0.01 * np.clip(slip - 2, 0, 60)),
            "running": running,
            "starts": self.count + started,
            "hall_temp": hall,
            "run_hours": physics.counter(running, times, self.hours),
        }
        noise = {
            "motor_current": 0.006 * self.current,
            "current_unbalance": 0.15,
            "winding_temp": 0.4,
            "gear_oil_temp": 0.2,
            "gear_vibration": 0.15,
            "motor_vibration": 0.1,
            "belt_slip": 0.25,
            "belt_load": 0.006 * self.capacity,
            "hall_temp": 0.1,
        }
        out = physics.publish(self.metrics, values, noise, physics.stream(self.seed, 99))
        # The drive and the scale report nothing while the conveyor stands.
        gated = ("motor_current", "current_unbalance", "belt_slip", "belt_load")
        return out | {name: out[name] * running for name in gated}
