"""Where the right cause of a known fault is lost: the first stage at which a diagnosis goes wrong.

``kind``: no signature of the cause belongs to what the hub takes the device for. ``unseen``: the cause fits too little
to be listed, because the fault's changes were not found or the signature expects others. ``behind``: another cause fits
better. ``uncertain``: it comes first, and is not named: too little speaks for it, or the lead is too small.
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
    """Return the stage at which a known fault was lost, or that its cause was named."""
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
