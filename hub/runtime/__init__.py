"""What every part of a running hub needs: settings, event bus, log, metrics, clock, files."""
