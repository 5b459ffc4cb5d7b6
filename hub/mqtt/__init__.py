"""MQTT clients that reconnect, and the demo's broker."""
