"""Detect unusual readings without a threshold: new extremes of a metric, and values outside its usual band."""

from __future__ import annotations

from hub.insight.anomalies.band import BandDetector
from hub.insight.anomalies.extremes import ALERT_SCORE, UNUSUAL_SCORE, ExtremesDetector
from hub.insight.anomalies.unusual import UnusualPeriod, unusual_periods

__all__ = ["ALERT_SCORE", "UNUSUAL_SCORE", "BandDetector", "ExtremesDetector", "UnusualPeriod", "unusual_periods"]
