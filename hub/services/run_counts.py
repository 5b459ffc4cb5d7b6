"""Count runs of reactions that send nothing, so that an alert storm does not become a storm of stored records."""

from __future__ import annotations

from msgspec.structs import replace

from hub.model.reaction import ReactionRun, RunOutcome

WITHIN_MS = 60_000
SINGLE: dict[RunOutcome, int] = {"rate_limited": 1, "condition_false": 10, "condition_unknown": 10, "missed": 10}
"""By outcome, how many runs of a reaction get their own record within :data:`WITHIN_MS`.

Further runs only increase the count of the last record.
"""


class RunCounts:
    """Counts similar runs of a reaction in one stored record, so that frequent runs do not each get a record.

    For each reaction and outcome, the object keeps the last record and the number of runs that this record stands for.
    """

    def __init__(self) -> None:
        self._last: dict[tuple[str, RunOutcome], tuple[int, int, ReactionRun]] = {}  # first run's time, records, last
        self._changed: dict[str, ReactionRun] = {}  # by key

    def take(self, run: ReactionRun) -> bool:
        """Return True if a run only increases the count of an earlier record, False if it gets a record of its own.

        The former happens to runs that send nothing, if there are many of them within a minute.
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
        """Return the records that have counted further runs since the last call of this method."""
        found, self._changed = list(self._changed.values()), {}
        return found
