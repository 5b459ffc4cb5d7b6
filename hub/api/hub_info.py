"""Facts about this hub that do not change while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hub.runtime.settings import StoreSection


@dataclass(frozen=True, kw_only=True)
class HubInfo:
    """Facts about this hub that do not change while it runs.

    Attributes:
        version: Version of the software.
        install_id: Random id of the installation, kept in the data folder.
        started_at: When this process started, in epoch milliseconds.
        data: Data folder with the history and the configuration files.
        retention: How long the history is kept.
        limits: Limits of uploads, bodies and AI requests, by name.
        metrics_readings: Maximum number of device readings in the response of ``/metrics``.
    """

    version: str
    install_id: str
    started_at: int
    data: Path
    retention: StoreSection
    limits: dict[str, int]
    metrics_readings: int = 0
