"""The operations that the HTTP API and the hub's own tasks use: on devices, alerts, commands, credentials and files."""
