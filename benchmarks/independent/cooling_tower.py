"""An open cooling tower for condenser water, with basin, make-up, blowdown and a speed-controlled fan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from benchmarks.independent import physics
from benchmarks.independent.machine import Fault, Floats, Injection, Limit, Machine, Metric

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


class CoolingTower(Machine):
    """One induced-draught cell. Its fan holds the cold-water temperature; conductivity opens the blowdown valve."""

    kind = "cooling_tower"
    model = "Open cooling tower, induced draught, with basin and water treatment"
    parts = (
        r"tower|\bfill\b|pack(ing)?\b|eliminator|(?<!burner )nozzle",
        r"spray|distribut|louv|basin|sump|strainer|cooling water",
        r"(?<!condenser )\bfan\b|blade|gear|belt|motor|inverter|\bvfd\b|bearing|balanc|shaft|coupling|\bice\b",
        r"make-?up|float|blow-?down|bleed|drain|overflow|evaporat(ion|ive)|conductivity|cycles|dos(ing|age)",
        r"(?<!boiler )scal(e|ing)|biofilm|algae|corros|legionella|water treatment|inhibitor|chemical",
        r"recirculat|exhaust|re-?(entrain|ingest)|air (flow|intake|inlet)",
        r"wind\b|wet.?bulb|humid|weather|ambient|outdoor",
        r"\bpump|process|chiller|condenser|heat exchanger|probe|sensor",
        r"transmitter|electrode|control|set ?point|power supply",
        physics.unless(
            r"refriger|compress|burner|boiler|flame|fuel|conveyor|battery|solar|heating|icing|damper|duct|evaporator",
            r"leak|clog|block|foul|dirt|valve|level|water|flow|pipe|heat|"
            r"load|approach|cooling|temperature|vibration|drift",
        ),
    )
    metrics: ClassVar[Mapping[str, Metric]] = {
        "cold_water_temp": Metric("°C", 0.1),
        "hot_water_temp": Metric("°C", 0.1),
        "water_flow": Metric("m3/h", 0.5),
        "fan_speed": Metric("%", 1.0),
        "fan_power": Metric("kW", 0.1),
        "fan_vibration": Metric("mm/s", 0.1),
        "basin_level": Metric("%", 0.5),
        "makeup_flow": Metric("m3/h", 0.01),
        "conductivity": Metric("µS/cm", 5.0),
        "blowdown": Metric(None, 1.0, "switch"),
        "outdoor_temp": Metric("°C", 0.1),
        "humidity": Metric("%", 1.0),
    }
    limits = (
        Limit("cold_water_temp", high=28.2, hold_s=600.0),
        Limit("basin_level", low=45.0, high=92.0, hold_s=300.0),
        Limit("conductivity", high=2400.0, hold_s=600.0),
        Limit("fan_vibration", high=9.0, hold_s=60.0),  # CTI STD-163, between alarm and shutdown for a gear drive
    )
    names = physics.named(
        metrics,
        """
        cold_water_temp | Cold water temp | KW-Temp Becken | T agua fría | T eau froide | 出塔水温
        hot_water_temp | Hot water temp | WW-Temp Eintritt | T agua caliente | T eau chaude | 进塔水温
        cw_flow | Circulating flow | Umlaufmenge | caudal circulación | Débit circulation | 循环水量
        fan_speed_pct | Fan speed | Vent Drehzahl | velocidad ventilador | Vitesse ventilo | 风机频率
        fan_kw | Fan power | Vent Leistung | potencia vent | Puissance ventilo | 风机功率
        fan_vib | Fan vibration | Vent Schwingung | vibración vent | Vib ventilateur | 风机振动
        basin_level | Basin level | Beckenstand | nivel balsa | Niveau bassin | 集水池液位
        makeup_flow | Make-up flow | Zusatzwasser | agua aporte | Eau d'appoint | 补水流量
        conductivity | Conductivity | LF | conductividad | Conductivité | 电导率
        blowdown_open | Blowdown | Absalzung | purga | Purge déconcentration | 排污阀
        oat | Outdoor temp | AT | T exterior | T ext. | 室外温度
        oa_rh | Outdoor RH | rF außen | HR exterior | HR ext. | 室外湿度
        """,
    )
    faults = (
        Fault(
            "fill_scale",
            "Fill of the tower is scaled and fouled",
            (
                r"\bfill\b|packing|tower pack",
                r"tower.{0,25}(scal|foul|dirt|degrad|deteriorat)|(scal|foul|dirt|biofilm|algae)\w*.{0,25}tower",
            ),
            (r"scal(e|ing)|foul|biofilm|algae|nozzle|distribution|heat (transfer|rejection)|tower (perform|capacity)",),
            ("fan_speed", "fan_power", "cold_water_temp"),
            (7 * DAY, 45 * DAY),
            "ASHRAE Handbook HVAC Systems and Equipment, cooling towers; CTI ATC-105; Hill, Cooling Towers",
        ),
        Fault(
            "nozzles",
            "Nozzles and distribution basin clog: less water, badly spread",
            (
                r"nozzle|spray|distribut(ion|or)",
                r"(clog|block|plug)\w*.{0,25}(strainer|pipe|line|water (circuit|flow))|strainer",
                r"(low|reduced|restricted|loss of).{0,20}(water|circulat\w*|condenser).{0,10}flow",
            ),
            (r"pump|valve|flow|clog|block|\bfill\b|foul|scal",),
            ("water_flow", "hot_water_temp"),
            (12 * HOUR, 10 * DAY),
            "SPX/Marley cooling tower maintenance manual: plugged nozzles; CIBSE Guide M, cooling towers",
        ),
        Fault(
            "fan_unbalance",
            "Fan blade is damaged or has changed its pitch: the fan is out of balance",
            (r"(un|im|out of |off )-?balance", r"blade|fan (wheel|rotor|hub).{0,20}(damage|loose|crack|deposit)"),
            (r"bearing|gearbox|gear|shaft|align|loose|\bice\b|icing|\bfan\b.{0,25}(damage|fault|mechanical)",),
            ("fan_vibration",),
            (HOUR, 6 * DAY),
            "CTI STD-163 vibration limits in cooling towers; ISO 13373-3",
        ),
        Fault(
            "air_recirculation",
            "Exhaust air is drawn into the intake again",
            (
                r"(exhaust|discharge|air|plume|hot|moist).{0,25}recirculat",
                r"recirculat\w*.{0,25}(exhaust|air|plume|tower)",
                r"short[- ]?circuit\w*.{0,15}air|interference",
                r"re-?(entrain|ingest)|exhaust.{0,25}(intake|inlet|again|back)",
            ),
            (r"(air|intake|inlet|louv\w*).{0,25}(block|obstruct|restrict|clog)|air ?flow|wind|wet.?bulb|louv",),
            ("fan_speed", "cold_water_temp"),
            (10 * MINUTE, 6 * HOUR),
            "CTI PTG-110 / Hill, Cooling Towers: recirculation and interference raise the entering wet bulb",
        ),
        Fault(
            "blowdown_shut",
            "Blowdown valve does not open: salts concentrate",
            (
                r"(blow-?down|bleed|purge|desalin\w*).{0,40}(valve|stuck|block|clog|clos|shut|fail|not|line|solenoid|insufficient)",
                r"(no|lack of|insufficient|blocked|failed|stuck).{0,20}(blow-?down|bleed)",
            ),
            (r"blow-?down|bleed|conductiv|concentrat|cycles|water treatment",),
            ("conductivity",),
            (2 * HOUR, 2 * DAY),
            "CTI / ASHRAE Handbook HVAC Applications, water treatment: cycles of concentration",
        ),
        Fault(
            "conductivity_probe",
            "Conductivity probe is fouled and reads low: too little blowdown",
            (
                r"(conductiv\w*|salinity).{0,20}(sensor|probe|electrode|cell|meter|reading|measure|drift|calibrat)",
                r"(sensor|probe|electrode).{0,25}(foul|drift|dirt|coat|low|calibrat|error|offset)",
            ),
            (r"sensor|probe|calibrat|conductiv|blow-?down|bleed",),
            ("conductivity", "blowdown", "makeup_flow"),
            (3 * DAY, 20 * DAY),
            "Walchem / Advantage Controls manuals: fouled toroidal or contacting electrodes read low",
            silent=True,
        ),
        Fault(
            "makeup_lost",
            "Make-up water does not reach the basin",
            (
                r"^(?!.*(open|leak|pass|not (close|shut))).*make-?up.{0,30}(block|stuck|clos|fail|loss|clog)",
                r"make-?up.{0,30}(interrupt|lost|supply|reach)",
                r"(loss|lack|no|insufficient|low|blocked|failed).{0,15}(of )?make-?up",
                r"^(?!.*(open|not|leak|pass)).*(float|fill) valve.{0,20}(stuck|clos|shut|block|fail)",
            ),
            (r"make-?up|float|valve|leak|(loss|lack) of water|low (basin )?level|drain",),
            ("makeup_flow", "basin_level"),
            (MINUTE, 4 * HOUR),
            "CIBSE Guide M; Baltimore Aircoil operation manual: float valve and make-up supply",
        ),
        Fault(
            "float_valve",
            "Float valve leaks: the basin overflows and the water is diluted",
            (
                r"(float|make-?up|fill)\b.{0,25}(leak|open|pass|not (clos|seat|shut)|worn|overflow|excess)",
                r"(float|make-?up) valve.{0,10}stuck open",
                r"over-?flow|over-?fill",
            ),
            (r"make-?up|level|valve|excess\w* water|leak",),
            ("makeup_flow", "basin_level"),
            (10 * MINUTE, 3 * DAY),
            "SPX/Marley and Baltimore Aircoil manuals: overflow from a float valve that does not seat",
        ),
    )

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.seed = int(rng.integers(2**31))
        self.flow = rng.uniform(60, 320)  # m3/h of circulating water
        self.range = rng.uniform(5.0, 6.0)  # K at full load
        self.summer = rng.uniform(18.0, 20.2)
        self.set_point = float(rng.choice([23.5, 24.0, 24.5]))
        # NTU of the counterflow fill at rated flows, from an approach of 4 to 5 K at 21 °C wet bulb.
        self.ntu = rng.uniform(0.88, 0.98)
        self.makeup_salt = rng.uniform(420, 620)
        self.cycles = 1800.0  # µS/cm at which the blowdown valve opens
        self.volume = 0.11 * self.flow
        self.power = 0.045 * self.flow
        self.shake = rng.uniform(2.0, 3.4)
        self.base, self.start, self.end = rng.uniform(0.45, 0.6), rng.uniform(5, 7), rng.uniform(18, 22)
        self.float_level = rng.uniform(68, 74)

    def _capacity(self, cold: Floats, warming: Floats, speed: Floats, air: Floats, ntu: Floats, flow: Floats) -> Floats:
        """Return the heat (kJ/kg of water at rated flow) that the fill gives to air of enthalpy ``air``."""
        hot = cold + warming
        slope = np.maximum((physics.enthalpy(hot) - physics.enthalpy(cold)) / np.maximum(warming, 0.1), 1.0)
        gas = np.maximum(1.15 * speed, 0.06)  # kg of air a kg of water; a little natural draught remains
        # Effectiveness of a counterflow tower: Braun, Klein and Mitchell 1989, ASHRAE Transactions 95(2).
        ratio = np.clip(gas * slope / 4.19 / flow, 0.02, 50.0)
        transfer = ntu * (flow / gas) ** 0.4 * 1.05
        decay = np.exp(-np.minimum(transfer * np.abs(1 - ratio) + 1e-4, 30.0))
        small = (1 - decay) / np.maximum(1 - np.minimum(ratio, 1 / ratio) * decay, 1e-6)
        effectiveness = np.where(ratio < 1, small, small / ratio)
        return np.asarray(effectiveness * gas * (physics.enthalpy(hot) - air))

    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        fault = physics.severity(injection, times)
        outdoor, humidity = physics.weather(times, physics.stream(self.seed, 1), self.summer)
        work = physics.workday(times, 6) * physics.busy(times, self.start, self.end, 1.0)
        draw = physics.wander(times, physics.stream(self.seed, 2), 1800.0)
        load = self.base + (0.92 - self.base) * work + 0.03 * draw
        load = physics.lag(np.clip(load, 0.2, 1.0), times, 600.0)

        clogged = fault("nozzles")
        flow = np.maximum(1 - 0.25 * clogged, 0.3)
        warming = self.range * load / flow
        ntu = self.ntu * np.maximum(1 - 0.52 * fault("fill_scale") - 0.46 * clogged, 0.15)
        bulb = physics.wet_bulb(outdoor, humidity) + 6.0 * fault("air_recirculation") * (0.6 + 0.4 * load)
        air = physics.enthalpy(bulb)
        heat = 4.19 * self.range * load

        # Bisection for the fan speed that holds the set point, then for the temperature that full or no fan reaches.
        ones = np.ones(len(times))
        low, high = np.zeros(len(times)), ones
        for _ in range(14):
            middle = (low + high) / 2
            enough = self._capacity(self.set_point * ones, warming, middle, air, ntu, flow) > heat
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        speed = np.where(high < 0.02, 0.0, high)
        cool, warm = np.full(len(times), -5.0), np.full(len(times), 70.0)
        for _ in range(16):
            middle = (cool + warm) / 2
            enough = self._capacity(middle, warming, speed, air, ntu, flow) > heat
            cool, warm = np.where(enough, cool, middle), np.where(enough, middle, warm)
        cold = physics.lag(cool, times, 500.0)
        speed = physics.lag(speed, times, 120.0)

        evaporation = 0.85 * heat / 2430 * self.flow  # m3/h; the rest of the heat is sensible
        salt, level, makeup, open_valve = self._basin(times, evaporation, fault)
        shake = speed**1.5 * (self.shake + 12 * fault("fan_unbalance")) + 0.4
        values = {
            "cold_water_temp": cold,
            "hot_water_temp": physics.lag(cold + warming, times, 120.0),
            "water_flow": flow * self.flow * np.clip(level / 8, 0.2, 1.0),  # an empty basin starves the pump
            "fan_speed": 100 * speed,
            "fan_power": self.power * (0.02 + 0.98 * speed**3),
            "fan_vibration": shake,
            "basin_level": level,
            "makeup_flow": makeup,
            "conductivity": salt,
            "blowdown": open_valve,
            "outdoor_temp": outdoor,
            "humidity": humidity,
        }
        noise = {
            "cold_water_temp": 0.08,
            "hot_water_temp": 0.08,
            "water_flow": 0.006 * self.flow,
            "fan_speed": 0.4,
            "fan_power": 0.01 * self.power,
            "fan_vibration": 0.2,
            "basin_level": 0.4,
            "makeup_flow": 0.004 * self.flow / 100,
            "conductivity": 6.0,
            "outdoor_temp": 0.1,
            "humidity": 0.6,
        }
        return physics.publish(self.metrics, values, noise, physics.stream(self.seed, 99))

    def _basin(
        self, times: Floats, evaporation: Floats, fault: physics.Severity
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Return conductivity as read, level (%), make-up (m3/h) and blowdown valve by mass balance."""
        hours = physics.step_of(times) / 3600
        rated = float(0.85 * 4.19 * self.range / 2430 * self.flow)
        shut, probe = fault("blowdown_shut"), fault("conductivity_probe")
        lost, leak = np.clip(fault("makeup_lost"), 0, 1), fault("float_valve")
        salt, level, is_open = 0.9 * self.cycles, self.float_level, False
        rows = []
        series = zip(evaporation.tolist(), shut.tolist(), probe.tolist(), lost.tolist(), leak.tolist(), strict=True)
        for evaporated, shut_now, fouled, lost_now, leaking in series:
            reading = salt * max(1 - 0.25 * fouled, 0.3)
            is_open = reading > self.cycles if not is_open else reading > 0.93 * self.cycles
            purge = 1.1 * rated * is_open * max(1 - 1.3 * shut_now, 0.0)
            steps = max(int(hours / 0.02), 1)
            share = hours / steps
            for _ in range(steps):
                # Float valve: proportional to the level below its seat; a bad seat always passes water.
                inflow = min(max(self.float_level + 3 - level, 0.0) / 5 + 1.3 * leaking, 4.0) * rated * (1 - lost_now)
                over = max(level - 95, 0.0) / 2 * rated + 0.02 * rated  # overflow and drift
                # A basin that is nearly empty has no water left to evaporate or to drain.
                left = min(level / 5, 1.0)
                gain = inflow - left * (evaporated + purge + over)
                level = min(max(level + gain * share / (0.45 * self.volume) * 100, 0.0), 100.0)
                salt += share / self.volume * (inflow * (self.makeup_salt - salt) + left * evaporated * salt)
                salt = min(salt, 9_990.0)  # the end of the probe's range
            rows.append((reading, level, inflow, float(is_open)))
        found = np.array(rows).T
        return found[0], found[1], found[2], found[3]
