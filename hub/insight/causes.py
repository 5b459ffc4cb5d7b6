"""Which known fault the findings look like. The faults are data (``signatures/*.toml``); this file knows none of them.

A score is rule-match strength, 0 to 1, never a probability: how much of what the fault would do is seen, less what
speaks against it and what it leaves unexplained.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from hub.bounds import decode_toml
from hub.errors import ConfigError
from hub.insight import machine_kinds
from hub.insight.metric_semantics import MetricSemantics
from hub.insight.symptom_matching import Symptom, SymptomMatcher, parse_patterns, parse_symptom
from hub.model import CauseMatch, Evidence

DECIDED = 0.5
"""The score from which a cause is named."""
_TIE = 0.05
_AGAINST, _UNEXPLAINED, _ORDER = 0.3, 0.12, 0.1
_ONE_SIGN = 0.45
"""Highest score of a built-in cause with only one symptom, which many causes share: it is listed, not concluded."""
_DIRECT = ("silent", "gateway", "stuck", "contradicted", "stays_on", "stays_off", "running", "idle")
"""Kinds of finding that show a cause itself: a contact, a mode, a silence, a broken relation."""


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One known fault as its table in TOML says it; ``pumps.toml`` explains each field.

    ``replaces`` names the cause under which a match is reported: several signatures may mean one fault. ``kinds`` are
    the kinds of machine that can have it; none means any device. ``one_sign``: a single symptom is enough to name it,
    as the author of a signature for one machine may know.
    """

    id: str
    title: str
    component: str
    needs: tuple[str, ...]
    supports: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    first: str | None = None
    rank: float = 1.0
    replaces: str | None = None
    explain: str = ""
    actions: tuple[str, ...] = ()
    confirm_by: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    one_sign: bool = True

    @property
    def cause(self) -> str:
        return self.replaces or self.id


def parse_signatures(text: str, where: str = "signatures.toml") -> list[Signature]:
    """Read a table of signatures. Raises ConfigError naming the cause and what is wrong with it."""
    try:
        table = decode_toml(text, where)
        if unknown := sorted(table.keys() - {"cause", "kinds"}):
            raise ConfigError(f"{where}: {unknown[0]} is not an allowed key.", "Allowed: kinds and [[cause]] tables.")
        shared = {"kinds": table["kinds"]} if "kinds" in table else {}
        causes = table.get("cause", [])
        found = msgspec.convert([shared | each for each in causes], list[Signature])
        known = {kind.id for kind in machine_kinds.kinds()}
        if strange := sorted({kind for each in found for kind in each.kinds} - known):
            raise ConfigError(
                f"{where}: {strange[0]!r} is not a kind of machine.", f"Allowed: {', '.join(sorted(known))}."
            )
        for signature in found:
            for symptom in (*signature.needs, *signature.supports, *signature.against):
                parse_symptom(symptom)
            parse_patterns(signature.first or "*")
    except (msgspec.ValidationError, ValueError) as error:
        raise ConfigError(f"{where}: {error}.", "hub/insight/signatures/pumps.toml explains the form.") from None
    if any(not signature.needs for signature in found):
        raise ConfigError(f"{where}: each cause needs at least one symptom in `needs`.", "Add one.")
    return found


@cache
def built_in() -> tuple[Signature, ...]:
    """The signatures that travel with the hub."""
    folder = files("hub.insight") / "signatures"
    tables = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    found = (s for table in tables for s in parse_signatures(table.read_text(encoding="utf-8"), table.name))
    return tuple(msgspec.structs.replace(signature, one_sign=False) for signature in found)


def extended(own: Sequence[Signature]) -> tuple[Signature, ...]:
    """Ours with a user's: the same id replaces."""
    taken = {signature.id for signature in own}
    return (*own, *(signature for signature in built_in() if signature.id not in taken))


def rank(
    evidence: Sequence[Evidence],
    signatures: Iterable[Signature] | None = None,
    semantics: Mapping[str, MetricSemantics] | None = None,
    kinds: Collection[str] | None = None,
) -> list[CauseMatch]:
    """Return the causes that fit at all, best first, at most five; one entry a cause.

    Args:
        evidence: The findings of one case.
        signatures: Known faults; the built-in ones without.
        semantics: What each metric measures; read from its name alone without.
        kinds: The kinds of machine that the device may be; told from what it measures without.
    """
    matcher = SymptomMatcher(evidence, semantics)
    of_kinds = machine_kinds.machine_kinds((), matcher.semantics.items()) if kinds is None else kinds
    best: dict[str, CauseMatch] = {}
    for signature in built_in() if signatures is None else signatures:
        if signature.kinds and not set(signature.kinds) & set(of_kinds):
            continue
        match = _match(signature, matcher)
        if match is not None and match.score > best.get(match.cause, _NOTHING).score:
            best[match.cause] = match
    return sorted(best.values(), key=lambda match: (-match.score, match.cause))[:5]


_NOTHING = CauseMatch("", "", None, 0.1)


def decide(matches: Sequence[CauseMatch]) -> CauseMatch | None:
    """The cause to name, or None: nothing fits well enough, or two fit equally well."""
    if not matches or matches[0].score < DECIDED:
        return None
    if len(matches) > 1 and matches[0].score - matches[1].score < _TIE:
        return None
    return matches[0]


def match_word(score: float) -> Literal["strong", "medium", "weak"]:
    """How pages say a score; never as a percentage."""
    return "strong" if score >= 0.75 else "medium" if score >= DECIDED else "weak"


def _match(signature: Signature, matcher: SymptomMatcher) -> CauseMatch | None:
    needed = [matcher.seen(parse_symptom(symptom)) for symptom in signature.needs]
    if any(degree < 0.25 for degree, _ in needed):
        return None
    total = sum(2 * degree for degree, _ in needed)
    full = 2.0 * len(needed)
    cited = [e for _, found in needed for e in found]
    missing: list[Evidence] = []
    for symptom in map(parse_symptom, signature.supports):
        degree, found = matcher.seen(symptom)
        if found:
            total, full = total + degree, full + 1
            cited += found
        elif matcher.watched(symptom):
            full += 0.5  # a consequence that has not come yet: it may still
    # What a cause rests on bounds the match: expected consequences cannot make up for a faint main symptom.
    score = total / full * min(1.0, 1.5 * min(degree for degree, _ in needed))
    for symptom in map(parse_symptom, signature.against):
        degree, found = matcher.seen(symptom)
        score -= _AGAINST * degree
        missing += found
    named = [parse_symptom(symptom) for symptom in (*signature.needs, *signature.supports)]
    for movement in matcher.movements:
        if movement not in cited and movement not in missing and not _mentions(named, movement, matcher):
            score -= _UNEXPLAINED * min(1.0, movement.strength / 0.5)
            missing.append(movement)
    score += _ordered(signature, matcher)
    if not signature.one_sign and len(signature.needs) < 2 and not _is_proof(cited):
        score = min(score, _ONE_SIGN)
    return CauseMatch(
        cause=signature.cause,
        title=signature.title,
        component=signature.component,
        score=round(min(max(score * signature.rank, 0.0), 1.0), 3),
        supporting=_ids(cited),
        against=_ids(e for e in missing if e not in cited),
        actions=signature.actions,
        confirm_by=signature.confirm_by,
    )


def _is_proof(cited: Sequence[Evidence]) -> bool:
    """Return whether the findings are more than one symptom: two metrics moved, or one shows the cause itself."""
    moved = {item.metric for item in cited if item.kind in ("onset", "step", "level")}
    return len(moved) > 1 or any(item.kind in _DIRECT for item in cited)


def _mentions(named: Sequence[Symptom], movement: Evidence, matcher: SymptomMatcher) -> bool:
    metric = movement.metric or ""
    return any(symptom.fits(metric, matcher.semantics[metric]) for symptom in named if not symptom.any_metric)


def _ordered(signature: Signature, matcher: SymptomMatcher) -> float:
    """A bonus where the metric that should move first does, a malus where another was clearly earlier."""
    onsets = matcher.onsets
    if signature.first is None or len(onsets) < 2:
        return 0.0
    patterns = parse_patterns(signature.first)
    own = [s for metric, s in onsets.items() if any(p.fits(metric, matcher.semantics[metric]) for p in patterns)]
    if not own:
        return 0.0
    behind = (min(own) - min(onsets.values())) / 1000
    return _ORDER * (1.0 if behind <= 3 else -1.0 if behind > 20 else 0.0)


def _ids(found: Iterable[Evidence]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e.id for e in found))
