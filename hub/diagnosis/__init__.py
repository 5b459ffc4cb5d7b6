"""Explain an alert: gather evidence, have it put into words, check every claim."""

from hub.diagnosis.service import DiagnosisService

__all__ = ["DiagnosisService"]
