"""Home Assistant MQTT discovery: what devices announce (``discovery``), what their entities say (``entities``,
``readings``) and take (``commands``), the templates that pick values out of messages (``template``, ``filters``)."""

from hub.dialects.homeassistant.dialect import HomeAssistantDialect
from hub.dialects.homeassistant.template import fill

__all__ = ["HomeAssistantDialect", "fill"]
