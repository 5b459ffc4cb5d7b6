"""Regular expressions for titles of causes that are right, acceptable or absurd answers."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.independent.physics import unless

PARTS: dict[str, str] = {
    "air": r"compressed.air|pneumatic|instrument air",
    "battery": r"batter(y|ies)",
    "bearing": r"bearing|lubricat|grease",
    "belt": r"\bbelt|pulley|idler",
    "boiler": r"boiler|steam|condensate",
    "brake": r"\bbrake|\brope|\bchain\b",
    "burner": r"burner|flame|ignit|combust|\bfuel|chimney|\bflue\b",
    "compressor": r"compressor|oil separator",
    "coolant": r"coolant|cooling water|cooling tower|chiller",
    "door": r"\bdoors?\b|window|gasket|insulation",
    "duct": r"\bduct|damper|grille",
    "exchanger": r"heat exchanger|\bcoil\b|radiator",
    "fan": r"\bfans?\b|blower|\bblades?\b",
    "filter": r"\bfilter|strainer",
    "fouling": r"foul(ed|ing)|\bscal(e|ing)\b|limescale|sludge|sediment|clog",
    "frost": r"defrost|\b(ice|icing|iced)\b|frost|freez",
    "gear": r"gear(box|s|\b)|\bcoupling|backlash|\bteeth\b|\btooth\b",
    "inverter": r"photovolt|\bpv\b|solar (panel|cell|module)|inverter|frequency converter|\bvfd\b",
    "leak": r"\bleak",
    "motor": r"\bmotor|winding|\bstator|\brotor\b|single.phas|phase (loss|imbalance)",
    "oil": r"\boil\b|hydraulic",
    "pipe": r"\bpip(e|es|ing)\b|water hammer|nozzle",
    "pump": r"\bpump|impeller|cavitat|dry.?run|mechanical seal|shaft seal",
    "refrigerant": r"refriger|evaporator|condenser|expansion valve|four.way",
    "tank": r"\btanks?\b|vessel|over-?flow",
    "valve": r"\bvalve|actuator|solenoid|stiction",
    "ventilation": r"ventilat|air ?flow",
    "vibration": r"vibrat|[iu]n?balance|misalign|loose (mount|bolt|foundation)|looseness",
}
"""Patterns of parts of machines and houses, by part. A cause is absurd if it names a part that the device lacks."""

NORMAL = (
    r"\bnormal (?!wear|ag)|expected (behaviou?r|operation|pattern|change)|routine|\busual|"
    r"regular (cycle|operation|use)|no fault|nothing (is )?(wrong|broken)|planned|scheduled|\bschedule\b|intended|"
    r"deliberate|\bin use\b"
)
"""Matches a title that says that nothing is broken."""
PEOPLE = r"\b(person|people|somebody|someone|user|occupant|occupan|staff|operator|resident|human|manual)"
"""Matches a title that names a person as the cause."""
DEMAND = (
    r"(higher|high|increased|increase in|rising|more|changed?|change in|normal|heavier|heavy|peak|process|lower|less|"
    r"reduced) (load|demand|consumption|throughput|production|usage)|(load|demand|throughput|production|consumption) "
    r"(change|increas|rise|rose|peak|step|shift|reduc|fell|drop)"
)
"""Matches a title that names a change in demand or load."""
SET_POINT = r"set.?point|target (temperature|value|changed)|recipe|setting (was )?chang|changed setting"
"""Matches a title that names a changed set point or setting."""
WEATHER = r"weather|outdoor|outside (air|temperature)|ambient|\bsun|season|\bcold (night|air|spell|front)|\bnight"
"""Matches a title that names the weather or the outdoor air."""


@dataclass(frozen=True)
class Answers:
    """Patterns for the title of a cause, as in ``Scene``."""

    right: tuple[str, ...] = ()
    acceptable: tuple[str, ...] = ()
    absurd: tuple[str, ...] = ()


def answers(
    *acceptable: str, right: tuple[str, ...] = (), has: tuple[str, ...] = (), absurd: tuple[str, ...] = ()
) -> Answers:
    """Return the patterns for a device with the parts ``has`` (keys of ``PARTS``).

    A title that names another one of ``PARTS``, or matches ``absurd``, is absurd, and so neither right nor acceptable.
    A title may be both right and acceptable. Raises ValueError for an unknown part.
    """
    if unknown := {*has} - PARTS.keys():
        raise ValueError(f"not in PARTS: {unknown}")
    foreign = (*(words for part, words in PARTS.items() if part not in has), *absurd)
    proper = [tuple(unless("|".join(foreign), words) for words in kind) for kind in (right, acceptable)]
    return Answers(proper[0], proper[1], foreign)
