"""Answer history queries: choose the tier for each part of a time range, downsample, and divide into pages."""
