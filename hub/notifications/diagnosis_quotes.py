"""The sentence that messages quote from a diagnosis.

Diagnoses are written in English. In another language, the sentence names only the cause, because the course of events
is not translated.
"""

from __future__ import annotations

import msgspec

from hub import text_format as fmt
from hub.insight.signature import built_in_title
from hub.model import Diagnosis
from hub.runtime.translations import cause_names, notification_text


class DiagnosisQuote(msgspec.Struct, frozen=True):
    """The first sentence of a diagnosis in English, and the id of the cause that it names; None if it names none."""

    sentence: str
    cause: str | None

    def text(self, language: str) -> str:
        """Return the sentence in a language. It stays English if it names a cause that the user has defined."""
        names = cause_names(language)
        if names is None:
            return self.sentence
        if self.cause is None:
            return notification_text(language, "noCause", self.sentence)
        title = built_in_title(self.cause)
        if title is None or title not in names.titles:
            return self.sentence
        return notification_text(language, "cause", self.sentence, cause=names.titles[title])


def quote_of(diagnosis: Diagnosis) -> DiagnosisQuote:
    """Return the quote of a diagnosis."""
    return DiagnosisQuote(fmt.first_sentence(diagnosis.summary), diagnosis.cause)


def notification_quote(diagnosis: Diagnosis) -> DiagnosisQuote | None:
    """Return the quote of a diagnosis for notifications; None if the diagnosis names no cause."""
    return None if diagnosis.cause is None else quote_of(diagnosis)


def first_sentence_in(diagnosis: Diagnosis, language: str) -> str:
    """Return the first sentence of a diagnosis in a language."""
    return quote_of(diagnosis).text(language)
