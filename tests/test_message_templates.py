"""Templates of messages: the fields that they can use, their limits in time and size, and the default template."""

from __future__ import annotations

import re
import tracemalloc
from typing import Any

import pytest

from hub import text_template
from hub.errors import Invalid
from hub.notifications.templates import DEFAULT_TEMPLATE, MessageTemplate, check_template, first_of
from hub.text_template import MAX_TEXT, render

ALERT: dict[str, Any] = {
    "severity": "critical", "device": "Pump {{ 1 }}", "place": "Pump {{ 1 }} (Hall)", "area": "Hall", "rule": "hot",
    "metric": "temperature", "message": "95 °C is above 80 °C", "value": "95 °C", "limit": "80 °C",
    "since": "2026-11-30 14:03:12 CET", "duration": None, "diagnosis": "A worn bearing.", "url": "https://hub/alerts/a",
    "rule_name": "Too hot",
}  # fmt: skip
FIELDS = {
    **ALERT,
    "status": "firing",
    "count": 2,
    "others": 1,
    "more": 0,
    "alerts": [ALERT, {**ALERT, "device": "Fan"}],
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ device }}: {{ value }} (limit {{ limit }})", "Pump {{ 1 }}: 95 °C (limit 80 °C)"),
        ("{% for a in alerts %}{{ loop.index }}. {{ a.device }}; {% endfor %}", "1. Pump {{ 1 }}; 2. Fan;"),
        ("{{ severity | upper }} {{ duration | default('open') }}", "CRITICAL open"),
        ("{{ 'many' if count > 1 else 'one' }}{{ duration }}", "many"),
        ("{% if 'Hall' in place and not more %}{{ area ~ '!' }}{% endif %}", "Hall!"),
        ("{{ message | replace('°C', 'degrees') | truncate(12) }}", "95 degrees …"),
        ("{% for a in alerts if a.device == 'Fan' %}{{ a.message }}{% else %}none{% endfor %}", "95 °C is above 80 °C"),
    ],
)
def test_template_has_the_fields_of_the_message(source: str, text: str) -> None:
    check_template(MessageTemplate("", source))
    assert render(source, FIELDS, MAX_TEXT) == text


def test_default_template_names_each_alert_and_the_diagnosis() -> None:
    assert render(DEFAULT_TEMPLATE.title, FIELDS, 250) == "Critical: Pump {{ 1 }} - Too hot and 1 more"
    first, second = render(DEFAULT_TEMPLATE.text, FIELDS, MAX_TEXT).split("\n\n")
    assert first.splitlines() == [
        "Pump {{ 1 }} (Hall): 95 °C is above 80 °C", "Rule: Too hot", "Since 2026-11-30 14:03:12 CET", "A worn bearing."
    ]  # fmt: skip
    assert second.startswith("Pump {{ 1 }} (Hall)")
    over = {**FIELDS, "status": "resolved", "alerts": [{**ALERT, "duration": "4 min"}], "more": 3}
    assert render(DEFAULT_TEMPLATE.text, over, MAX_TEXT).endswith("CET, resolved after 4 min\n\nAnd 3 more.")


REFUSED = {
    "attribute of a text": "{{ device.__class__.__mro__ }}",
    "attribute by index": "{{ device['__class__'] }}",
    "attribute of an alert": "{% for a in alerts %}{{ a.__class__ }}{% endfor %}",
    "method": "{% for a in alerts %}{{ a.items }}{% endfor %}",
    "call": "{{ device.format(alerts) }}",
    "attr filter": "{{ device | attr('__class__') }}",
    "global": "{{ self }}",
    "cycler": "{{ cycler }}",
    "range": "{% for n in range(10 ** 9) %}x{% endfor %}",
    "loop in a loop": "{% for a in alerts %}{% for b in alerts %}x{% endfor %}{% endfor %}",
    "loop over a text": "{% for c in message %}x{% endfor %}",
    "recursive loop": "{% for a in alerts recursive %}{{ loop(alerts) }}{% endfor %}",
    "multiplied text": "{{ 'a' * 1000000000 }}",
    "power": "{{ 9 ** 9 ** 9 }}",
    "set": "{% set a = 'x' %}{{ a ~ a }}",
    "macro": "{% macro m() %}{{ m() }}{% endmacro %}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'x' as x %}",
    "repeated text in a filter": "{{ ('x' * 10 ** 9) | upper }}",
    "joined range": "{{ range(10 ** 9) | join }}",
    "tower of powers": "{{ 10 ** 10 ** 9 }}",
    "width": "{{ '%999999999d' % 1 }}",
    "indent": "{{ 'a' | indent(1000000000) }}",
    "format": "{{ '%1000000000d' | format(1) }}",
    "center": "{{ 'a' | center(1000000000) }}",
    "shadowed field": "{% for device in alerts %}{{ device.url }}{% endfor %}",
    "unknown field": "{{ password }}",
    "whole alerts": "{{ alerts }}",
    "whole alert": "{% for a in alerts %}{{ a }}{% endfor %}",
    "not closed": "{{ device",
    "nested": "{{ " + "(" * 2000 + "1" + ")" * 2000 + " }}",
    "deep": "{{ " + "not " * 500 + "count }}",
    "long": "a" * 5_000,
}


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED)
def test_forbidden_part_of_a_template_is_refused_with_a_reason(source: str) -> None:
    for template in (MessageTemplate(source, ""), MessageTemplate("", source)):
        with pytest.raises(Invalid, match=r"The template of the (title|text) is not valid: ."):
            check_template(template)


JARGON = re.compile(r"Getattr|Getitem|BinExpr|Mul|Pow|Call|Assign|Include|token|statement|innermost|nodes|Test")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ device.format(alerts) }}", "a call such as name(…) is not allowed"),
        ("{{ count + 1 }}", "arithmetic is not allowed"),
        ("{{ device['x'] }}", "square brackets after a name are not allowed"),
        ("{% if severity in ['a'] %}x{% endif %}", "lists are not allowed"),
        ("{% if area is defined %}x{% endif %}", '"is" is not allowed'),
        ("{% set a = 'x' %}", "{% set %} is not allowed"),
        ("{% include 'x' %}", "it has a part that is not allowed"),
        ("{% case x %}", "there is no {% case %}; allowed: if, elif"),
        ("{% if area %}x", "{% endif %} is missing"),
        ("{% for a in alerts %}x", "{% endfor %} is missing"),
        ("{{ device", "is missing"),
        ("{{ device }", "cannot be read; write {{ field }}"),
        ("{{ device | shout }}", "there is no filter shout; allowed: capitalize"),
        ("{{ alert.device }}", "For the most severe alert, write {{ device }}"),
        ("{% for a in alerts %}{{ device.area }}{% endfor %}", "device.area is not allowed: only the alert in"),
    ],
)
def test_error_of_a_template_says_in_plain_words_what_to_write(source: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_template(MessageTemplate("", source))
    assert said in refused.value.message
    assert not JARGON.search(refused.value.message)


@pytest.mark.parametrize(
    "source",
    [
        "{{ message" + " | replace('a', 'aaaaaaaaaaaaaaaaaaaa')" * 25 + " }}",
        "{% for a in alerts %}" + "{{ a.message }}" * 200 + "{% endfor %}",
        "{% if message > 1 %}x{% endif %}",
    ],
    ids=["replace", "long text", "comparison"],
)
def test_template_that_fails_when_rendered_ends_with_a_clear_error(source: str) -> None:
    check_template(MessageTemplate("", source))
    with pytest.raises(Invalid, match=r"more than \d+ characters|fails for these fields: it compares a text"):
        render(source, {**FIELDS, "message": "a" * 100, "alerts": [{**ALERT, "message": "a" * 100}]}, MAX_TEXT)


@pytest.mark.parametrize(
    "source",
    ["{{ '\"'" + " | tojson" * 20 + " }}", "{% if '\"'" + " | tojson" * 20 + " %}x{% endif %}"],
    ids=["output", "condition"],
)
def test_repeated_json_cannot_fill_the_memory(source: str) -> None:
    tracemalloc.start()
    try:
        check_template(MessageTemplate("", source))
        with pytest.raises(Invalid, match="fails for these fields: tojson makes a text of more than 8000 characters"):
            render(source, FIELDS, MAX_TEXT)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_json_of_a_long_text_is_refused() -> None:
    with pytest.raises(Invalid, match="tojson makes a text of more than 8000 characters"):
        render("{% if message | tojson %}x{% endif %}", {**FIELDS, "message": "a" * 8_001}, MAX_TEXT)
    assert render("{{ message | tojson }}", {**FIELDS, "message": "a" * 7_998}, MAX_TEXT) == f'"{"a" * 7_998}"'


def test_check_of_a_template_runs_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setitem(text_template._ENVIRONMENT.filters, "upper", lambda text: calls.append(text) or text)
    source = "{{ 'constant' | upper }}{{ 'a' ~ ('b' | upper) }}{% if 'c' | upper %}{% endif %}"
    check_template(MessageTemplate("", source))
    assert calls == []
    render(source, FIELDS, MAX_TEXT)
    assert calls == ["constant", "b", "c"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ '\\ud800' }}", "a character from U+D800 to U+DFFF is not allowed"),
        ("a\ud800", "a character from U+D800 to U+DFFF is not allowed"),
        ("{{ 0x" + "F" * 4_000 + " }}", "it has a number with too many digits"),
        ("{% if count == 0x" + "F" * 4_000 + " %}x{% endif %}", "it has a number with too many digits"),
    ],
    ids=["escaped surrogate", "surrogate", "number", "compared number"],
)
def test_constant_that_cannot_be_written_is_refused(source: str, said: str) -> None:
    with pytest.raises(Invalid, match=re.escape(said)):
        check_template(MessageTemplate("", source))


def test_surrogate_in_a_field_is_an_error_of_the_template() -> None:
    with pytest.raises(Invalid, match=r"a character from U\+D800 to U\+DFFF is not allowed"):
        render("{{ device }}", {**FIELDS, "device": "\ud800"}, MAX_TEXT)


@pytest.mark.parametrize(("value", "text"), [(0.0, "0.0"), (0, "0"), ("0", "0"), ("", "null"), (None, "null")])
def test_default_replaces_only_a_missing_value_and_an_empty_text(value: Any, text: str) -> None:
    assert render("{{ value | default('null') }}", {**FIELDS, "value": value}, MAX_TEXT) == text
    without = {key: each for key, each in FIELDS.items() if key != "value"}
    assert render("{{ value | default('null') }}", without, MAX_TEXT) == "null"


def test_title_and_text_templates_are_chosen_independently() -> None:
    channel, route = MessageTemplate("channel", " "), MessageTemplate("", "route")
    assert first_of(route) == MessageTemplate(DEFAULT_TEMPLATE.title, "route")
    assert first_of(channel, route) == MessageTemplate("channel", "route")
    assert first_of() == DEFAULT_TEMPLATE
