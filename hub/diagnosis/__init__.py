"""Explain alerts: collect evidence, let a model or the built-in analyst write an explanation, check each claim."""

from hub.diagnosis.service import DiagnosisService

__all__ = ["DiagnosisService"]
