"""Calibration of the named causes: how often they are right, by the word that the page shows and by the score.

G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78, 1950.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.truth.score import Score, share

_WORDS = ("strong", "medium", "weak")


def brier(scores: Sequence[Score]) -> float | None:
    """Return the mean squared distance of the score of a named cause from 1 if it is right, else from 0.

    Right or plausible counts as right. 0 is best; None without a named cause.
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
