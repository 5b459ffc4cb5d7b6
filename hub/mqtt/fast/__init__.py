"""The fast link's connection: MQTT 5 by the Rust codec ``mqtt5``, which is imported nowhere else."""

from hub.mqtt.fast.connection import FastConnection

__all__ = ["FastConnection"]
