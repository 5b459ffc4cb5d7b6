"""A domestic air-to-water heat pump with inverter, radiators or floor by a heating curve, and an immersion heater."""

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
OFF, HEATING, DEFROST, HOT_WATER = range(4)


class HeatPump(Machine):
    """One monobloc unit of a house in winter: it defrosts on demand and calls the heater when it falls far behind."""

    kind = "heat_pump"
    model = "Air-to-water heat pump, inverter, with immersion heater"
    parts = (
        r"refriger|charge|compressor|evaporator|condens|expansion|\b[te]xv\b|superheat|subcool|hot gas|oil|drier",
        r"(outdoor|outside) (unit|coil|fan)|coil|\bfan\b|fins?\b|\bic(e|ed|ing)\b|frost|(four|4)[- ]way|reversing",
        r"pump|circulat|strainer|filter|air ?lock|\bair\b|water flow|flow rate|radiator|floor|circuit|buffer|mixing",
        r"heater|immersion|auxiliary|back-?up|booster|element|contactor|relay",
        r"curve|set ?point|sensor|probe|thermistor|control|thermostat|inverter|phase|power supply|cycling",
        r"window|door|demand|heat(ing)? (load|loss)|insulat|occup|weather|outdoor temp|room|house",
        physics.unless(
            r"burner|flame|boiler|fuel|gas leak|gear|conveyor|belt|battery|tower|damper|duct|basin",
            r"leak|clog|block|foul|dirt|leaves|snow|valve|flow|pressure|capacity|temperature|drift|heat",
        ),
    )
    metrics: ClassVar[Mapping[str, Metric]] = {
        "flow_temp": Metric("°C", 0.1),
        "return_temp": Metric("°C", 0.1),
        "flow_setpoint": Metric("°C", 0.1),
        "water_flow": Metric("l/min", 0.1),
        "outdoor_temp": Metric("°C", 0.1),
        "coil_temp": Metric("°C", 0.1),
        "discharge_temp": Metric("°C", 0.5),
        "compressor_speed": Metric("Hz", 1.0),
        "power": Metric("kW", 0.01),
        "aux_heater": Metric(None, 1.0, "switch"),
        "mode": Metric(None, 1.0, "mode", ("off", "heating", "defrost", "hot water")),
        "room_temp": Metric("°C", 0.1),
    }
    limits = (
        Limit("room_temp", low=18.5, hold_s=1800.0),
        Limit("water_flow", low=9.0, hold_s=300.0),
        Limit("discharge_temp", high=105.0, hold_s=300.0),
        Limit("aux_heater", high=0.5, hold_s=1.5 * HOUR),
    )
    names = physics.named(
        metrics,
        """
        supply_temp | Flow temperature | Vorlauf | T ida | Départ eau | 供水温度
        return_temp | Return temperature | Rücklauf | T retorno | Retour eau | 回水温度
        target_flow_temp | Target flow temp | VL-Soll | consigna ida | Consigne départ | 目标水温
        flow_rate | Flow rate | Volumenstrom | caudal agua | Débit eau | 水流量
        outdoor_temp | Outdoor temp | Außenfühler | T exterior | Sonde ext. | 室外温度
        evap_coil_temp | Outdoor coil temp | Verdampfer Temp | T evaporador | T° évaporateur | 外机盘管温度
        hot_gas_temp | Hot gas temp | Heißgas | T descarga | T° refoulement | 排气温度
        compressor_hz | Compressor frequency | Verdichter Hz | frecuencia compresor | Fréq. compresseur | 压缩机频率
        power_kw | Power consumption | Leistungsaufnahme | potencia eléctrica | Puissance PAC | 输入功率
        aux_heat | Immersion heater | Heizstab | resistencia apoyo | Appoint élec. | 电辅热
        hp_mode | Operating mode | Betriebsart WP | modo bomba | Mode PAC | 运行模式
        indoor_temp | Living room | Wohnzimmer | T salón | T° séjour | 室内温度
        """,
    )
    faults = (
        Fault(
            "low_refrigerant",
            "Refrigerant has leaked out: the charge is low",
            (
                r"refrigerant.{0,30}(leak|loss|lost|low|lack|short|under)",
                r"(low|lack of|loss of|insufficient|leak\w*|short).{0,20}(refrigerant|charge|gas)|under-?charg",
            ),
            (r"refrigerant|charge|expansion|\b[te]xv\b|superheat|compressor",),
            ("discharge_temp", "compressor_speed", "coil_temp"),
            (DAY, 25 * DAY),
            "Domanski, Henderson and Payne 2014, NIST TN 1848; Madani and Roccatello 2014, Int. J. Refrigeration 48",
        ),
        Fault(
            "water_restricted",
            "Strainer in the heating circuit clogs: too little water flows",
            (
                r"strainer|filter|air ?lock|(trapped|entrained) air|\bair in\b",
                r"(low|reduced|restrict|insuff|lack|loss|too little)\w*.{0,20}(water|circulat|heating).{0,15}flow",
                r"water flow.{0,20}(low|restrict|insuff|reduc|block)|circulat|water pump|^(?!.*heat pump).*\bpump",
                r"(clog|block|sludge|dirt)\w*.{0,25}(circuit|pipe|line|plate|valve)|sludge",
            ),
            (r"\bflow\b|circulation|valve|clog|block|heating circuit|\bpump",),
            ("water_flow", "return_temp", "flow_temp"),
            (HOUR, 8 * DAY),
            "Madani and Roccatello 2014, Int. J. Refrigeration 48; Siegenthaler, Modern Hydronic Heating",
        ),
        Fault(
            "coil_fouled",
            "Outdoor coil is clogged with leaves and dirt",
            (
                r"(coil|evaporator|outdoor unit|fins?|exchanger).{0,30}(clog|block|dirt|foul|leaves|obstruct|snow)",
                r"(clog|block|dirt|foul|leaves|obstruct|snow)\w*.{0,25}(coil|evaporator|outdoor unit|fins?)",
                r"(outdoor|evaporator|unit).{0,6} fan|(low|reduced|insufficient|poor|restricted) (outdoor )?air ?flow",
            ),
            (r"coil|evaporator|\bfan\b|air ?flow|frost|\bic(e|ed|ing)\b|defrost",),
            ("coil_temp", "compressor_speed", "mode"),
            (DAY, 20 * DAY),
            "Yoon, Payne and Domanski 2011, Applied Thermal Engineering 31: improper outdoor air flow in heating",
        ),
        Fault(
            "defrost_too_often",
            "Defrost sensor is faulty: the unit defrosts far too often",
            (r"defrost", r"(four|4)[- ]way|reversing valve"),
            (r"coil (sensor|probe)|evaporator sensor|\bic(e|ed|ing)\b|frost|sensor|control board",),
            ("mode", "flow_temp", "power"),
            (0.0, MINUTE),
            "Madani and Roccatello 2014, Int. J. Refrigeration 48: faults of control and of sensors",
        ),
        Fault(
            "heater_on",
            "Immersion heater is on all the time: its contactor is welded",
            (
                r"(heater|heating (element|rod)|immersion|aux|back-?up|booster).{0,45}(weld|stuck|\bon\b|always|fault)",
                r"(heater|aux|back-?up|booster)\w*.{0,35}(contactor|relay|permanent|continu|stay)",
                r"(weld|stuck)\w*.{0,20}(contactor|relay|heater)|(contactor|relay).{0,15}(weld|stuck)",
                r"(unneeded|unnecessary|permanent|unwanted).{0,15}(heater|aux|electric)",
            ),
            (r"heater|immersion|auxiliary|back-?up|contactor|relay|element",),
            ("aux_heater", "power", "compressor_speed"),
            (0.0, 0.0),
            "Günther and others 2020, Fraunhofer ISE, WPsmart im Bestand: use of heating rods; IEA HPT Annex 56",
        ),
        Fault(
            "outdoor_sensor",
            "Outdoor sensor reads too warm: the heating curve gives too cold water",
            (
                r"(outdoor|outside|ambient|external|weather)[- ](air )?(temp\w* )?(sensor|probe|thermistor|reading)",
                r"^(?!.*(defrost|coil|flow|pressure|room)).*(sensor|probe|thermistor)|(drift|calibrat|offset|bias)",
            ),
            (r"sensor|curve|set ?point|control",),
            ("outdoor_temp", "flow_setpoint"),
            (10 * MINUTE, 3 * DAY),
            "Madani and Roccatello 2014, Int. J. Refrigeration 48: temperature sensors; Viessmann service instructions",
        ),
        Fault(
            "windows_open",
            "Windows were left open: the house needs more heat",
            (
                r"window|door.{0,10}open|left open|ventilat\w*.{0,15}(high|excess|open|too)|airing",
                r"(heat|heating)[- ]?(demand|load|loss\w*).{0,20}(high|increas|ris|grow|more|excess)",
                r"(increas\w*|high\w*|excess\w*|more|rising) (heat|heating|thermal)?[- ]?(demand|load|loss)",
            ),
            (r"demand|heat loss|insulat|(cold|low) (outdoor|weather)|weather|undersi|occup|capacity",),
            ("room_temp", "return_temp"),
            (0.0, 30 * MINUTE),
            "ISO 13789, ventilation heat loss; Andersen and others 2013, Building and Environment 69: window opening",
        ),
        Fault(
            "curve_too_low",
            "Heating curve was set too low",
            (
                r"^(?!.*sensor).*curve|slope|weather compensat",
                r"set ?-?point.{0,25}(low|wrong|chang|reduc|adjust)|(low|wrong|changed|reduced).{0,15}set ?-?point",
                r"(set|turned|configured) (too )?low|operator|configur|parallel shift",
            ),
            (r"set ?-?point|control|sensor|thermostat|set-?back",),
            ("flow_setpoint", "flow_temp"),
            (0.0, 0.0),
            "VDI 4645, commissioning of heat pumps; Günther and others 2020, Fraunhofer ISE, WPsmart im Bestand",
        ),
    )

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.seed = int(rng.integers(2**31))
        self.loss = rng.uniform(0.17, 0.3)  # kW/K of the house
        self.season = rng.uniform(1.5, 6.5)
        self.slope = rng.uniform(0.62, 0.78)  # of the heating curve
        self.rated = 31 * self.loss * rng.uniform(1.25, 1.4)  # kW at full speed and -7 °C evaporating
        self.rods = float(rng.choice([0.35, 0.45])) * 30 * self.loss
        self.ideal = rng.uniform(0.44, 0.5)  # share of Carnot
        self.approach = rng.uniform(7.0, 9.0)  # K between air and evaporating refrigerant at full speed
        self.rate = self.rated * rng.uniform(2.2, 2.6)  # l/min of heating water
        self.water = rng.uniform(0.16, 0.3) * self.rated / 7  # kWh/K
        self.tank_at = (rng.uniform(3.5, 5.5), rng.uniform(13.0, 17.0))  # h of the day, hot water

    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        fault = physics.severity(injection, times)
        outdoor, humidity = physics.weather(times, physics.stream(self.seed, 1), self.season)
        read = outdoor + 12 * fault("outdoor_sensor")
        target = 24 + self.slope * (20 - physics.lag(read, times, HOUR))
        target = np.clip(target - 12 * (fault("curve_too_low") > STUCK), 20.0, 55.0)
        clouds = physics.wander(times, physics.stream(self.seed, 2), 3 * HOUR)
        sun = physics.busy(times, 8.5, 16.0, 3.0) * np.clip(0.5 + 0.6 * clouds, 0, 1.5)
        airing = np.where(physics.wander(times, physics.stream(self.seed, 3), 900.0) > 2.2, 0.4, 0.0)
        gains = self.loss * (1.6 + 1.6 * sun + 0.8 * physics.busy(times, 17.0, 23.0))
        loss = self.loss * (1 + airing + 1.25 * fault("windows_open"))
        share = np.clip(1 - 0.62 * fault("water_restricted"), 0.08, 1.0)
        flow, back, coil, gas, speed, power, heater, mode, room = self._run(
            times, np.stack([outdoor, humidity, target, gains, loss, share]), fault
        )
        values = {
            "flow_temp": flow,
            "return_temp": back,
            "flow_setpoint": target,
            "water_flow": self.rate * share,
            "outdoor_temp": read,
            "coil_temp": coil,
            "discharge_temp": physics.lag(gas, times, 300.0),
            "compressor_speed": 110 * speed,
            "power": power,
            "aux_heater": heater,
            "mode": mode,
            "room_temp": room,
        }
        noise = {"flow_temp": 0.12, "return_temp": 0.12, "water_flow": 0.15, "outdoor_temp": 0.1, "coil_temp": 0.15}
        noise |= {"discharge_temp": 0.4, "power": 0.015, "room_temp": 0.06}
        return physics.publish(self.metrics, values, noise, physics.stream(self.seed, 99))

    def _run(self, times: Floats, driven: Floats, fault: physics.Severity) -> tuple[Floats, ...]:
        """Return flow, return, coil and discharge temperature (°C), compressor speed (0 to 1), electric power (kW),
        heater, mode and room temperature (°C) by heat balances of water, room air and walls.
        """
        step = physics.step_of(times)
        count = max(int(np.ceil(step / SUBSTEP_S)), 1)
        part = step / count
        names = ["low_refrigerant", "coil_fouled", "defrost_too_often", "heater_on"]
        room, walls, frost, speed, behind, mode, since = 21.2, 21.0, 0.2, 0.5, 0.0, HEATING, HOUR
        water = float(driven[2, 0]) - 2.5
        coil, gas, heater, power, rows = float(driven[0, 0]) - 5, 65.0, 0.0, 0.0, []
        flow = back = water
        columns = [times.tolist(), *driven.tolist(), *(fault(name).tolist() for name in names)]
        for time, outdoor, humid, target, gain, loss, share, charge, foul, timer, weld in zip(*columns, strict=True):
            moved = 4.19 / 60 * self.rate * share  # kW/K
            vapour = humid / 100 * 6.11 * 10 ** (7.5 * outdoor / (237.3 + outdoor))
            for turn in range(count):
                since += part
                now = (time - (count - 1 - turn) * part) % DAY / HOUR
                wants_tank = any(0 <= now - start < 0.6 for start in self.tank_at)
                # On demand: the frost is too thick. A faulty sensor sees ice at each look.
                icy = frost > 1.0 or (timer > STUCK and since > 12 * MINUTE)
                previous = mode
                if mode == DEFROST and (since > 10 * MINUTE or (frost <= 0.0 and timer <= STUCK and since > 150)):
                    mode = HEATING
                elif mode in (HEATING, HOT_WATER) and icy:
                    mode = DEFROST
                elif mode != DEFROST and wants_tank:
                    mode = HOT_WATER
                elif mode == HOT_WATER:
                    mode = HEATING
                elif mode == HEATING and speed <= 0.25 and flow > target + 4:
                    mode = OFF
                elif mode == OFF and flow < target - 2.5 and since > 6 * MINUTE:
                    mode, speed = HEATING, 0.35
                since = since if mode == previous else 0.0

                error = target - flow
                if mode == HEATING:
                    speed = min(max(speed + error * part / 9_000, 0.25), 1.0)
                turning = {OFF: 0.0, HEATING: min(max(speed + 0.05 * error, 0.25), 1.0)}.get(mode, 0.9)
                tank = 40 + 12 * min(since / (36 * MINUTE), 1.0)
                hot = (tank if mode == HOT_WATER else flow) + 2.0
                passing = 1 / (1 + 0.8 * max(frost, 0.0) ** 2) / (1 + 1.6 * foul) * (1 - 0.3 * min(charge, 2.0))
                evaporating = outdoor - self.approach * turning / max(passing, 0.12)
                heat = self.rated * turning * max(1 + 0.022 * (evaporating + 7), 0.3) * max(1 - 0.48 * charge, 0.1)
                work = heat / (self.ideal * (hot + 273) / max(hot - evaporating, 15.0)) * (1 + 0.3 * charge)
                if mode == DEFROST:
                    heat, work, evaporating = -0.7 * self.rated, 0.12 * self.rated, 2.0 + 12 * (frost <= 0.05)
                    frost = max(frost - part / 300, 0.0)
                elif turning:
                    ice = max(vapour - 6.11 * 10 ** (9.5 * evaporating / (265.5 + evaporating)), 0.0)
                    frost += ice / 2.2 * part / 3_600 if evaporating < -0.5 else -0.3 * part / 3_600
                    frost = max(frost, 0.0)
                # Degree minutes: the controller's measure of how far the water is behind its target.
                if mode != HOT_WATER:
                    behind = min(max(behind - error * part / MINUTE, -700.0), 0.0)
                short = speed > (0.6 if heater else 0.9) and behind < (-60.0 if heater else -500.0)
                heater = 1.0 if weld > STUCK or short else 0.0
                given = 29 * self.loss * max((water - room) / (self.slope * 30 + 0.5), 0.0) ** 1.1
                useful = (0.0 if mode == HOT_WATER else heat) + heater * self.rods
                water += (useful - given) * part / HOUR / self.water
                water = max(water, 8.0)
                into = given + gain + 2 * self.loss * (walls - room) - loss * (room - outdoor)
                room += into * part / (3 * HOUR * self.loss)
                walls += 2 * (room - walls) * part / (40 * HOUR)
                spread = useful / moved if mode != HOT_WATER else 0.0
                settle = -np.expm1(-part / 45.0)
                flow += (water + 0.5 * spread - flow) * settle
                back += (water - 0.5 * spread - back) * settle
                coil += ((evaporating + 1.0 if turning else outdoor) - coil) * -np.expm1(-part / 90.0)
                gas = hot + 18 + 0.5 * max(hot - evaporating - 30, 0) + 26 * charge if turning else outdoor + 15
                power = work * (turning > 0) + heater * self.rods + 0.07
            shown = tank + 2 if mode == HOT_WATER else flow
            rows.append((shown, back, coil, gas, turning, power, heater, float(mode), room))
        return tuple(np.array(rows).T)
