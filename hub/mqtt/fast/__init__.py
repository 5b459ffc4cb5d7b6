"""Fast MQTT 5 connection with the Rust codec ``mqtt5``, which only this package imports."""

from hub.mqtt.fast.connection import FastConnection

__all__ = ["FastConnection"]
