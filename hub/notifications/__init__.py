"""Notify people of alerts: routes, channels, and an outbox of deliveries."""
