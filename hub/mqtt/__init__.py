"""MQTT: the links to a broker, and the demo's own broker."""
