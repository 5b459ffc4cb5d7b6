"""Find the devices that a text names: by id, name, parts of a name, area, model or label."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from heapq import nlargest

from hub.errors import NotFound
from hub.model import Device
from hub.registry.reader import DeviceReader

_TRIGRAM, _MOST_COMPARED = 3, 500
"""In a large fleet, the names that share the most trigrams with the text are selected. Only these are compared."""
_WORD = re.compile(r"[^\W_]+")
REMEMBERED = 200_000
"""Maximum number of names in each cache of this module, such as that of :func:`folded` (about 100 bytes a name)."""


@lru_cache(maxsize=REMEMBERED)
def folded(text: str) -> str:
    """Return a text in lower case, with one space between its words, and with numbers without leading zeros.

    ``Cold-Room_02`` becomes ``cold room 2``.
    """
    return " ".join(
        str(int(w)) if w.isascii() and w.isdigit() and len(w) < 10 else w for w in _WORD.findall(text.casefold())
    )


def replace_synonyms(text: str) -> str:
    """Return the text, :func:`folded`, with words that manufacturers use: "Freezer 2" becomes "cold room 2"."""
    return " ".join(_SYNONYMS.get(singular(word), word) for word in folded(text).split())


def singular(word: str) -> str:
    """Return the singular of an English noun, by simple rules."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us")) else word


def _kinds(device: Device) -> frozenset[str]:
    labels = device.display_labels
    return _forms(device.id, device.display_name, device.display_area or "", device.info.model or "", labels)


@lru_cache(maxsize=REMEMBERED)
def _forms(device_id: str, name: str, area: str, model: str, labels: tuple[str, ...]) -> frozenset[str]:
    """Return the texts by which a question may name a group that includes this device.

    They are its area, model and labels, its id and name without numbers, and the last words of the id and the name:
    ``pump`` for "Feed pump 2".
    """
    forms = {folded(area), folded(model), *map(folded, labels)}
    for own_name in (device_id, name):
        words = [singular(word) for word in folded(own_name).split() if not word.isdigit()]
        forms |= {" ".join(words), *words[-1:]} if words else set()
    return frozenset(" ".join(singular(word) for word in form.split()) for form in forms if form)


_SYNONYMS = {
    **dict.fromkeys(("freezer", "fridge", "refrigerator", "coldroom"), "cold room"),
    "ahu": "air handler",
    "polytunnel": "greenhouse",
}


class Lookup:
    """Finds devices by the names that people use."""

    def __init__(self, registry: DeviceReader) -> None:
        self._registry = registry

    def one(self, text: str) -> Device:
        """Return the one device that ``text`` names. Raises NotFound with the most similar names."""
        device = self._registry.get(text)
        if device is not None:
            return device
        found = self.named_in(text) or [
            d for d in self._registry.with_latest_values() if folded(text) and folded(text) in self._text(d)
        ]
        if len(found) == 1:
            return found[0]
        names = [d.id for d in found[:5]] or self.near(text)
        hint = f"Did you mean {', '.join(names)}?" if names else "find_devices lists them."
        raise NotFound(f"There is no single device {text[:80]!r}.", hint)

    def exact(self, text: str) -> Device:
        """Return the device with exactly this id, or the only device with this name. Raises NotFound.

        Commands use this method, because they must not go to a device with a similar name.
        """
        device = self._registry.get(text)
        found = [device] if device else [d for d in self.named_in(text) if folded(d.display_name) == folded(text)]
        if len(found) != 1:
            raise NotFound(f"There is no single device {text[:80]!r}.", "Use its id, as find_devices gives it.")
        return found[0]

    def named_in(self, text: str) -> list[Device]:
        """Return the devices whose id or name is in a text, longest match first.

        A match within a longer match does not count: in "feed pump 1", a device "pump 1" is not named.
        """
        rest = f" {folded(text)} "
        forms: list[tuple[str, Device]] = []
        for device in self._registry.with_latest_values():
            for form in (folded(device.id), folded(device.display_name)):
                if form and form in rest and f" {form} " in rest:
                    forms.append((form, device))
        found = {device.id: device for _, device in sorted(forms, key=lambda entry: (-len(entry[0]), entry[1].id))}
        return [
            d
            for d in found.values()
            if not any(self._within(d, other, rest) for other in found.values() if other is not d)
        ]

    @staticmethod
    def _within(device: Device, other: Device, rest: str) -> bool:
        mine = [f for f in (folded(device.id), folded(device.display_name)) if f" {f} " in rest]
        longer = [f for f in (folded(other.id), folded(other.display_name)) if f" {f} " in rest]
        return all(any(f != g and f" {f} " in f" {g} " for g in longer) for f in mine)

    def group_in(self, text: str) -> tuple[str, list[Device]] | None:
        """Return the group that a text names (``pumps``, ``cold store``) and its devices; None if it names no group."""
        words = folded(text).split()
        phrases = [" ".join(words[i : i + n]) for n in (3, 2, 1) for i in range(len(words) - n + 1)]
        by_form = {" ".join(singular(word) for word in phrase.split()): phrase for phrase in reversed(phrases)}
        wanted = {form for form in by_form if len(form) >= 3 and form not in _STOP_WORDS}
        groups: dict[str, list[Device]] = {}
        for device in self._registry.with_latest_values():
            for form in wanted & _kinds(device):
                groups.setdefault(form, []).append(device)
        longest = next((form for form in reversed(by_form) if form in groups), None)
        return None if longest is None else (by_form[longest], groups[longest])

    def matching(self, query: str, area: str | None = None, model: str | None = None) -> list[Device]:
        """Return the devices whose description contains all words of ``query``, in this area and of this model.

        A part of the area's or model's name is enough. Without any condition, all devices are returned.
        """
        wanted = [singular(word) for word in folded(query).split()]

        def fits(device: Device) -> bool:
            text = self._text(device)
            return (
                all(word in text for word in wanted)
                and (not area or folded(area) in folded(device.display_area or ""))
                and (not model or folded(model) in folded(device.info.model or ""))
            )

        return [device for device in self._registry.with_latest_values() if fits(device)]

    @staticmethod
    def _text(device: Device) -> str:
        info = device.info
        parts: Iterable[str | None] = (
            device.id, device.display_name, device.display_area, info.model, info.manufacturer, *device.display_labels,
        )  # fmt: skip
        return " ".join(folded(part) for part in parts if part)

    def metric(self, word: str) -> bool:
        """Return True if any device has a metric whose name contains this word."""
        wanted = folded(word)
        return any(wanted in folded(metric) for device in self._registry.devices() for metric in device.metrics)

    def near(self, text: str) -> list[str]:
        """Return the ids of up to three devices whose id or name is similar to ``text``."""
        wanted = folded(text)
        names = {folded(form): d.id for d in self._registry.devices() for form in (d.id, d.display_name)}
        if len(names) > _MOST_COMPARED:
            # The exact comparison is slow, so only the names that share the most trigrams are compared.
            trigrams = {wanted[at : at + _TRIGRAM] for at in range(max(len(wanted) - _TRIGRAM + 1, 1))}
            alike = nlargest(_MOST_COMPARED, names, key=lambda name: sum(part in name for part in trigrams))
            names = {name: names[name] for name in alike}
        return list(dict.fromkeys(names[name] for name in get_close_matches(wanted, list(names), n=3, cutoff=0.6)))


_STOP_WORDS = {
    "the",
    "and",
    "all",
    "any",
    "device",
    "alert",
    "temperature",
    "hub",
    "what",
    "which",
    "how",
    "many",
    "online",
    "offline",
}
