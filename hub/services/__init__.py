"""Operations for people and programs: devices, alerts, commands, desired state, credentials, files."""
