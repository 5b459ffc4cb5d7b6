"""Answers that quote manuals, with page numbers."""

from __future__ import annotations

from collections.abc import Sequence

from hub import text_format as fmt
from hub.assistant.answers.context import CannotAnswer, ComputedAnswer, Context
from hub.assistant.words import split_words
from hub.model import Device

_QUOTES = 3


async def manual(context: Context) -> ComputedAnswer:
    """Answer with quotes from the manuals of the devices' models, each with its page."""
    if context.question.scope.is_all:
        raise CannotAnswer(context.say("manual_device"))
    models = list(dict.fromkeys(device.info.model for device in context.devices if device.info.model))[:_QUOTES]
    if not models:
        raise CannotAnswer(context.say("manual_no_model", scope=context.scope_words))
    asked = _without_names(context.question.text, context.devices)
    quotes = [
        f"{quote.filename} ({model_name}), {context.say('page')} {quote.page}: “{quote.text}”"
        for model_name in models
        for quote in await context.queries.store.library.quotes(asked, model=model_name, limit=_QUOTES)
    ]
    if not quotes:
        raise CannotAnswer(context.say("manual_nothing", models=fmt.join(models)))
    return ComputedAnswer("\n\n".join(quotes[:_QUOTES]), tuple((device.id, None) for device in context.devices[:3]))


def _without_names(text: str, devices: Sequence[Device]) -> str:
    """Return the question without the names of ``devices``, which do not occur in manuals."""
    known = {word for d in devices for name in (d.id, d.display_name, d.info.model or "") for word in split_words(name)}
    return " ".join(word for word in split_words(text) if word not in known)
