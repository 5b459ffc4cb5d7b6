"""A walk-in freezer: room and goods, evaporator with electric defrost, air-cooled condensing unit with R-404A."""

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
COOLING, IDLE, DEFROST, DRIP = range(4)


def _pressure(temperature: Floats) -> Floats:
    """Return the gauge pressure (bar) of saturated R-404A; Clausius-Clapeyron through REFPROP at -30 and 40 °C."""
    return np.asarray(np.exp(10.511 - 2381.0 / (temperature + 273.15)) - 1.013)


class ColdRoom(Machine):
    """One freezer room of a kitchen or shop with four timed defrosts a day and a thermostat with a differential."""

    kind = "cold_room"
    model = "Walk-in freezer room, R-404A condensing unit, electric defrost"
    parts = (
        r"evaporator|coil|defrost|heater|\bic(e|ed|ing)\b|frost|drip|drain|element|fan",
        r"condens(er|ing|abl)|compressor|refriger|charge|superheat|subcool|suction|discharge|liquid line|non-?cond",
        r"expansion|\b[te]xv\b|solenoid|drier|receiver|cycling|cut-?out|contactor|relay|timer|motor|phase|oil",
        r"door|gasket|seal|curtain|infiltrat|insulat|panel|goods|product|load(ed|ing)|stock|operator|left open",
        r"sensor|probe|thermostat|control|set ?point|differential|hysteresis|kitchen|store|ambient|room",
        physics.unless(
            r"burner|boiler|flame|fuel|chilled|tower|basin|gear|conveyor|belt|battery|duct|damper|pump|mixing",
            r"leak|dirt|foul|clog|block|air ?flow|pressure|temperature|capacity|"
            r"heat|cool|valve|filter|flow|load|demand|drift|moist|humid",
        ),
    )
    metrics: ClassVar[Mapping[str, Metric]] = {
        "room_temp": Metric("°C", 0.1),
        "set_point": Metric("°C", 0.5),
        "coil_temp": Metric("°C", 0.1),
        "suction_pressure": Metric("bar", 0.01),
        "discharge_pressure": Metric("bar", 0.1),
        "discharge_temp": Metric("°C", 0.5),
        "compressor_current": Metric("A", 0.1),
        "fan_current": Metric("A", 0.01),
        "mode": Metric(None, 1.0, "mode", ("cooling", "idle", "defrost", "drip")),
        "door": Metric(None, 1.0, "switch"),
        "ambient_temp": Metric("°C", 0.1),
        "starts": Metric(None, 1.0),
    }
    limits = (
        Limit("room_temp", high=-15.0, hold_s=1800.0),
        Limit("discharge_pressure", high=23.0, hold_s=120.0),
        Limit("suction_pressure", low=0.25, hold_s=180.0),
        Limit("door", high=0.5, hold_s=900.0),
    )
    names = physics.named(
        metrics,
        """
        air_temp | Freezer temperature | Raumtemp TK | T cámara | Temp chambre | 库温
        temp_setpoint | Freezer set point | Soll TK | consigna cámara | Consigne | 库温设定
        coil_temp | Evaporator probe | Verdampferfühler | sonda evaporador | Sonde dégivrage | 化霜探头温度
        p_suction | Suction pressure | ND | baja presión | BP | 吸气压力
        p_discharge | Head pressure | HD | alta presión | HP | 排气压力
        t_discharge | Discharge line temp | Druckrohrtemp | T descarga | T° refoulement | 排气温度
        comp_amps | Compressor amps | Strom Verdichter | consumo compresor A | I compresseur | 压缩机电流
        evap_fan_amps | Evaporator fans | Strom Verd.-Lüfter | I ventiladores | I ventilos évap | 冷风机电流
        ctrl_state | Status | Reglerstatus | estado | Etat régul | 工作模式
        door_open | Door | Türkontakt | puerta | Contact porte | 库门
        ambient_temp | Outside unit air temp | Umgebungstemp | T ambiente | T° extérieure | 环境温度
        comp_starts | Compressor starts | Starts Verd. | arranques comp | Nb démarrages | 启动次数
        """,
    )
    faults = (
        Fault(
            "low_charge",
            "Refrigerant has leaked out: the charge is low",
            (
                r"refrigerant.{0,30}(leak|loss|lost|low|lack|short|under)",
                r"(low|lack of|loss of|insufficient|leak\w*|short).{0,20}(refrigerant|charge|gas)|under-?charg",
            ),
            (r"refrigerant|charge|expansion|\b[te]xv\b|liquid line|drier|solenoid|superheat",),
            ("discharge_temp", "suction_pressure", "coil_temp"),
            (DAY, 25 * DAY),
            "Tassou and Grace 2005, Int. J. Refrigeration 28: refrigerant leak detection; Danfoss, Fitters Notes",
        ),
        Fault(
            "condenser_dirty",
            "Condenser is clogged with dust and grease",
            (
                r"condenser(?! (water|pump)).{0,30}(dirt|clog|block|foul|dust|grease|fan|air ?flow|obstruct)",
                r"(dirt|clog|block|foul|dust|grease|obstruct)\w*.{0,20}condens(er|ing)",
                r"(poor|insufficient|reduced|lack of) (heat rejection|condenser (cooling|air))",
            ),
            (r"condens|heat rejection|over-?charg|high ambient|head pressure",),
            ("discharge_pressure", "discharge_temp", "compressor_current"),
            (4 * DAY, 40 * DAY),
            "Breuker and Braun 1998, HVAC&R Research 4(3): condenser fouling; Master-Bilt service manuals",
        ),
        Fault(
            "heater_welded",
            "Defrost heater stays on: its contactor is welded",
            (
                r"(heater|defrost\w*).{0,35}(weld|stuck|stay|on all|always|does not (stop|end)|contactor|relay)",
                r"(weld|stuck)\w*.{0,20}(contactor|relay|heater|defrost)|heater.{0,15}\bon\b|defrost.{0,20}terminat",
            ),
            (r"defrost|heater|heating element|contactor|heat (load|source)",),
            ("room_temp", "coil_temp", "suction_pressure"),
            (0.0, MINUTE),
            "Heatcraft H-IM-82C and Bohn unit cooler manuals, system troubleshooting: heaters on all the time",
        ),
        Fault(
            "fan_failure",
            "Evaporator fans have failed",
            (
                r"(evaporator|unit cooler|circulat\w*|room|cooler).{0,8} fan",
                r"^(?!.*conden).*\bfans?\b.{0,25}(fail|stop|fault|motor|broken|seiz|block|stall|not run|defect)",
                r"^(?!.*conden).*(fail|stop|fault|stall|broken|seiz)\w*.{0,12}\bfans?\b",
                r"^(?!.*conden).*(insufficient|reduced|loss of|lack of|low|poor) (evaporator )?air ?(flow|circulat)",
            ),
            (r"^(?!.*conden).*(\bfan|air ?flow)|evaporator|\bic(e|ed|ing)\b|frost",),
            ("fan_current", "suction_pressure", "coil_temp"),
            (0.0, 2 * HOUR),
            "Breuker and Braun 1998, HVAC&R Research 4(3): evaporator air flow; Danfoss, Fitters Notes",
        ),
        Fault(
            "defrost_failed",
            "Defrost heaters do not heat: the evaporator ices up",
            (
                r"(evaporator|coil|cooler).{0,25}(\bic(e|ed|es|ing)\b|frost|frozen|froze)",
                r"(\bic(e|ed|ing)\b|frost(ed)?|frozen)\b.{0,25}(evaporator|coil|cooler|block|build)|ice build",
                r"(heater|defrost\w*).{0,30}(fail|fault|not heat|burn|open|incompl|insuff|inoperat|defect)",
                r"(no|failed|incomplete|faulty|insufficient|missed|defective|burnt) (defrost|heater)",
            ),
            (r"defrost|evaporator|\bic(e|ed|ing)\b|frost|heater|air ?flow",),
            ("coil_temp", "suction_pressure"),
            (HOUR, 3 * DAY),
            "ASHRAE Handbook Refrigeration, forced-circulation air coolers; Heatcraft H-IM-82C troubleshooting",
        ),
        Fault(
            "gasket_leak",
            "Door gasket leaks: moist warm air comes in",
            (
                r"gasket|(door|curtain).{0,20}(seal|leak|heater|hinge|worn|damag|closer|not (clos|seal))|infiltrat",
                r"(seal|leak\w*|worn|damaged).{0,15}door|air leak|warm air",
            ),
            (r"door|insulat|panel|heat (gain|load)|moist|humid|\bic(e|ed|ing)\b|frost",),
            ("starts", "mode", "room_temp", "coil_temp"),
            (6 * HOUR, 12 * DAY),
            "Cleland 1996, ASHRAE, and Gosney and Olama 1975, Proc. Inst. Refrig. 72: infiltration through doorways",
        ),
        Fault(
            "door_open",
            "Door was left open",
            (r"door.{0,20}(open|ajar|not (been )?(clos|shut)|propped)|(open|ajar)\w*.{0,10}door", r"left open"),
            (r"door|infiltrat|warm air|operator|load(ing|ed)|gasket|heat load",),
            ("door", "room_temp"),
            (0.0, 0.0),
            "Gosney and Olama 1975, Proc. Inst. Refrig. 72: enthalpy gains through cold room doorways",
        ),
        Fault(
            "short_cycling",
            "Compressor short-cycles: the thermostat's differential was set too small",
            (
                r"short[- ]?cycl|(too|very) (frequent|many|often).{0,20}(start|cycl|switch)|frequent (start|cycl)",
                r"differential|hysteresis|dead ?band",
            ),
            (r"thermostat|control|cycling|pressure (switch|control)|starts|set ?point|over-?siz",),
            ("starts", "mode"),
            (0.0, 0.0),
            "ASHRAE Handbook Refrigeration, compressor controls; Bitzer KT-130, permitted starts an hour",
            silent=True,
        ),
    )

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.seed = int(rng.integers(2**31))
        self.set_point = float(rng.choice([-18.0, -19.0, -20.0]))
        self.season = rng.uniform(8.0, 21.0)
        self.current, self.fan = rng.uniform(6, 19), rng.uniform(0.9, 2.4)  # A
        # Loads, in units of the cooling capacity at -26 °C evaporating and 40 °C condensing.
        self.walls, self.traffic, self.heater = rng.uniform(0.2, 0.26), rng.uniform(0.16, 0.26), rng.uniform(0.95, 1.15)
        self.lift = rng.uniform(9.0, 12.0)  # K between condensing and ambient at full load
        self.air, self.goods = rng.uniform(170, 240), rng.uniform(2_200, 5_500)  # s of full capacity per K
        self.phase = rng.uniform(0, 6)  # h
        self.start, self.end = rng.uniform(6, 9), rng.uniform(17, 22)
        self.count = rng.integers(2_000, 60_000)

    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        fault = physics.severity(injection, times)
        outdoor, _ = physics.weather(times, physics.stream(self.seed, 1), self.season)
        kitchen = physics.lag(19 + 0.25 * outdoor, times, 2 * HOUR)
        share, door = self._door(times)
        opened = fault("door_open") > STUCK
        # Infiltration through an open doorway is several times the design load (Gosney and Olama).
        entering = 4.0 * self.traffic * share + 0.04 + 0.62 * fault("gasket_leak") + np.where(opened, 1.5, 0.0)
        room, coil, low, high, mode, starts = self._run(times, kitchen, outdoor, entering, fault)
        mass = np.clip(1 + 0.04 * (low + 26), 0.2, 1.6)
        amps = self.current * (0.35 + 0.65 * mass * (high - low) / 64) * (mode == COOLING)
        discharge = np.where(mode == COOLING, high + 0.62 * (high - low) + 22 * fault("low_charge"), outdoor + 8)
        values = {
            "room_temp": room,
            "set_point": np.full_like(room, self.set_point),
            "coil_temp": coil,
            "suction_pressure": _pressure(low),
            "discharge_pressure": _pressure(high),
            "discharge_temp": physics.lag(discharge, times, 400.0),
            "compressor_current": amps,
            "fan_current": np.where(mode <= IDLE, self.fan * np.maximum(1 - 0.97 * fault("fan_failure"), 0.02), 0.0),
            "mode": mode,
            "door": np.where(opened, 1.0, door),
            "ambient_temp": outdoor,
            "starts": self.count + starts,
        }
        noise = {"room_temp": 0.1, "coil_temp": 0.15, "suction_pressure": 0.015, "discharge_pressure": 0.06}
        noise |= {"discharge_temp": 0.4, "ambient_temp": 0.1}
        ripple = 1 + 0.01 * physics.stream(self.seed, 98).standard_normal(len(times))
        values |= {name: values[name] * ripple for name in ("compressor_current", "fan_current")}
        return physics.publish(self.metrics, values, noise, physics.stream(self.seed, 99))

    def _door(self, times: Floats) -> tuple[Floats, Floats]:
        """Return the share of each interval in which the door is open, and the door's contact at its end."""
        ticks = np.arange(0.0, times[-1] + MINUTE, 20.0)
        wish = physics.wander(ticks, physics.stream(self.seed, 2), 80.0)
        open_now = np.where(wish > 2.2 - 0.9 * physics.busy(ticks, self.start, self.end), 1.0, 0.0)
        open_now[physics.hour(ticks) < 5.0] = 0.0
        total, step = np.cumsum(open_now) * 20.0, physics.step_of(times)
        share = (np.interp(times, ticks + 20, total) - np.interp(times - step, ticks + 20, total)) / step
        return share, open_now[(times // 20).astype(int)]

    def _run(
        self, times: Floats, kitchen: Floats, outdoor: Floats, entering: Floats, fault: physics.Severity
    ) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
        """Return room, coil, evaporating and condensing temperature (°C), mode and starts, by heat balances."""
        step = physics.step_of(times)
        count = max(int(np.ceil(step / SUBSTEP_S)), 1)
        part = step / count
        names = ["low_charge", "condenser_dirty", "heater_welded", "fan_failure", "defrost_failed", "short_cycling"]
        air = probe = self.set_point + 0.5
        goods, coil, ice, low, high = self.set_point + 0.4, self.set_point - 5, 0.1, -20.0, outdoor[0] + 3.0
        mode, since, starts, rows = IDLE, HOUR, 0, []
        columns = [values.tolist() for values in (times, kitchen, outdoor, entering, *(fault(name) for name in names))]
        for time, warm, ambient, inflow, charge, dirt, weld, stop, dead, narrow in zip(*columns, strict=True):
            cut_in, cut_out = (self.set_point + side * (0.1 if narrow > STUCK else 1.0) for side in (1, -1))
            welded = self.heater * min(weld, 1.0)
            turning = max(1 - 0.97 * stop, 0.02)
            for turn in range(count):
                since += part
                now = (time - (count - 1 - turn) * part) / HOUR + self.phase
                if mode <= IDLE and now % 6.0 < part / HOUR:
                    mode, since = DEFROST, 0.0
                elif mode == DEFROST and (coil > 10.0 or since > 35 * MINUTE):
                    mode, since = DRIP, 0.0
                elif since > 4 * MINUTE if mode == DRIP else mode == IDLE and probe > cut_in and since >= MINUTE:
                    mode, since, starts = COOLING, 0.0, starts + 1
                elif mode == COOLING and (probe < cut_out or low < -44.5 or high > 58.0):
                    # The thermostat, or the low or high pressure switch with its delay.
                    mode, since = IDLE, 0.0 if probe < cut_out else -2 * MINUTE

                heat = self.walls * (warm - air) / 42 + inflow * (warm - air) / 42
                if mode == COOLING:
                    # Evaporator K (Ta - Te) = compressor; both linear in Te. Frost and missing charge take K.
                    pass_k = turning**0.8 * (1 - 0.45 * min(charge, 1.8)) / 6.5 / (1 + (0.9 * ice) ** 2)
                    fixed = 1 - 0.01 * (high - 40)
                    # Maximum operating pressure of the valve; with vapour in the liquid line it passes less.
                    limit = max(1.15 - 0.75 * charge, 0.1)
                    low_now = min((pass_k * air - fixed - 1.04) / (pass_k + 0.04), (limit - fixed) / 0.04 - 26)
                    cooling = max(fixed + 0.04 * (low_now + 26), 0.02)
                    low += (low_now - low) * (1 - np.exp(-part / 60.0))
                    lift = self.lift * (1 + 2.6 * dirt) * cooling * 1.1
                    high += (max(ambient + lift, 26.0) - high) * (1 - np.exp(-part / 120.0))
                    coil += (low + 1.2 + 9 * welded - coil) * (1 - np.exp(-part / 60.0))
                    heat += 0.07 * turning + welded - cooling
                    ice += 0.45 * inflow * part / 2_160 if low < air - 1 else 0.0
                else:
                    low += (min(air, 5.0) - 2.0 - low) * (1 - np.exp(-part / 400.0))
                    high += (ambient + 2 - high) * (1 - np.exp(-part / 600.0))
                    power = max(welded, self.heater * (1 - min(dead, 1.0)) if mode == DEFROST else 0.0)
                    if mode == IDLE:
                        coil += (air + 12 * welded - coil) * (1 - np.exp(-part / 300.0))
                        heat += 0.07 * turning + welded
                    else:
                        melting = coil > 0.0 and ice > 0.0
                        gain = (power - 0.006 * (coil - air)) * part
                        ice = max(ice - max(gain, 0.0) / 450, 0.0) if melting else ice
                        coil += gain * (0.25 if melting else 1.0) / 26
                        heat += 0.22 * power + 0.004 * max(coil - air, 0.0)
                exchange = 0.3 * (goods - air)
                air += (heat + exchange) * part / self.air
                goods -= exchange * part / self.goods
                probe += (air - probe) * (1 - np.exp(-part / 90.0))
            rows.append((probe, coil, low, high, float(mode), float(starts)))
        found = np.array(rows).T
        return found[0], found[1], found[2], found[3], found[4], found[5]
