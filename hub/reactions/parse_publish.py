"""Parse the table ``[reaction.publish]``: the MQTT message that a reaction publishes."""

from __future__ import annotations

from typing import Any

from hub.errors import Invalid
from hub.model.reaction import PublishAction
from hub.reactions.payload import check_payload
from hub.rules.fields import InvalidField, read_text
from hub.topics import is_own, is_topic

_KEYS = ("topic", "payload", "qos", "retain")
_ALLOWED_TOPIC = "a topic without + and # that does not begin with hub/ or $"


def read_publish(table: dict[str, Any]) -> PublishAction:
    """Return the action of a parsed TOML table. Raises InvalidField.

    The topic is fixed, so that a reaction cannot leave retained messages on more than one topic.
    """
    for key in table:
        if key not in _KEYS:
            raise InvalidField(key, table[key], f"only {', '.join(_KEYS)}")
    topic = read_text(table.get("topic"), "topic", _ALLOWED_TOPIC)
    # The hub withdraws retained messages of others below its own topic hub/. Topics that begin with $ belong to the
    # broker: $CONTROL/ configures it, and EMQX publishes $delayed/0/hub/… as hub/….
    if not topic.isprintable() or is_own(topic) or topic.startswith("$") or not is_topic(topic):
        raise InvalidField("topic", topic, _ALLOWED_TOPIC)
    payload = table.get("payload", "")
    if not isinstance(payload, str):
        raise InvalidField("payload", payload, 'a text, such as "{{ device }} is too hot"')
    try:
        check_payload(payload)
    except Invalid as error:
        raise InvalidField("payload", payload, f"a template ({error.message})") from None
    qos, retain = table.get("qos", 1), table.get("retain", False)
    if isinstance(qos, bool) or qos not in (0, 1):
        raise InvalidField("qos", qos, "0 or 1")
    if not isinstance(retain, bool):
        raise InvalidField("retain", retain, "true or false")
    return PublishAction(topic, payload, 0 if qos == 0 else 1, retain)
