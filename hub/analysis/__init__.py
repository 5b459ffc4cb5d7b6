"""What can be told of a file that somebody sends."""

from hub.analysis.desk import Analyst, Link, new_id
from hub.analysis.documents import Found

__all__ = ["Analyst", "Found", "Link", "new_id"]
