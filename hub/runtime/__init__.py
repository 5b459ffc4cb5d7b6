"""Infrastructure of a running hub: settings, event bus, log, metrics, clock, files."""
