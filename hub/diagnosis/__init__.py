"""Explain an alert: collect evidence, have an explanation written, check every claim."""

from hub.diagnosis.service import DiagnosisService

__all__ = ["DiagnosisService"]
