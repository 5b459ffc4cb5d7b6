"""A glasshouse compartment for fruit vegetables: roof vents, pipe heating, thermal screen, drip irrigation and CO2."""

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


def _vapour(temperature: float) -> float:
    """Return the vapour (g/m3) in saturated air; Magnus formula and ideal gas law."""
    return float(216.7 * 6.112 * np.exp(17.62 * temperature / (243.12 + temperature)) / (temperature + 273.15))


class Greenhouse(Machine):
    """One compartment in spring: the climate computer opens vents above and heats below its temperatures."""

    kind = "greenhouse"
    model = "Greenhouse compartment with climate computer"
    parts = (
        r"vent(s|ilat|\b)|window|roof|rack|gear ?motor|wind\b|screen|curtain|shad(e|ing)|glass|door|wall|\bfan",
        r"heating|pipe|\bpump|boiler|burner|mixing|valve|hot water|rail",
        r"irrigat|drip|nozzle|emitter|water|filter|line|solenoid|substrate|moisture|slab|drain|tank|ec\b",
        r"co2|carbon dioxide|dos(e|ing)|gas",
        r"humid|condens|transpir|crop|plant|dew|disease|mould|sun|radiation|pyranomet|light|solarimet|weather|outdoor|frost",
        r"sensor|probe|wick|wet[- ]bulb|control|computer|set ?point|drift|calibrat|actuator|motor|power supply",
        physics.unless(
            r"refriger|compressor|evaporator|gear(box| oil)|conveyor|belt|battery|tower|duct|damper|impeller|defrost",
            r"leak|clog|block|foul|dirt|stuck|flow|pressure|temperature|heat|load|overheat",
        ),
    )
    metrics: ClassVar[Mapping[str, Metric]] = {
        "air_temp": Metric("°C", 0.1),
        "humidity": Metric("%", 0.1),
        "co2": Metric("ppm", 1.0),
        "vents": Metric("%", 1.0),
        "pipe_temp": Metric("°C", 0.1),
        "heating_valve": Metric("%", 1.0),
        "moisture": Metric("%", 0.1),
        "irrigation_flow": Metric("l/min", 0.1),
        "co2_valve": Metric(None, 1.0, "switch"),
        "screen": Metric("%", 1.0),
        "radiation": Metric("W/m2", 1.0),
        "outdoor_temp": Metric("°C", 0.1),
    }
    limits = (
        Limit("air_temp", low=13.8, high=30.0, hold_s=900.0),
        Limit("humidity", high=95.0, hold_s=2 * HOUR),
        Limit("co2", high=1500.0, hold_s=600.0),
        Limit("moisture", low=50.0, high=92.0, hold_s=900.0),
    )
    names = physics.named(
        metrics,
        """
        air_temp | Greenhouse temp | Lufttemp. GWH | T invernadero | T° serre | 棚内温度
        rel_humidity | Humidity | rF | HR interior | HR serre | 棚内湿度
        co2_ppm | CO2 | CO2-Gehalt | CO2 | CO₂ | 二氧化碳浓度
        vent_position | Roof vents | Lüftung First | ventana cenital | Ouvrants | 天窗开度
        pipe_temp | Heating pipe temp | Rohrtemp. | T tubo calefacción | T° tube chauffage | 加热管温度
        heat_valve_pos | Heating mixing valve | Mischventil | válvula calefacción | V3V chauffage | 供暖阀开度
        substrate_moisture | Slab moisture | Substratfeuchte | humedad sustrato | Humidité pain | 基质含水率
        irrigation_flow | Irrigation flow | Gießwasser | caudal riego | Débit irrigation | 灌溉流量
        co2_dosing | CO2 dosing | CO2-Ventil | válvula CO2 | Vanne CO₂ | 二氧化碳阀
        screen_pos | Thermal screen | Energieschirm | pantalla térmica | Écran | 保温幕开度
        solar_rad | Outside radiation | Globalstrahlung | radiación | Rayonnement | 太阳辐射
        outdoor_temp | Outside temp | Außentemp. | T exterior | T° ext | 室外温度
        """,
    )
    faults = (
        Fault(
            "vents_stuck",
            "Roof vents are stuck shut",
            (
                r"^(?!.*\bfan).*(vent(s|\b|il)|window|rack|roof).{0,35}(stuck|shut|clos|fail|fault|jam|block|not open)",
                r"(stuck|jammed|failed|blocked|shut|faulty|insufficient|lack of)\w*.{0,15}(vent|window)",
            ),
            (r"vent|window|actuator|over-?heat|(air|gear) ?motor|cooling",),
            ("air_temp", "vents"),
            (0.0, HOUR),
            "ASABE EP406, heating, ventilating and cooling greenhouses; FAO Plant Production and Protection Paper 217",
        ),
        Fault(
            "heating_pump",
            "Pump of the heating pipes has failed",
            (
                r"pump",
                r"(no|loss of|lack of|insufficient|interrupted|low).{0,12}(heat|hot).{0,20}(flow|circul|supply|water)",
                r"circulat\w*.{0,15}(fail|stop|lost|fault)|heating.{0,15}(fail|fault|off|outage|lost)",
            ),
            (r"heat|boiler|mixing|pipe.{0,20}(block|air)|hot water|^(?!.*(irrig|co2)).*valve",),
            ("pipe_temp", "heating_valve"),
            (0.0, 5 * MINUTE),
            "Stanghellini, van 't Ooster and Heuvelink 2019, Greenhouse Horticulture; de Zwart 1996, Wageningen",
        ),
        Fault(
            "irrigation_open",
            "Irrigation valve is stuck open",
            (
                r"(irrigat\w*|water\w*|solenoid|drip\w*).{0,15}valve.{0,35}(stuck|open|leak|pass|fail|fault|jam)",
                r"(stuck|open|leak\w*|passing|failed).{0,20}(irrigat\w*|solenoid|water) ?valve|over-?(irrigat|water)",
                r"(irrigat\w*|water\w*).{0,20}(continu|permanent|not stop|too (much|long)|excess|leak)",
            ),
            (r"irrigat|solenoid|(excess|too much) water|drain|^(?!.*(heat|co2|mixing)).*(valve|leak)",),
            ("irrigation_flow", "moisture"),
            (0.0, MINUTE),
            "ASAE EP405, microirrigation systems; Netafim maintenance guides, valves",
        ),
        Fault(
            "drippers_clogged",
            "Drippers and irrigation filter clog: too little water reaches the plants",
            (
                r"drip|emitter|nozzle|(irrigat\w*|water|sand|disc) ?filter",
                r"(clog|block|plug|restrict)\w*.{0,25}(irrigat|filter|line|water|valve|solenoid)",
                r"(irrigat\w*|water).{0,25}(clog|block|plug|restrict|low flow|too little|insuff|reduc)",
                r"(low|reduced|insufficient|too little).{0,12}(irrigat|water)",
            ),
            (r"irrigat|water|dry|filter|clog",),
            ("irrigation_flow", "moisture"),
            (DAY, 15 * DAY),
            "ASAE EP405 and ISO 9261, emitters; FAO Irrigation and Drainage Paper 29, clogging",
        ),
        Fault(
            "humidity_sensor",
            "Humidity sensor drifts: it reads too moist",
            (
                r"(humid\w*|\brh\b|hygro\w*|wet[- ]?bulb).{0,25}(sensor|probe|drift|calibrat|reading|offset|error)",
                r"^(?!.*(co2|moisture|radiat|light|temperature|pyran)).*(sensor|probe|drift|calibrat|wick)|hygrom|psychrom",
            ),
            (r"sensor|drift|calibrat|humid|condens",),
            ("humidity", "vents", "heating_valve"),
            (2 * DAY, 20 * DAY),
            "Stanghellini, van 't Ooster and Heuvelink 2019, Greenhouse Horticulture: measuring boxes",
        ),
        Fault(
            "screen_open",
            "Thermal screen does not close: its cable is torn",
            (r"screen|curtain|(shade|shading)",),
            (r"heat loss|insulat|(heating|boiler).{0,20}(capacity|load|insuff)|glass|vent.{0,12}(open|leak)|door",),
            ("pipe_temp", "heating_valve", "air_temp"),
            (MINUTE, 3 * DAY),
            "de Zwart 1996, Wageningen: energy saving with thermal screens; ASABE EP406",
        ),
        Fault(
            "co2_leak",
            "CO2 valve leaks: gas flows when it should not",
            (
                r"(co2|co₂|carbon dioxide)\b.{0,30}(leak|pass|stuck|open|valve|excess|over-?dos|solenoid|continu)",
                r"(leak\w*|excess\w*|stuck|open|over-?dos\w*).{0,20}(co2|co₂|carbon dioxide)",
            ),
            (r"co2|co₂|carbon dioxide|gas|dosing|^(?!.*(irrig|heat|mixing)).*valve",),
            ("co2",),
            (10 * MINUTE, 4 * DAY),
            "Stanghellini, van 't Ooster and Heuvelink 2019, Greenhouse Horticulture: CO2; Nederhoff 1994, Wageningen",
        ),
        Fault(
            "radiation_sensor",
            "Radiation sensor is dirty and reads low: the light sum starts too few irrigations",
            (
                r"(radiation|light|solar|sun|irradian\w*|par)\b.{0,25}(sensor|probe|meter|reading|drift|dirt|dome|calibrat)",
                r"pyranomet|solarimet|(dirty|soiled|fouled|dusty).{0,12}(sensor|dome|probe)",
            ),
            (r"sensor|irrigat\w*.{0,20}(control|program|too little|strateg|schedul)|set ?point|drift|calibrat",),
            ("radiation", "moisture"),
            (2 * DAY, 20 * DAY),
            "ISO/TR 9901, use of pyranometers: soiling; Stanghellini and others 2019: irrigation by radiation sum",
        ),
    )

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.seed = int(rng.integers(2**31))
        self.season = rng.uniform(7.0, 9.5)
        self.peak = rng.uniform(680, 800)  # W/m2 outside at noon under a clear sky
        self.glass, self.saving = rng.uniform(7.2, 8.0), rng.uniform(0.44, 0.5)  # W/m2 K; share that the screen saves
        self.pipes, self.boiler = rng.uniform(2.1, 2.4), rng.uniform(46, 48.5)  # W/m2 K; hottest pipe, °C
        self.inertia = rng.uniform(45e3, 65e3)  # J/m2 K of air, crop and upper soil
        self.night, self.day = rng.uniform(16.8, 18.0), rng.uniform(19.0, 20.5)
        self.sum = rng.uniform(0.8e6, 1.1e6)  # J/m2 of sun for each irrigation
        self.flow = rng.uniform(60, 320)  # l/min
        self.slab = rng.uniform(5.0, 7.0)  # l/m2 that the slab holds

    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        fault = physics.severity(injection, times)
        outdoor, humid = physics.weather(times, physics.stream(self.seed, 1), self.season)
        sky = np.clip(0.78 + 0.16 * physics.wander(times, physics.stream(self.seed, 2), 2 * HOUR), 0.35, 1.0)
        height = np.sin(np.clip((physics.hour(times) - 6.3) / 13.2, 0, 1) * np.pi)
        sun = self.peak * height**1.2 * sky
        read = sun * np.clip(1 - 0.7 * fault("radiation_sensor"), 0.05, 1.0)
        air, moist, gas, vents, pipe, valve, slab, water, dosing, screen = self._run(
            times, np.stack([outdoor, humid, sun, read]), fault
        )
        values = {
            "air_temp": air,
            "humidity": np.clip(moist, 0.0, 100.0),
            "co2": gas,
            "vents": 100 * vents,
            "pipe_temp": pipe,
            "heating_valve": 100 * valve,
            "moisture": slab,
            "irrigation_flow": self.flow * water,
            "co2_valve": dosing,
            "screen": 100 * screen,
            "radiation": read,
            "outdoor_temp": outdoor,
        }
        noise = {"air_temp": 0.1, "humidity": 0.4, "co2": 6.0, "pipe_temp": 0.2, "moisture": 0.15, "outdoor_temp": 0.1}
        out = physics.publish(self.metrics, values, noise, physics.stream(self.seed, 99))
        return out | {"humidity": np.minimum(out["humidity"], 100.0)}

    def _run(self, times: Floats, driven: Floats, fault: physics.Severity) -> tuple[Floats, ...]:
        """Return air temperature (°C), humidity as read (%), CO2 (ppm), vents (0 to 1), pipe temperature (°C), heating
        valve (0 to 1), slab moisture (%), share of the irrigation flow, CO2 valve and screen by balances of heat,
        vapour, CO2 and water for a square metre (de Zwart 1996).
        """
        step = physics.step_of(times)
        count = max(int(np.ceil(step / SUBSTEP_S)), 1)
        part = step / count
        names = ["vents_stuck", "heating_pump", "irrigation_open", "drippers_clogged"]
        names += ["humidity_sensor", "screen_open", "co2_leak"]
        air, pipe, gas, slab, light, valve, drive = self.night + 0.3, 38.0, 520.0, 72.0, 0.0, 0.4, 0.3
        vapour, screen, vents, dosing, left, water, moist, rows = 11.5, 1.0, 0.0, 0.0, 0.0, 0.0, 80.0, []
        columns = [times.tolist(), *driven.tolist(), *(fault(name).tolist() for name in names)]
        for time, outdoor, humid, sun, read, shut, dead, flood, clog, moist_drift, torn, leak in zip(
            *columns, strict=True
        ):
            bright = 1.0 if 6.5 < time % DAY / HOUR < 19.0 else 0.0
            target = self.night + (self.day - self.night) * bright
            outside = humid / 100 * _vapour(outdoor)
            passing = max(1 - 0.75 * clog, 0.05)
            for _ in range(count):
                full = _vapour(air)
                moist = 100 * vapour / full + 14 * moist_drift
                # Climate computer: proportional vents with a humidity part, integrating pipe heating, screen by light.
                wanted = (air - target - 2.5) / 3 + 0.04 * max(moist - 86, 0)
                vents += (min(max(wanted, 0.0), 1.0) - vents) * -np.expm1(-part / 240.0)
                drive = min(max(drive + (target - air) * part / 5_400, 0.0), 1.0)
                valve = min(max(0.25 * (target - air) + drive + 0.012 * max(moist - 86, 0), 0.0), 1.0)
                screen += ((1.0 if read < 8 and outdoor < 13 else 0.0) - screen) * -np.expm1(-part / 200.0)
                hot = air + valve * (self.boiler - air) if dead < STUCK else air
                pipe += (hot - pipe) * -np.expm1(-part / 800.0)

                covered = screen * (1 - min(torn, 1.0))
                opened = vents * (1 - min(shut, 1.0))
                lost = self.glass * (1 - self.saving * covered)
                exchange = 0.6 + 26 * opened * (1 - 0.7 * covered)  # W/m2 K; 1.2 kJ/m3 K is a volume of air
                heat = 0.42 * sun + self.pipes * (pipe - air)
                pull = (lost + exchange) * part / self.inertia
                rest = outdoor + heat / (lost + exchange)
                air += (rest - air) * -np.expm1(-pull)

                # Crop: transpiration by light and by the deficit, condensation on the colder cover.
                crop = 0.3 * sun / 2450 + 0.0007 * max(full - vapour, 0.0)
                cover = outdoor + (0.35 + 0.4 * covered) * (air - outdoor)
                dew = 0.0032 * max(vapour - _vapour(cover), 0.0)
                renewed = exchange / 1200
                vapour += (crop - dew - renewed * (vapour - outside)) * part / 5.0
                vapour = min(max(vapour, 1.0), full)
                dosing = 1.0 if read > 60 and opened < 0.4 and gas < (780 if dosing else 700) else 0.0
                taken = 3.6 * sun / 500 * gas / (gas + 350) - 0.35 * (sun < 5)
                feed = 7.0 * dosing + 4.5 * leak - taken  # g/m2 h; 1 g/m3 is about 550 ppm
                gas += (feed / 3_600 - renewed * (gas - 420) / 550) * 550 * part / 5.0
                gas = max(gas, 150.0)

                # Irrigation: a dose for each sum of light, and what the slab cannot hold drains.
                light += read * part
                if light > self.sum:
                    light, left = light - self.sum, left + 4 * MINUTE
                running = min(left, part)
                left -= running
                water = (1.0 if flood > STUCK else running / part) * passing
                dose = water * part * 0.36 * self.sum / 1e6 / 240
                slab += 100 * (dose - 0.68 * crop * part / 1000) / self.slab
                slab -= max(slab - 76, 0.0) * -np.expm1(-part / 1_500)
                slab = min(max(slab, 8.0), 97.0)
            rows.append((air, moist, gas, vents, pipe, valve, slab, water, dosing, screen))
        return tuple(np.array(rows).T)
