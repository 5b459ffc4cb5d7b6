"""Detect unusual readings without a threshold: new extremes of a metric, and values outside its usual band."""

from __future__ import annotations

from hub.insight.anomalies.band import BandDetector
from hub.insight.anomalies.extremes import ALERT, MARK, ExtremesDetector
from hub.insight.anomalies.unusual import UnusualPeriod, unusual_periods

__all__ = ["ALERT", "MARK", "BandDetector", "ExtremesDetector", "UnusualPeriod", "unusual_periods"]
