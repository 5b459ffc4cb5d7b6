"""Find passages in the manuals of a device's model that a diagnosis can quote."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from hub import text_format as fmt
from hub.errors import StoreError
from hub.model import Alert, CauseMatch, Device, Quote
from hub.store.reader import LibraryReader

log = logging.getLogger(__name__)

_MAX_QUOTES = 3


async def manual_quotes(
    library: LibraryReader, device: Device, alert: Alert | None, matches: Sequence[CauseMatch]
) -> tuple[Quote, ...]:
    """Return passages about the likeliest cause and the alert's metric from the manuals of the device's model.

    The result is empty if the device reports no model, if there is neither a cause nor a metric to search for, or if
    the manuals cannot be read.
    """
    likely = max(matches, key=lambda match: match.score, default=None)
    sought = [likely.title, likely.component or ""] if likely else []
    if alert is not None and alert.metric is not None:
        sought.append(fmt.spoken(alert.metric))
    if device.info.model is None or not any(sought):
        return ()
    try:
        return tuple(await library.quotes(" ".join(sought), model=device.info.model, limit=_MAX_QUOTES))
    except StoreError as error:
        log.warning(
            "Cannot read the manuals of model %s (%s). The diagnosis is written without quotes.",
            *(device.info.model, error),
        )
        return ()
