"""What the manuals say, as the built-in analyst answers it: quotes with their pages, or that there are none."""

from __future__ import annotations

from collections.abc import Sequence

from hub import text_format as fmt
from hub.assistant.intent_parser import Intent
from hub.assistant.target_selection import TargetSelection
from hub.model import Device
from hub.tools import Queries
from hub.tools.lookup import folded

_MOST = 3


async def manuals(queries: Queries, question: Intent, scope: TargetSelection) -> str:
    """From the manuals of the models of the devices that were named; of none else."""
    if not scope.mentioned:
        return "I quote the manual of a device's model: name the device."
    models = sorted({device.info.model for device in scope.devices if device.info.model})[:_MOST]
    if not models:
        return "It tells no model, and manuals belong to a model."
    asked = _without_names(question.text, scope.devices)
    said = [
        f"{quote.filename} (for {model}), page {quote.page}: “{quote.text}”"
        for model in models
        for quote in await queries.store.library.quotes(asked, model=model, limit=_MOST)
    ]
    return "\n\n".join(said[:_MOST]) or f"Nothing about that was found in a manual of {fmt.join(models)}."


def _without_names(text: str, devices: Sequence[Device]) -> str:
    """A manual is not searched for what a device is called here."""
    names = [name for d in devices for name in (d.id, d.display_name, d.info.model or "")]
    known = {word for name in names for word in folded(name).split()}
    return " ".join(word for word in folded(text).split() if word not in known)
