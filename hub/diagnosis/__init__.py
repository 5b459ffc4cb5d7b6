"""From an alert to a checked explanation: who investigates, what is looked at, and how it is put into words."""

from hub.diagnosis.service import DiagnosisService

__all__ = ["DiagnosisService"]
