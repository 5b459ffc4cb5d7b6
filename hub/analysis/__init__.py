"""What can be told of a file that somebody sends."""

from hub.analysis.documents import Found
from hub.analysis.service import DeviceLink, FileAnalyzer, new_id

__all__ = ["DeviceLink", "FileAnalyzer", "Found", "new_id"]
