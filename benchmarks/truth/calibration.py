"""Calibration of the named causes: how often they are right, by the match word on the dashboard and by the score.

G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78, 1950.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.truth.score import Score, share

_WORDS = ("strong", "medium", "weak")


def brier(scores: Sequence[Score]) -> float | None:
    """Return the Brier score: the mean squared difference between a named cause's score and 1 (right) or 0 (wrong).

    A plausible cause counts as right. 0 is best. None if no case has a named cause.
    """
    named = [score for score in scores if score.answer.cause is not None]
    if not named:
        return None
    return sum((score.answer.score - float(_holds(score))) ** 2 for score in named) / len(named)


def calibration(scores: Sequence[Score]) -> Iterable[str]:
    """Yield a Markdown table of the named causes by word, and their Brier score."""
    yield "| word | named | right | right or plausible | mean score |"
    yield "|---|---|---|---|---|"
    for word in _WORDS:
        group = [score for score in scores if score.answer.cause is not None and score.answer.strength == word]
        right = sum(score.verdict == "right" for score in group)
        mean = f"{sum(score.answer.score for score in group) / len(group):.2f}" if group else "–"
        held = share(sum(map(_holds, group)), len(group))
        yield f"| {word} | {len(group)} | {share(right, len(group))} | {held} | {mean} |"
    found = brier(scores)
    yield ""
    yield "Brier score: " + ("–" if found is None else f"{found:.3f}")


def _holds(score: Score) -> bool:
    return score.verdict in ("right", "plausible")
