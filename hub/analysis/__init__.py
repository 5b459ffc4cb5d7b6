"""What can be told of a file that somebody sends."""

from hub.analysis.images import Analyst, ImageAnalysis

__all__ = ["Analyst", "ImageAnalysis"]
