"""What the manuals of a device's own model say about its trouble, word for word."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from hub import text_format as fmt
from hub.errors import StoreError
from hub.model import Alert, CauseMatch, Device, Quote
from hub.store.documents import DocumentLibrary

log = logging.getLogger(__name__)

_MOST = 3


async def manual_quotes(
    library: DocumentLibrary, device: Device, alert: Alert | None, matches: Sequence[CauseMatch]
) -> tuple[Quote, ...]:
    """Nothing for a device that names no model, and nothing where neither a cause nor an alert says what to look for.
    A diagnosis does not wait for a history that cannot be read."""
    likely = max(matches, key=lambda match: match.score, default=None)
    sought = [likely.title, likely.component or ""] if likely else []
    if alert is not None and alert.metric is not None:
        sought.append(fmt.spoken(alert.metric))
    if device.info.model is None or not any(sought):
        return ()
    try:
        return tuple(await library.quotes(" ".join(sought), model=device.info.model, limit=_MOST))
    except StoreError as error:
        log.warning("the manuals of %s cannot be read: %s", device.info.model, error)
        return ()
