"""Count runs of reactions that send nothing, so that an alert storm does not store a record for each of them."""

from __future__ import annotations

from msgspec.structs import replace

from hub.model.reaction import ReactionRun, RunOutcome

WITHIN_MS = 60_000
SINGLE: dict[RunOutcome, int] = {"rate_limited": 1, "condition_false": 10, "condition_unknown": 10, "missed": 10}
"""For each outcome, how many runs of a reaction get their own record within :data:`WITHIN_MS`.

Further runs only increase the count of the last record.
"""


class RunCounts:
    """Counts runs of a reaction with the same outcome in one stored record, if there are many of them."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, RunOutcome], tuple[int, int, ReactionRun]] = {}  # start, records, last run
        self._changed: dict[str, ReactionRun] = {}  # by the key of the run

    def take(self, run: ReactionRun) -> bool:
        """Count a run in the record of an earlier run, and return True. Return False if it needs its own record.

        Runs are counted in this way only if they send nothing, and if there are many of them within a minute.
        """
        if (most := SINGLE.get(run.outcome)) is None:
            return False
        name = (run.reaction, run.outcome)
        since, records, last = self._last.get(name, (run.at, 0, run))
        if not 0 <= run.at - since < WITHIN_MS:
            since, records = run.at, 0
        if records < most:
            self._last[name] = since, records + 1, run
            return False
        counted = replace(last, count=last.count + 1)
        self._last[name] = since, records, counted
        self._changed[counted.key] = counted
        return True

    def changed(self) -> list[ReactionRun]:
        """Return the records of runs whose counts have changed since the last call."""
        found, self._changed = list(self._changed.values()), {}
        return found
