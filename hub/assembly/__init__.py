"""Build the parts of a hub from its settings, run them, and own all tasks."""
