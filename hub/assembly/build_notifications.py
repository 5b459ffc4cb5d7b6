"""Build the notifications of alerts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hub.dialects import Publish
from hub.notifications.receivers import AccountDirectory
from hub.notifications.service import Notifications
from hub.notifications.settings import NotificationConfig
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.runtime.clock import now_ms
from hub.store.base import Store


def build_notifications(
    data: Path,
    store: Store,
    bus: Bus,
    engine: Engine,
    registry: DeviceRegistry,
    own_url: str,
    publish: Callable[[Publish], None] = lambda message: None,
) -> Notifications:
    """Return the notifications with the settings of the data folder. They know the people once the API is built."""
    return Notifications(
        config=NotificationConfig(data),
        store=store,
        bus=bus,
        open_alert=engine.open.get,
        find=registry.get,
        selects=engine.silencing.selects,
        directory=AccountDirectory(),
        own_url=own_url,
        publish=publish,
        open_alerts=engine.open.values,
        now=now_ms,
    )
