"""Every device's identity, latest values and presence. Pure: no clock, no network, no await."""
