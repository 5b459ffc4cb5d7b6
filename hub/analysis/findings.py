"""Findings about an uploaded file: a text that describes the file, and which model wrote the text."""

from __future__ import annotations

import msgspec

from hub.ai.base import Completion
from hub.model import Writer


class Findings(msgspec.Struct, frozen=True):
    text: str
    writer: Writer
    tokens: int = 0

    @classmethod
    def of(cls, answer: Completion) -> Findings:
        return cls(answer.text, answer.writer, answer.tokens)
