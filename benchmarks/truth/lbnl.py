"""Cases from LBNL's data of an air handling unit (single-zone, variable volume): days with and without a fault.

Granderson and others, "Inventory of data sets for AFDD evaluation", Lawrence Berkeley National Laboratory, 2019.
``DIR`` holds ``SZVAV.csv`` with a row a minute: temperatures in °F, control signals from 0 to 1, empty cells, and the
label in the last column.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.truth.case import Case, Floats, Group, Series, Truth

FILE = "SZVAV.csv"
LABEL = "Fault Detection Ground Truth"
PARTS = (
    r"air|fan|belt|damper|filter|coil|valve|heating|cooling|economi[sz]er|supply|return|mixed|exhaust|duct|occupan",
    r"sensor|reading|drift|set.?point|control|hunting|schedule|weather|outdoor|load|mode|operat|chill|boiler|hot water",
)
DAYS = {
    "2017-09-11": Truth((r"cool\w* (coil )?valve.*(leak|pass)|leak\w*.*cool",), (r"cool\w*|chill",), PARTS),
    "2017-09-12": Truth((r"heat\w* (coil )?valve.*(leak|pass)|leak\w*.*heat",), (r"heat\w*|hot water",), PARTS),
    "2017-09-14": Truth((r"heat\w* (coil )?valve.*stuck|stuck.*heat",), (r"heat\w*|hot water",), PARTS),
    "2017-09-15": Truth((r"heat\w* (coil )?valve.*stuck|stuck.*heat",), (r"heat\w*|hot water",), PARTS),
    "2017-09-18": Truth(
        (r"damper.*stuck|stuck.*damper|economi[sz]er.*stuck",), (r"damper|outdoor air|economi",), PARTS
    ),
    "2017-09-19": Truth(
        (r"damper.*stuck|stuck.*damper|economi[sz]er.*stuck",), (r"damper|outdoor air|economi",), PARTS
    ),
    "2017-09-22": Truth((r"cool\w* (coil )?valve.*stuck|stuck.*cool",), (r"cool\w*|chill",), PARTS),
}
"""The fault that was introduced on each day with a fault."""
_PREFIX = "AHU: "


def read(folder: Path) -> tuple[Floats, dict[str, Floats], Floats]:
    """Return times (epoch seconds, local time taken as UTC), values by column with NaN for empty cells, and labels."""
    with (folder / FILE).open(encoding="utf-8", errors="replace", newline="") as stream:
        rows = list(csv.DictReader(stream))
    times = np.array([datetime.strptime(r["Datetime"], "%m/%d/%Y %H:%M").replace(tzinfo=UTC).timestamp() for r in rows])
    columns = [name for name in rows[0] if name not in ("Datetime", LABEL)]
    values = {name.strip(): np.array([_number(row[name]) for row in rows]) for name in columns}
    return times, values, np.array([_number(row[LABEL]) for row in rows])


def _number(cell: str | None) -> float:
    try:
        return float(cell or "nan")
    except ValueError:
        return float("nan")


def unit(column: str) -> str | None:
    """Return the unit of a column: temperatures are in °F, signals have none."""
    return "°F" if "Temperature" in column else None


def cases(folder: Path) -> Iterator[Case]:
    """Yield a case for each full hour. On healthy days the right answer is no cause, on the others the fault."""
    times, values, labels = read(folder)
    for hour in np.arange(np.ceil(times[0] / 3600) * 3600 + 3 * 3600, times[-1] + 1, 3600.0):
        at = int(np.searchsorted(times, hour, side="right")) - 1
        if hour - times[at] > 300 or np.isnan(labels[at]):
            continue
        day = datetime.fromtimestamp(hour, UTC).date().isoformat()
        faulty = labels[at] > 0
        group: Group = "known" if faulty else "healthy"
        truth = DAYS.get(day, Truth(parts=PARTS)) if faulty else Truth(parts=PARTS)
        yield Case(
            f"lbnl/{day}/{datetime.fromtimestamp(hour, UTC):%H:%M}", "lbnl", group, "people", "Air handler",
            _series(times, values, float(hour)), {}, float(hour), truth,
        )  # fmt: skip


def _series(times: Floats, values: dict[str, Floats], at: float) -> dict[str, Series]:
    """Return each column as a series of the week before ``at``, without empty cells."""
    chosen = (times <= at) & (times > at - timedelta(days=7).total_seconds())
    found: dict[str, Series] = {}
    for name, column in values.items():
        there = chosen & ~np.isnan(column)
        if there.any():
            is_switch = bool(np.isin(column[there], (0.0, 1.0)).all()) and ("Status" in name or "Occupancy" in name)
            title = name.removeprefix(_PREFIX)
            found[title] = Series(times[there], column[there], unit(name), "switch" if is_switch else "number")
    return found
