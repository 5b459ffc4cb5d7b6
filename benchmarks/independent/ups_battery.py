"""A double-conversion UPS with a string of valve-regulated lead-acid blocks, in a server room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from benchmarks.independent import physics
from benchmarks.independent.machine import Fault, Floats, Injection, Limit, Machine, Metric

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
SUBSTEP_S = 300.0
CELLS, TEST_S = 240, 180.0
ONLINE, ON_BATTERY, TEST, BYPASS = range(4)


class UpsBattery(Machine):
    """One three-phase UPS that tests its battery for three minutes each week and bridges short sags of the mains."""

    kind = "ups_battery"
    model = "Online double-conversion UPS, 40 x 12 V VRLA battery"
    parts = (
        r"batter|cell|block|string|float|charg(er|ing)|capacity|resistance|sulph?at|dry-?out|runaway|electrolyte|plate",
        r"mains|utility|grid|input|line|voltage|phase|sag|brown-?out|generator|transformer|supply|power",
        r"(over)?load|demand|inverter|rectifier|bypass|converter|capacitor|igbt|heat ?sink|electronics|dc bus",
        r"fan|vent|filter|air ?flow|ambient|room|air[- ]?condition|cooling|crac|hvac|terminal|connect|fuse|breaker",
        r"sensor|probe|monitor|control|calibrat|set ?point|ageing|aging|age\b|wear|old",
        physics.unless(
            r"burner|boiler|fuel|compressor|refriger|condenser|evaporator|gear|conveyor|belt|tank|tower|pump|damper|valve|defrost",
            r"temperature|heat|drift|dust|dirt|clog|block|current|power|earth|ground|leak",
        ),
    )
    metrics: ClassVar[Mapping[str, Metric]] = {
        "input_voltage": Metric("V", 0.1),
        "load": Metric("%", 0.1),
        "battery_voltage": Metric("V", 0.1),
        "battery_current": Metric("A", 0.01),
        "charge": Metric("%", 1.0),
        "runtime": Metric("min", 0.1),
        "battery_temp": Metric("°C", 0.1),
        "heatsink_temp": Metric("°C", 1.0),
        "room_temp": Metric("°C", 0.1),
        "block_deviation": Metric("V", 0.01),
        "mode": Metric(None, 1.0, "mode", ("online", "battery", "test", "bypass")),
        "transfers": Metric(None, 1.0),
    }
    limits = (
        Limit("input_voltage", low=207.0, high=253.0, hold_s=60.0),  # EN 50160: 230 V ±10 %
        Limit("runtime", low=10.0, hold_s=900.0),
        Limit("heatsink_temp", high=75.0, hold_s=120.0),
        Limit("battery_temp", high=33.0, hold_s=600.0),
    )
    names = physics.named(
        metrics,
        """
        input_v | Input voltage L1 | Netzspannung L1 | tensión entrada | U entrée | 输入电压
        load_pct | UPS load | Auslastung | carga SAI | Taux de charge | 负载率
        batt_v | Battery voltage | Batt.-Spannung | tensión batería | U batterie | 电池电压
        batt_i | Battery current | Batt.-Strom | corriente batería | I batterie | 电池电流
        batt_soc | Battery charge | Ladezustand | nivel batería | Charge batterie | 电池容量
        runtime_min | Runtime remaining | Autonomiezeit | autonomía | Autonomie | 后备时间
        batt_temp | Battery temp | T Batterie | temp baterías | T° batteries | 电池温度
        inverter_temp | Inverter heatsink | Kühlkörper WR | T disipador | T radiateur | 逆变器温度
        room_temp | UPS room temp | USV-Raum Temp | temp sala SAI | T° local | 环境温度
        block_dev | Max block deviation | max. Blockabweichung | desv. máx. bloque | Écart max bloc | 单体压差
        ups_mode | UPS status | USV-Betriebsart | modo SAI | Etat onduleur | UPS状态
        transfer_count | Transfers to battery | Anz. Batteriebetrieb | nº pasos a batería | Nb passages batt. | 切换次数
        """,
    )
    faults = (
        Fault(
            "mains_undervoltage",
            "Mains voltage is too low",
            (
                r"(mains|utility|grid|input|line|supply|network).{0,25}(under|low|sag|drop|dip|fail|weak|brown)",
                r"(low|sagging|weak|reduced|drop in|loss of).{0,12}(mains|utility|grid|input|line|supply|voltage)",
                r"under-?voltage|brown-?out",
            ),
            (r"mains|utility|grid|input|power (supply|quality)|transformer|phase|upstream|feeder",),
            ("input_voltage", "transfers", "mode"),
            (MINUTE, DAY),
            "EN 50160, supply voltage variations; IEC 62040-3, input tolerance; IEEE 1159, undervoltages",
        ),
        Fault(
            "overload",
            "UPS is overloaded: more equipment has been connected",
            (
                r"over-?load|(load|demand|consumption).{0,20}(increas|added|high|excess|too|rise|exceed|new)",
                r"(excess\w*|high|increas\w*|more|added|additional|too much) .{0,12}(load|demand|equipment|server)",
            ),
            (r"\bload\b|demand|equipment|capacity (exceed|insuff)|undersi",),
            ("load", "runtime"),
            (0.0, 3 * HOUR),
            "IEC 62040-3, overload; ASHRAE TC 9.9, growth of the load of IT rooms",
        ),
        Fault(
            "cell_shorted",
            "A battery cell is shorted",
            (
                r"\b(cell|block|monobloc|jar)s?\b.{0,30}(short|fail|fault|defect|dead|weak|dri|bad|damag|deviat|imbal)",
                r"(short|fail|defect|dead|weak|bad|faulty|damaged)\w*.{0,15}\b(cell|block|monobloc|jar)",
                r"(un|im)-?balanc\w*.{0,15}(cell|block|string|batter)",
            ),
            (r"batter(?!.*(runaway|room))|string|cell|block",),
            ("block_deviation", "runtime"),
            (10 * MINUTE, 4 * DAY),
            "IEEE 1188 and IEEE 1491: cell voltage deviation; Cantor, Davis, Feder and Hlavac, INTELEC 1998",
        ),
        Fault(
            "battery_aged",
            "Battery has aged: its capacity is used up",
            (
                r"(batter|string|plate)\w*.{0,30}(\bag(e|ed|e?ing)\b|\bold|worn|wear|degrad|deterior|end of)",
                r"(\bage?(d|ing)|\bold|worn|degrad\w*|deterior\w*|end of life|loss of|reduced).{0,20}(batter|capac)",
                r"capacity.{0,20}(low|los[st]|reduc|used)|batter\w* (capacity|health|wear)",
                r"sulph?at|dry-?out|(internal|ohmic) resistance|state of health",
            ),
            (r"^(?!.*(charger|runaway|temperature|hot)).*batter|capacity|cell",),
            ("runtime", "battery_voltage"),
            (10 * DAY, 60 * DAY),
            "IEEE 1188: replacement at 80 % of rated capacity; EUROBAT guide on VRLA batteries",
        ),
        Fault(
            "charger_failed",
            "Charger has failed: the battery discharges slowly",
            (
                r"^(?!.*over-?charg).*charg(er|ing)\b.{0,30}(fail|fault|defect|los[st]|stop|off|not|low|trip|malfunc|insuff)",
                r"(fail|fault|defect|loss|lost|no|insufficient|low)\w*.{0,15}(charg(er|ing)|float)",
                r"not (being )?charg|under-?charg",
                r"rectifier|self-?discharg|battery (fuse|breaker|disconnect)",
            ),
            (r"charg|float|batter.{0,20}(discharg|disconnect)|dc bus|parasitic",),
            ("battery_current", "battery_voltage"),
            (0.0, 30 * MINUTE),
            "IEEE 1491: float voltage and current; Linden's Handbook of Batteries, lead-acid self-discharge",
        ),
        Fault(
            "fan_failed",
            "Cooling fan of the UPS has failed",
            (
                r"(?<!room )\bfan|ventilator|(air ?flow|vents?\b|filter).{0,25}(block|clog|restrict|insuff|low|dust)",
                r"(block|clog|restrict|insufficient|reduced|dust|dirt)\w*.{0,20}(air|vent|filter|heat ?sink)",
            ),
            (r"cooling(?!.*room)|heat ?sink|ventilat|inverter.{0,20}(hot|heat|temp)|overheat",),
            ("heatsink_temp",),
            (0.0, 2 * HOUR),
            "Schneider Electric and Vertiv service guides: fans and capacitors wear out first; MIL-HDBK-217F, fans",
        ),
        Fault(
            "room_hot",
            "Room is too hot: its air conditioning has failed",
            (
                r"(room|ambient|surround\w*|in(take|let) air)\b.{0,30}(hot|heat|temp|warm|cooling|high|condition)",
                r"(hot|high|warm|elevated|rising|excessive).{0,15}(ambient|room|surround|air temp)",
                r"air[- ]?condition|crac\b|hvac|cooling of the room|(room|external) ventilation",
            ),
            (r"^(?!.*\bfan).*(cooling|ventilat)|overheat|ambient|hot",),
            ("room_temp", "battery_temp", "heatsink_temp"),
            (10 * MINUTE, 8 * HOUR),
            "ASHRAE TC 9.9, Thermal Guidelines for Data Processing Environments; IEEE 1188, effect of temperature",
        ),
        Fault(
            "thermal_runaway",
            "Thermal runaway begins: the float current heats the battery and rises with its temperature",
            (
                r"runaway|over-?charg|(float|charg\w*)\b.{0,15}(voltage|current).{0,20}(high|excess|rise|rising|comp)",
                r"(high|excess\w*|rising).{0,10}(float|charg\w*) (current|voltage)|temperature compensation",
                r"batter\w*.{0,25}(overheat|hot|heating|swell|gassing)|overheat\w*.{0,10}batter",
            ),
            (r"batter(?!.*(aged|short|discharg))|charg(er|ing)|cell|dry-?out|float",),
            ("battery_current", "battery_temp"),
            (6 * HOUR, 4 * DAY),
            "Floyd and Boisvert, Battcon: thermal runaway alarm limits for VRLA batteries; IEEE 1188, annex on runaway",
        ),
    )

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.seed = int(rng.integers(2**31))
        self.hours = rng.uniform(9, 100)  # Ah of the string
        self.base, self.peak = rng.uniform(0.32, 0.42), rng.uniform(0.46, 0.58)
        self.runtime = rng.uniform(16, 22)  # min at the peak load
        self.drain = rng.uniform(0.03, 0.045)  # of the capacity an hour, for the UPS's own electronics
        self.float_share = rng.uniform(0.0006, 0.0011)  # float current at 25 °C, in parts of the capacity an hour
        self.self_heating = rng.uniform(1.0, 1.6)  # K, by the float current
        self.room = rng.uniform(19.5, 23.5)
        self.rise = rng.uniform(0.9, 1.1)
        self.mains = rng.uniform(229, 236)
        self.test_at = rng.integers(0, 5) * DAY + rng.uniform(8, 15) * HOUR
        self.deviation, self.count = rng.uniform(0.06, 0.14), rng.integers(5, 300)

    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        fault = physics.severity(injection, times)
        work = physics.workday(times) * physics.busy(times, 7.0, 19.0, 1.5)
        draw = physics.wander(times, physics.stream(self.seed, 1), 1500.0)
        load = self.base + (self.peak - self.base) * work * (0.85 + 0.1 * draw) + 0.006 * draw
        load = np.clip(load + 0.6 * fault("overload"), 0.05, 1.5)
        outdoor, _ = physics.weather(times, physics.stream(self.seed, 2), 14.0)
        # A split unit holds the room within its differential, with some of the weather and of the losses left.
        unit = physics.wander(times, physics.stream(self.seed, 3), 1200.0)
        room = self.room + 0.35 * unit + 0.05 * (outdoor - 14) + 1.2 * (load - 0.45) + 14 * fault("room_hot")
        room = physics.lag(room, times, 900.0)
        grid = physics.wander(times, physics.stream(self.seed, 4), 400.0)
        evening = physics.busy(times, 16.0, 22.0, 2.0)
        mains = self.mains + 1.3 * grid - 3.5 * evening - 2.0 * work - 30 * fault("mains_undervoltage")

        charge, volts, amps, battery, mode, transfers = self._battery(times, load, room, mains, fault)
        bad = np.clip(fault("cell_shorted"), 0, 1.5)
        # The monitor's estimate: Peukert's law with the capacity and the weakest block that it knows.
        health = np.clip(1 - 0.62 * fault("battery_aged"), 0.03, 1.0) * np.clip(1 - 0.55 * bad, 0.1, 1.0)
        runtime = self.runtime * (self.peak / load) ** 1.25 * charge * health
        # Losses of the inverter: constant, linear and quadratic in the load; forced convection falls with the flow.
        losses = 10 + 16 * load + 24 * load**2
        sink = room + self.rise * losses * (1 + 1.5 * np.minimum(fault("fan_failed"), 1.4))
        spread = self.deviation + 0.02 * physics.wander(times, physics.stream(self.seed, 5), 6 * HOUR)
        values = {
            "input_voltage": mains,
            "load": 100 * load,
            "battery_voltage": volts,
            "battery_current": amps,
            "charge": 100 * charge,
            "runtime": runtime,
            "battery_temp": battery,
            "heatsink_temp": physics.lag(sink, times, 420.0),
            "room_temp": room,
            "block_deviation": spread + 2.0 * bad + 0.15 * fault("battery_aged") + 0.1 * fault("thermal_runaway"),
            "mode": mode,
            "transfers": self.count + transfers,
        }
        noise = {"input_voltage": 0.5, "load": 0.4, "battery_voltage": 0.15, "runtime": 0.1, "battery_temp": 0.08}
        noise |= {"heatsink_temp": 0.3, "room_temp": 0.08, "block_deviation": 0.008}
        out = physics.publish(self.metrics, values, noise, physics.stream(self.seed, 99))
        # The shunt reads the discharge as a negative current.
        shunt = amps + 0.004 * physics.stream(self.seed, 98).standard_normal(len(times))
        return out | {"battery_current": np.round(shunt, 2) + 0.0}

    def _battery(
        self, times: Floats, load: Floats, room: Floats, mains: Floats, fault: physics.Severity
    ) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
        """Return charge (0 to 1), voltage (V), current (A), temperature (°C), mode and transfers since the start."""
        step = physics.step_of(times)
        count = max(int(np.ceil(step / SUBSTEP_S)), 1)
        part = step / count
        sags = physics.stream(self.seed, 6).exponential(3.5 * DAY, int(times[-1] / DAY) + 20).cumsum()
        names = ["charger_failed", "thermal_runaway", "battery_aged", "cell_shorted"]
        charge, battery, mode, transfers, rows = 1.0, room[0] + 1.3, ONLINE, 0, []
        columns = [values.tolist() for values in (times, load, room, mains, *(fault(name) for name in names))]
        for time, share, warm, line, failed, runaway, aged, bad in zip(*columns, strict=True):
            since_test = (time - self.test_at) % (7 * DAY)
            tested = min(max(since_test, 0.0), TEST_S) - min(max(since_test - step, 0.0), TEST_S)
            before, mode = mode, TEST if since_test < TEST_S else ONLINE
            if line < 184.0:
                mode = ON_BATTERY if charge > 0.06 else BYPASS
            transfers += mode == ON_BATTERY and before != ON_BATTERY
            capacity = max(1 - 0.62 * aged, 0.03)
            discharge = (share / self.peak) ** 1.25 / self.runtime / MINUTE / capacity  # of the charge, a second
            charging = max(1 - failed, 0.0)
            amps = 0.0
            for _ in range(count):
                if mode == ON_BATTERY:
                    charge -= discharge * part
                else:
                    want = 0.1 * min((1 - charge) / 0.1, 1.0) * charging
                    charge += (want - self.drain * (1 - charging)) * part / HOUR
                charge = min(max(charge, 0.0), 1.0)
                # Float current doubles each 10 K (Arrhenius) and heats the blocks; dry-out raises it.
                leak = self.float_share * (1 + 6 * runaway + 0.3 * bad) * 2 ** ((min(battery, 75.0) - 25) / 10)
                warmth = self.self_heating * leak / self.float_share * charging
                battery += (warm + warmth - battery) * -np.expm1(-part / (5 * HOUR))
                battery = min(battery, 90.0)
            charge = max(charge - tested * discharge, 0.0)
            if mode in (ON_BATTERY, TEST):
                amps = -discharge * HOUR * self.hours * capacity
                volts = CELLS * (2.01 - 0.22 * (1 - charge) - 0.06 * share - 0.05 * aged)
            else:
                amps = self.hours * (leak + 0.1 * min((1 - charge) / 0.1, 1.0)) * charging
                amps -= self.hours * self.drain * (1 - charging) * (charge > 0)
                floating = CELLS * 2.27 - 0.72 * (warm - 25)
                resting = CELLS * (2.13 - 0.17 * (1 - charge))
                volts = resting + (floating - resting) * charging * (1 - 0.6 * min((1 - charge) / 0.1, 1.0))
            rows.append((charge, volts - 2.0 * min(bad, 1.0) * (1 - charging), amps, battery, mode, transfers))
        found = np.array(rows, dtype=np.float64).T
        brief = np.searchsorted(sags, times).astype(np.float64)  # shorter than any reading; the counter sees them
        return found[0], found[1], found[2], found[3], found[4], found[5] + brief
