"""The stage at which the right cause of a known fault is lost: the first stage at which a diagnosis goes wrong.

``kind``: the cause has no signature for the kind of machine that the hub infers. ``unseen``: the cause fits too little
to be listed, because the changes were not found or the signature expects others. ``behind``: another cause fits better.
``uncertain``: the cause is ranked first but not named, because its match is too weak or its lead is too small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from benchmarks.truth.case import matches
from benchmarks.truth.score import Score, share
from hub.insight.signature import built_in

Stage = Literal["kind", "unseen", "behind", "uncertain", "named"]
STAGES: tuple[Stage, ...] = ("kind", "unseen", "behind", "uncertain", "named")


def stage(score: Score) -> Stage:
    """Return the stage at which the cause of a known fault was lost, or ``named``."""
    right = score.case.truth.right
    if score.verdict == "right":
        return "named"
    known = [each for each in built_in() if matches(right, f"{each.title} ({each.component})")]
    if not any(not each.kinds or set(each.kinds) & score.answer.kinds for each in known):
        return "kind"
    listed = score.answer.listed
    place = next((number for number, text in enumerate(listed) if matches(right, text)), None)
    if place is None:
        return "unseen"
    return "uncertain" if place == 0 else "behind"


def stages(scores: Sequence[Score]) -> Iterable[str]:
    """Yield a Markdown table of the known faults by machine and stage."""
    rows: dict[str, list[Score]] = {}
    for score in scores:
        if score.case.group == "known":
            rows.setdefault(score.case.name.split("/")[0], []).append(score)
    yield "| lost at | " + " | ".join(STAGES) + " |"
    yield "|" + "---|" * (1 + len(STAGES))
    for name, group in (*sorted(rows.items()), ("**all**", [score for each in rows.values() for score in each])):
        count = Counter(map(stage, group))
        yield f"| {name} | " + " | ".join(share(count[each], len(group)) for each in STAGES) + " |"
