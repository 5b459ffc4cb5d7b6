"""Build the parts of a hub from its settings, connect them, and run their tasks."""
