"""What people and programs ask of the hub: devices, alerts, commands, desired state, credentials, files."""
