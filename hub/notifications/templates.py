"""Templates for the title and the text of notification messages, with default templates in each language."""

from __future__ import annotations

from functools import cache

import msgspec

from hub.errors import Invalid
from hub.runtime.translations import notification_text, translation
from hub.text_template import check_source

MAX_TITLE = 250


class MessageTemplate(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The templates for the title and the text of messages.

    Instead of an empty template, the template of the notification route is used; if that is empty, too, the default.
    """

    title: str = ""
    text: str = ""


@cache
def default_template(language: str) -> MessageTemplate:
    """Return the default template in a language. It is used unless a channel or a route has a template."""
    found = translation(language)
    severities = "{{ severity | capitalize }}"
    if found is not None:
        names = ("critical", "warning", "info")
        severities = "".join(f"{{% if severity == '{each}' %}}{found.severity[each]}{{% endif %}}" for each in names)

    def say(key: str, english: str, **fields: str) -> str:
        return notification_text(language, key, english, **{name: f"{{{{ {each} }}}}" for name, each in fields.items()})

    return MessageTemplate(
        f"{{% if status == 'resolved' %}}{say('isResolved', 'Resolved')}{{% else %}}{severities}{{% endif %}}"
        f": {{{{ device }}}} - {{{{ rule_name }}}}"
        f"{{% if others %}}{say('others', ' and {count} more', count='others')}{{% endif %}}",
        f"{{% for alert in alerts %}}{{{{ alert.place }}}}: {{{{ alert.message }}}}\n"
        f"{say('rule', 'Rule: {rule}', rule='alert.rule_name')}\n{say('since', 'Since {time}', time='alert.since')}"
        f"{{% if status == 'resolved' %}}{{% if alert.duration %}}"
        f"{say('resolvedAfter', ', resolved after {duration}', duration='alert.duration')}"
        f"{{% endif %}}{{% elif alert.diagnosis %}}\n{{{{ alert.diagnosis }}}}{{% endif %}}"
        f"{{% if not loop.last %}}\n\n{{% endif %}}{{% endfor %}}"
        f"{{% if more %}}\n\n{say('more', 'And {count} more.', count='more')}{{% endif %}}",
    )


DEFAULT_TEMPLATE = default_template("en")
"""The English default template. For receivers with another language, :func:`in_language` replaces it."""


def first_of(*templates: MessageTemplate) -> MessageTemplate:
    """Return a template with the first title and the first text that are not blank, in the order of ``templates``.

    The title and the text may come from different templates. If all titles or all texts are blank, the default is used.
    """
    return MessageTemplate(
        next((each.title for each in templates if each.title.strip()), DEFAULT_TEMPLATE.title),
        next((each.text for each in templates if each.text.strip()), DEFAULT_TEMPLATE.text),
    )


def check_template(template: MessageTemplate) -> None:
    """Raise Invalid if the syntax or a name in a template is not allowed. The error says what is allowed."""
    for name, source in (("title", template.title), ("text", template.text)):
        try:
            check_source(source)
        except Invalid as error:
            raise Invalid(f"The template of the {name} is not valid: {error.message}", error.hint) from None


def in_language(template: MessageTemplate, language: str) -> MessageTemplate:
    """Replace the English default title and text in a template by the defaults of ``language``.

    A title or text that is not the English default stays unchanged.
    """
    default = default_template(language)
    return MessageTemplate(
        default.title if template.title == DEFAULT_TEMPLATE.title else template.title,
        default.text if template.text == DEFAULT_TEMPLATE.text else template.text,
    )
