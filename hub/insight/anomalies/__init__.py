"""Detect unusual readings without a threshold: records of one metric, and the bands of a whole device."""

from __future__ import annotations

from hub.insight.anomalies.band import BandDetector
from hub.insight.anomalies.records import ALERT, MARK, RecordDetector

__all__ = ["ALERT", "MARK", "BandDetector", "RecordDetector"]
