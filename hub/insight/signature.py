"""Read the signatures of known causes: the hub's ``signatures/*.toml`` and the user's own ``signatures.toml``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

import msgspec

from hub.bounds import decode_toml
from hub.errors import ConfigError
from hub.insight import machine_kinds
from hub.insight.symptom_matching import parse_alternatives, parse_patterns
from hub.model import CauseNature
from hub.toml_fields import read_fields

MatchWord = Literal["strong", "medium", "weak"]


_OWN_PRIOR = 5.0
"""Default prior of a cause in the user's own file: likelier than a built-in one, since it is about their machine."""


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A known cause and its symptoms, as one table of a TOML file. ``pumps.toml`` explains each field.

    Attributes:
        replaces: The id under which a match is reported, so that several signatures can describe one cause; None for
            the signature's own id.
        kinds: The kinds of machine that can have the cause; if empty, any device can have it.
        one_sign: If True, a single symptom suffices. This is the default in the user's own file, whose author knows the
            machine.
    """

    id: str
    title: str
    component: str
    needs: tuple[str, ...]
    supports: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    witness: tuple[str, ...] = ()
    first: str | None = None
    prior: Annotated[float, msgspec.Meta(gt=0, le=10)] = 1.0
    nature: CauseNature = "fault"
    at_most: MatchWord = "strong"
    replaces: str | None = None
    source: str = ""
    explain: str = ""
    actions: tuple[str, ...] = ()
    confirm_by: tuple[str, ...] = ()
    distinguish: dict[str, str] = {}
    kinds: tuple[str, ...] = ()
    one_sign: bool = False

    @property
    def symptoms(self) -> tuple[str, ...]:
        """Return the texts of all symptoms, those that support the cause and those that contradict it."""
        return (*self.needs, *self.supports, *self.allows, *self.against, *self.witness)

    @property
    def cause(self) -> str:
        return self.replaces or self.id


def parse_signatures(text: str, where: str = "signatures.toml", *, is_own: bool = True) -> list[Signature]:
    """Parse the signatures in a TOML text. ``is_own`` selects the defaults of the user's own file.

    Raises ConfigError, which names the invalid cause and what is wrong with it. ``where`` is the name of the file, for
    this message.
    """
    try:
        table = decode_toml(text, where)
        if unknown := sorted(table.keys() - {"cause", "kinds"}):
            raise ConfigError(f"{where}: {unknown[0]} is not an allowed key.", "Allowed: kinds and [[cause]] tables.")
        shared = {"kinds": table["kinds"]} if "kinds" in table else {}
        causes = table.get("cause", [])
        if not isinstance(causes, list) or not all(isinstance(each, dict) for each in causes):
            raise ConfigError(
                f"{where}: cause is not a list of tables.", "Begin each cause with [[cause]] on its own line."
            )
        defaults = {"one_sign": True, "prior": _OWN_PRIOR} if is_own else {}
        found = [_read(defaults | shared | each, f"{where}, cause {n}") for n, each in enumerate(causes, 1)]
        _check_kinds(found, where)
        for signature in found:
            for symptom in (
                *signature.needs,
                *signature.supports,
                *signature.allows,
                *signature.against,
                *signature.witness,
            ):
                parse_alternatives(symptom)
            parse_patterns(signature.first or "*")
    except ValueError as error:
        raise ConfigError(f"{where}: {error}.", "hub/insight/signatures/pumps.toml explains the format.") from None
    if any(not signature.needs for signature in found):
        raise ConfigError(f"{where}: each cause needs at least one symptom in `needs`.", "Add one.")
    return found


def _read(table: dict[str, Any], where: str) -> Signature:
    try:
        return read_fields(Signature, table)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error.message}", error.hint) from None


def _check_kinds(found: Sequence[Signature], where: str) -> None:
    named = {kind for each in found for kind in each.kinds}
    known = {kind.id for kind in machine_kinds.kinds()} if named else named
    if unknown := sorted(named - known):
        raise ConfigError(f"{where}: {unknown[0]!r} is not a kind of machine.", f"Allowed: {', '.join(sorted(known))}.")


@cache
def built_in() -> tuple[Signature, ...]:
    """Return the built-in signatures, which are installed with the hub."""
    folder = files("hub.insight") / "signatures"
    tables = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    texts = ((table.name, table.read_text(encoding="utf-8")) for table in tables)
    return tuple(each for name, text in texts for each in parse_signatures(text, name, is_own=False))


@cache
def built_in_title(cause: str) -> str | None:
    """Return the title of a built-in cause; None if no built-in signature has this id."""
    return next((each.title for each in built_in() if each.id == cause), None)


def extended(own: Sequence[Signature]) -> tuple[Signature, ...]:
    """Return the user's signatures (``own``) and the built-in ones. ``own`` replaces built-in ones with the same id."""
    taken = {signature.id for signature in own}
    return (*own, *(signature for signature in built_in() if signature.id not in taken))
