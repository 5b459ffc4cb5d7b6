"""Incidents: alerts that share a cause, and alerts that a gateway which is down suppresses."""

from hub.rules.incidents.incidents import Incidents

__all__ = ["Incidents"]
