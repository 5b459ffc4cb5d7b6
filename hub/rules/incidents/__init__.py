"""Incidents group alerts that share a cause. Alerts of devices behind a gateway that is down are suppressed."""

from hub.rules.incidents.incidents import Incidents

__all__ = ["Incidents"]
