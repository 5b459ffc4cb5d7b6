"""Homie devices built with real client libraries, as a separate process: ``homie_devices.py HOST PORT four|five``.

``four`` uses ``homie4`` (Homie 4.0), ``five`` uses ``ebus-sdk`` (Homie 5.0, a panel with a circuit). A line on
standard input ends the process without a DISCONNECT, so that the broker publishes its will.
"""

from __future__ import annotations

import os
import sys
import threading


def four(host: str, port: int) -> None:
    from homie.device_base import Device_Base
    from homie.node.node_base import Node_Base
    from homie.node.property.property_switch import Property_Switch
    from homie.node.property.property_temperature import Property_Temperature

    device = Device_Base("greenhouse", "Greenhouse", {}, {"MQTT_BROKER": host, "MQTT_PORT": port})
    air = Node_Base(device, "air", "Air", "climate")
    temperature = Property_Temperature(air, unit="C")
    vent = Property_Switch(air, id="vent", set_value=lambda on: setattr(vent, "value", on))
    device.add_node(air)
    air.add_property(temperature)
    air.add_property(vent)
    device.start()
    temperature.value, vent.value = 21.5, "OFF"


def five(host: str, port: int) -> None:
    from ebus_sdk import Device, PropertyDatatype, Unit

    panel = Device("panel-1", name="Panel", homie_domain="homie", mqtt_cfg={"host": host, "port": port})
    panel.start_mqtt_client()
    circuit = Device("circuit-1", name="Kitchen", parent=panel)
    node = circuit.add_node_from_dict({"id": "meter", "name": "Meter", "type": "meter"})
    power = {"id": "power", "name": "Power", "datatype": PropertyDatatype.FLOAT, "unit": Unit.WATT}
    meter = node.add_property_from_dict(power)
    switch = {"id": "relay", "name": "Relay", "datatype": PropertyDatatype.BOOLEAN, "settable": True}
    relay = node.add_property_from_dict({**switch, "set_callback": lambda value: relay.set_value(value == "true")})
    meter.set_value(1250.5)
    relay.set_value(False)


if __name__ == "__main__":
    host, port, kind = sys.argv[1:]
    threading.Thread(target=lambda: (sys.stdin.readline(), os._exit(0)), daemon=True).start()
    {"four": four, "five": five}[kind](host, int(port))
    threading.Event().wait()
