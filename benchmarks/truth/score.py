"""Score answers as right, plausible, none, wrong or absurd, and print a table of the scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.truth.answer import Answer
from benchmarks.truth.case import Case, matches

Verdict = Literal["right", "plausible", "none", "wrong", "absurd"]
ONSET_TOLERANCE = 0.05
"""An onset counts as too early if it precedes the fault by more than this share of the time from fault to alarm, and by
more than one reporting interval."""


@dataclass(frozen=True)
class Score:
    """The score of the answer to one case."""

    case: Case
    answer: Answer
    verdict: Verdict
    in_first_three: bool
    offered: bool  # no cause is named, and the right one is among the possible ones
    first_mover: bool | None  # None where the case or the answer has none
    onset_early: bool | None

    @property
    def confident(self) -> bool:
        return self.answer.strength in ("strong", "medium")


def judge(case: Case, answer: Answer) -> Score:
    """Compare an answer with the truth."""
    truth = case.truth
    named = truth.first and answer.first is not None
    early = None
    if truth.onset is not None and answer.onset is not None and answer.first is not None:
        interval = _interval(case, answer.first)
        early = answer.onset < truth.onset - max(ONSET_TOLERANCE * (case.delay or 0.0), 1.5 * interval)
    return Score(
        case=case,
        answer=answer,
        verdict=verdict(case, answer.cause, answer.component),
        in_first_three=any(matches(truth.right, title) for title in answer.candidates),
        offered=any(matches(truth.right, title) for title in answer.possible),
        first_mover=answer.first in truth.first if named else None,
        onset_early=early,
    )


def verdict(case: Case, cause: str | None, component: str | None) -> Verdict:
    """Classify a named cause. If there is no cause to find, naming none is right."""
    truth = case.truth
    if cause is None:
        return "none" if truth.right else "right"
    text = f"{cause} ({component})" if component else cause
    if matches(truth.right, text):
        return "right"
    if matches(truth.absurd, text):
        return "absurd"
    if matches(truth.plausible, text):
        return "plausible"
    return "wrong" if not truth.parts or matches(truth.parts, text) else "absurd"


def _interval(case: Case, metric: str) -> float:
    series = case.series.get(metric)
    if series is None or len(series.times) < 2:
        return 0.0
    return float((series.times[-1] - series.times[0]) / (len(series.times) - 1))


Key = Callable[[Score], str]
HEADS = (
    "cases",
    "right",
    "first three",
    "plausible",
    "none",
    "of these possible",
    "wrong",
    "of these weak",
    "absurd",
    "first mover",
    "early onset",
)
"""The columns of the table, mostly shares of the cases with their counts. "of these possible" counts answers that name
no cause but list the right one as possible. "of these weak" counts wrong and absurd causes that are named as weak."""


def speed(score: Score) -> str:
    """Return the heading under which the table counts a case, by the time from fault to alarm."""
    delay = score.case.delay
    if delay is None:
        return "no alarm"
    minutes = delay / 60
    for limit, name in ((2, "under 2 min"), (30, "2 to 30 min"), (60, "30 to 60 min"), (1_440, "1 to 24 h")):
        if minutes < limit:
            return name
    return "over 24 h"


def table(scores: Sequence[Score], title: str, key: Key) -> Iterable[str]:
    """Yield a Markdown table of the scores by ``key``."""
    rows: dict[str, list[Score]] = {}
    for score in scores:
        rows.setdefault(key(score), []).append(score)
    heads = [title, *HEADS]
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for name, group in sorted(rows.items()):
        yield _row(name, group)
    yield _row("**all**", scores)


def _row(name: str, group: Sequence[Score]) -> str:
    count = Counter(score.verdict for score in group)
    wrong = [score for score in group if score.verdict in ("wrong", "absurd")]
    weak = sum(not score.confident for score in wrong)
    movers = [score.first_mover for score in group if score.first_mover is not None]
    early = [score.onset_early for score in group if score.onset_early is not None]
    cells = [
        name,
        str(len(group)),
        share(count["right"], len(group)),
        share(sum(score.in_first_three for score in group), len(group)),
        share(count["plausible"], len(group)),
        share(count["none"], len(group)),
        str(sum(score.offered for score in group)),
        share(count["wrong"], len(group)),
        str(weak),
        share(count["absurd"], len(group)),
        share(sum(movers), len(movers)),
        share(sum(early), len(early)),
    ]
    return "| " + " | ".join(cells) + " |"


def share(part: int, whole: int) -> str:
    """Return ``part`` of ``whole`` as a fraction with its count."""
    return f"{part / whole:.2f} ({part})" if whole else "–"
