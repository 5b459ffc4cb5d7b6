"""Describe pictures, recordings and documents that people upload."""

from hub.analysis.documents import Found
from hub.analysis.service import DeviceLink, FileAnalyzer, new_id

__all__ = ["DeviceLink", "FileAnalyzer", "Found", "new_id"]
