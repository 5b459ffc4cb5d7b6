"""Derive the commands of an entity: topic, encoding, allowed values, and the metric that confirms each command.

If the announcement has a template for a command, the payload is the template rendered with the value.

Source: the Home Assistant documentation, the pages of the MQTT components.
"""

from __future__ import annotations

from typing import Any

from hub.dialects.homeassistant.discovery import Component, payload_text, text, topic_of
from hub.dialects.homeassistant.options import boolean, number
from hub.dialects.homeassistant.template import template

MAX_VALUES = 64
_DIRECTIONS = {"payload_direction_forward": "forward", "payload_direction_reverse": "reverse"}
_ARMING = ("disarm", "arm_home", "arm_away", "arm_night", "arm_vacation", "arm_custom_bypass", "trigger")
_CLEANING = ("start", "stop", "pause", "clean_spot", "locate", "return_to_base")
_PRESSED = {
    "button": ("payload_press", "PRESS"),
    "scene": ("payload_on", "ON"),
    "update": ("payload_install", None),
}


def commands_of(component: Component, metric: str) -> dict[str, dict[str, Any]]:
    """Return the descriptions of an entity's commands, by the metric that they set.

    ``metric`` is the entity's own metric. Raises Rejected (``bad_template``, ``bad_topic``).
    """
    parser = _CommandParser(component.config, metric)
    parser.read(component.kind)
    return parser.found


class _CommandParser:
    """Collects the commands of one entity."""

    def __init__(self, config: dict[str, Any], metric: str) -> None:
        self._config = config
        self._metric = metric
        self.found: dict[str, dict[str, Any]] = {}

    def read(self, kind: str) -> None:
        match kind:
            case "switch" | "siren":
                self._switch()
            case "light":
                self._light()
            case "number":
                bounds = {"minimum": self._number("min", 1), "maximum": self._number("max", 100)}
                self._add("", "command", type="number", **bounds, step=self._number("step", 1))
            case "select":
                self._choice("", "command", "options")
            case "text" | "notify":
                self._add("", "command", confirmed=kind == "text", type="text")
            case "button" | "scene" | "update":
                key, default = _PRESSED[kind]
                payload = payload_text(self._config.get(key)) or default
                if payload is not None:
                    self._add("", "command", confirmed=False, type="none", payload=payload)
            case "climate" | "water_heater":
                self._climate()
            case "humidifier":
                self._switch()
                self._humidity()
                self._choice("mode", "mode_command", "modes")
            case "cover" | "valve":
                self._cover(kind)
            case "fan":
                self._fan()
            case "lock":
                self._words("", "command", {"payload_lock": "LOCK", "payload_unlock": "UNLOCK", "payload_open": None})
            case "vacuum":
                self._words("", "command", {f"payload_{each}": each for each in _CLEANING})
            case "alarm_control_panel":
                self._words("", "command", {f"payload_{each}": each.upper() for each in _ARMING})

    def _switch(self) -> None:
        on, off = self._config.get("payload_on"), self._config.get("payload_off")
        self._add("", "command", type="boolean", on=payload_text(on) or "ON", off=payload_text(off) or "OFF")

    def _light(self) -> None:
        schema = self._config.get("schema")
        if schema == "template":
            return  # its command templates take several values at once, but a command has only one
        if schema == "json":
            self._json_light()
            return
        self._switch()
        self._add("brightness", "brightness_command", type="number", minimum=0, maximum=self._scale("brightness"))
        self._add("color_temp", "color_temp_command", type="number", **self._mireds())
        self._choice("effect", "effect_command", "effect_list")
        for each in ("rgb", "rgbw", "rgbww", "hs", "xy"):
            self._add(each, f"{each}_command", type="text")

    def _json_light(self) -> None:
        """Add the commands of a light with the JSON schema. Setting brightness or colour also switches the light on."""
        config = self._config
        self._add("", "command", encoding="json", property="state", type="boolean", on="ON", off="OFF")
        modes = config.get("supported_color_modes")
        modes = modes if isinstance(modes, list) else []
        lit: dict[str, Any] = {"encoding": "json", "options": {"with": {"state": "ON"}}}
        if self._is("brightness") or any(mode != "onoff" for mode in modes):
            scale = self._scale("brightness")
            self._add("brightness", "command", property="brightness", type="number", minimum=0, maximum=scale, **lit)
        if self._is("color_temp") or "color_temp" in modes:
            self._add("color_temp", "command", property="color_temp", type="number", **self._mireds(), **lit)
        if self._is("effect"):
            self._choice("effect", "command", "effect_list", property="effect", **lit)

    def _climate(self) -> None:
        bounds = {
            "minimum": self._number("min_temp", None),
            "maximum": self._number("max_temp", None),
            "step": self._number("temp_step", None),
        }
        schema = {key: value for key, value in bounds.items() if value is not None}
        self._choice("", "mode_command", "modes")
        for each in ("temperature", "temperature_low", "temperature_high"):
            self._add(each, f"{each}_command", type="number", **schema)
        for each in ("fan_mode", "swing_mode", "swing_horizontal_mode", "preset_mode"):
            self._choice(each, f"{each}_command", f"{each}s")
        self._humidity()

    def _humidity(self) -> None:
        low, high = self._number("min_humidity", 0), self._number("max_humidity", 100)
        self._add("target_humidity", "target_humidity_command", type="number", minimum=low, maximum=high)

    def _cover(self, kind: str) -> None:
        closed, opened = self._number("position_closed", 0), self._number("position_open", 100)
        between = {"type": "number", "minimum": min(closed, opened), "maximum": max(closed, opened)}
        if kind == "valve" and self._is("reports_position"):
            self._add("position", "command", **between)
            return
        moves: dict[str, str | None] = {"payload_open": "OPEN", "payload_close": "CLOSE", "payload_stop": "STOP"}
        self._words("", "command", moves)
        self._add("position", "set_position", template_key="set_position_template", **between)
        tilts = {"minimum": self._number("tilt_min", 0), "maximum": self._number("tilt_max", 100)}
        self._add("tilt", "tilt_command", type="number", **tilts)

    def _fan(self) -> None:
        self._switch()
        maximum = self._number("speed_range_max", 100)
        self._add("percentage", "percentage_command", type="number", minimum=0, maximum=maximum)
        self._choice("preset_mode", "preset_mode_command", "preset_modes")
        on, off = self._config.get("payload_oscillation_on"), self._config.get("payload_oscillation_off")
        on, off = payload_text(on) or "oscillate_on", payload_text(off) or "oscillate_off"
        self._add("oscillating", "oscillation_command", type="boolean", on=on, off=off)
        self._words("direction", "direction_command", dict(_DIRECTIONS), confirmed=True)

    # -- one command ----------------------------------------------------------------------------------------------

    def _add(self, part: str, key: str, *, template_key: str = "", confirmed: bool = True, **schema: Any) -> None:
        """Add a command for a part of the entity. Do nothing if the announcement gives no topic for it.

        Args:
            part: The part of the entity that the command sets; empty for the entity's main value.
            key: The beginning of the configuration keys for topic and template.
            template_key: The configuration key of the template, if it does not follow from ``key``.
            confirmed: Whether the command counts as done when the device reports the sent value.
            schema: Type and allowed values.
        """
        topic = topic_of(self._config, f"{key}_topic")
        if topic is None:
            return
        name = f"{self._metric}.{part}" if part else self._metric
        command: dict[str, Any] = {"topic": topic, "encoding": "text", "confirm_by": name if confirmed else None}
        source = self._config.get(template_key or f"{key}_template")
        if isinstance(source, str) and source.strip() and "encoding" not in schema:
            template(source)
            command |= {"encoding": "template", "options": {"template": source}}
        self.found[name] = command | schema

    def _choice(self, part: str, key: str, listed: str, **schema: Any) -> None:
        values = self._config.get(listed)
        texts = [found for each in values[:MAX_VALUES] if (found := text(each))] if isinstance(values, list) else []
        self._add(part, key, type="enum", values=texts, **schema)

    def _words(self, part: str, key: str, defaults: dict[str, str | None], confirmed: bool = False) -> None:
        """Add a command whose value is one of a fixed set of payloads, such as ``OPEN``, ``CLOSE`` and ``STOP``.

        Args:
            part: The name of the command within its entity.
            key: The key of the announcement that has the command topic.
            defaults: The default payload for each key of the announcement that sets a payload. None if the command
                exists only with that key.
            confirmed: Whether a reported value can confirm the command. Usually it cannot, because the state topic uses
                other words than the payloads.
        """
        words = [payload_text(self._config.get(payload)) or default for payload, default in defaults.items()]
        self._add(part, key, confirmed=confirmed, type="enum", values=[each for each in words if each])

    def _number(self, key: str, default: Any) -> Any:
        found = number(self._config, key)
        return default if found is None else found

    def _is(self, key: str) -> bool:
        return boolean(self._config, key) is True

    def _scale(self, part: str) -> Any:
        return self._number(f"{part}_scale", 255)

    def _mireds(self) -> dict[str, Any]:
        return {"minimum": self._number("min_mireds", 153), "maximum": self._number("max_mireds", 500)}
