"""Texts of the hub in other languages than English. The dashboard uses the same files (``web/src/texts``)."""

from __future__ import annotations

from functools import cache

import msgspec

from hub.model.metric import truth_of
from hub.runtime.package_data import shared_dir

LANGUAGES = ("de", "es")


class StateWords(msgspec.Struct, frozen=True, eq=False, rename="camel"):
    """The words of one language for states of devices, such as "open" and "closed".

    Attributes:
        by_class: For each device class, such as ``door``, two words: the first for true, the second for false.
        on_off: The two words for metrics of all other classes.
        texts: The words for states that devices report as text, by that text.
    """

    on_off: tuple[str, str]
    by_class: dict[str, tuple[str, str]]
    texts: dict[str, str]  # words for states that devices report as text, by that text

    def word(self, value: object, device_class: str | None) -> str | None:
        """Return the word for a state of a device; None if there is no word for it."""
        words = self.by_class.get(device_class or "")
        if isinstance(value, str) and words is not None and (truth := truth_of(value)) is not None:
            value = truth
        if isinstance(value, bool):
            return (words or self.on_off)[0 if value else 1]
        return self.texts.get(value.strip().lower()) if isinstance(value, str) else None


class Translation(msgspec.Struct, frozen=True, eq=False):
    """The texts of one language. The texts in ``alert`` and ``notification`` have parameters in braces.

    Attributes:
        severity: Names of the severities.
        states: Words for the states of devices.
        alert: Parts of the messages of alerts.
        notification: All other texts of notifications.
    """

    severity: dict[str, str]
    states: StateWords
    alert: dict[str, str]
    notification: dict[str, str]


class CauseNames(msgspec.Struct, frozen=True, eq=False):
    """The names of the built-in causes in one language, by their English names."""

    titles: dict[str, str]
    components: dict[str, str]


@cache
def cause_names(language: str) -> CauseNames | None:
    """Return the names of causes in a language; None for English and for a language that has no texts.

    Raises OSError if the files are not installed.
    """
    if language not in LANGUAGES:
        return None
    return msgspec.json.decode((shared_dir() / "texts" / language / "causes.json").read_bytes(), type=CauseNames)


@cache
def translation(language: str) -> Translation | None:
    """Return the texts of a language; None for English and for a language that has no texts.

    Raises OSError if the files are not installed.
    """
    if language not in LANGUAGES:
        return None
    return msgspec.json.decode((shared_dir() / "texts" / language / "hub.json").read_bytes(), type=Translation)


def notification_text(language: str, key: str, english: str, **values: str) -> str:
    """Return the text ``key`` of notifications in a language, with ``values`` in place of its parameters.

    ``english`` is the text that is used for English, and for a language that has no texts.
    """
    found = translation(language)
    return (english if found is None else found.notification[key]).format(**values)
