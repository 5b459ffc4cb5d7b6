"""Create the components of a hub from its settings, connect them, and run their tasks."""
