"""Latest values of devices, as rules on other devices read them."""

from __future__ import annotations

import msgspec

from hub.model.reading import Value


class PublishedValue(msgspec.Struct, frozen=True, gc=False):
    """The latest value of a metric, with the area that a person has assigned the device to."""

    device: str
    metric: str
    value: Value
    area: str | None  # its id
    at: int  # when the hub received it
