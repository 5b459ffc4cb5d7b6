"""Templates of Home Assistant announcements: supported features, and limits on time and memory."""

import resource
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialect_run import NOW, json_values
from examples import examples
from hub.dialects import fill
from hub.dialects.homeassistant.template import Missing, template
from hub.errors import Rejected

MESSAGE = {"t": 21.55, "s": "ON", "n": None, "l": [3, 1, 2], "o": {"a": {"b": 7}}, "ts": 1_730_000_000, "hex": "0x1F"}


def render(source: str, value: str = "hello", message=MESSAGE) -> str:
    return template(source).render(value, message, NOW)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ value }}", "hello"),
        ("{{ value_json.t }}", "21.55"),
        ('{{ value_json["o"]["a"].b }}', "7"),
        ("{{ value_json.l[1] }}", "1"),
        ("{{ value_json.n }}", "None"),
        ("{{ value_json.s | is_defined }}", "ON"),
        ("{{ value_json.t | round(1) }}", "21.6"),
        ("{{ value_json.t | round }}", "22"),
        ("{{ value_json.t | round(0, 'floor') }}", "21"),
        ("{{ (value_json.t | float * 9 / 5 + 32) | round(1) }}", "70.8"),
        ("{{ value_json.t | int }}", "21"),
        ("{{ value_json.hex | int(base=16) }}", "31"),
        ("{{ value_json.s | float(-1) }}", "-1"),
        ("{{ value_json.x | default('none') }}", "none"),
        ("{{ 'yes' if value_json.s == 'ON' else 'no' }}", "yes"),
        ("{% if value_json.l | length > 2 %}many{% else %}few{% endif %}", "many"),
        ("{{ iif(value_json.n, 1, 0, -1) }}", "-1"),
        ("{{ (value_json.t > 20) | iif('warm', 'cold') }}", "warm"),
        ("{{ {'ON': 1, 'OFF': 0}[value_json.s] }}", "1"),
        ("{% set s = value_json.s %}{{ s | lower ~ '!' }}", "on!"),
        ("{{ value_json.ts | timestamp_custom('%Y-%m-%d %H:%M') }}", "2024-10-27 03:33"),
        ("{{ value_json.ts | timestamp_utc }}", "2024-10-27T03:33:20+00:00"),
        ("{{ as_timestamp('2024-10-27T03:33:20+00:00') | int }}", "1730000000"),
        ("{{ (as_timestamp(now()) - value_json.ts) | int }}", str(NOW // 1000 - 1_730_000_000)),
        ("{{ value_json.hex | regex_replace('^0x') }}", "1F"),
        ("{{ value_json.hex | regex_findall_index('[0-9A-F]+$') }}", "1F"),
        ("{{ value is match('he') }} {{ value is search('ll') }}", "True True"),
        ("{{ 6 | bitwise_and(3) }} {{ bitwise_or(6, 1) }}", "2 7"),
        ("{{ value_json.o | to_json }}", '{"a":{"b":7}}'),
        ("{{ ('{\"a\": 5}' | from_json).a }}", "5"),
        ("{{ value_json.l | sort | join(',') }} {{ value_json.l | max }} {{ value_json.l | sum }}", "1,2,3 3 6.0"),
        ("{{ '%05.1f' | format(value_json.t) }}", "021.6"),
        ("{{ value.split('l')[0].upper() }} {{ value.replace('l', 'L') }}", "HE heLLo"),
        ("{{ value_json.get('q', 4) }} {{ 's' in value_json }} {{ value[1:3] }}", "4 True el"),
    ],
)
def test_supported_template_is_rendered(source, text):
    assert render(source) == text


@pytest.mark.parametrize(
    "source",
    ["{{ value_json.x }}", "{{ value_json.x.y }}", "{{ value_json.x | is_defined }}", "{{ value_json.x * 2 }}"],
)
def test_missing_key_raises_missing(source):
    with pytest.raises(Missing):
        render(source)


def test_value_json_is_missing_for_message_without_json():
    with pytest.raises(Missing):
        template("{{ value_json.x }}").render("hello", ..., NOW)
    assert template("{{ value_json is defined }}").render("hello", ..., NOW) == "False"


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in [1] %}{% endfor %}",
        "{{ 'a' * 10 ** 9 }}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% set x %}text{% endset %}",
        "{{ range(10) }}",
        "{{ lipsum() }}",
        "{{ states('sensor.x') }}",
        "{{ value.__class__ }}",
        "{{ value | attr('__class__') }}",
        "{{ value.format(1) }}",
        "{{ value.ljust(1000000000) }}",
        "{{ value | center(1000000000) }}",
        "{% set f = value.ljust %}{{ f(1000000000) }}",
        "{% set float = value.ljust %}{{ float(9) }}",
        "{{ value_json.s() }}",
        "{{ max(*value_json.l) }}",
        "{% set a = [1] %}{% set a = [a, a] %}{{ a }}",
        "{{ [" + "value," * 20 + "] }}",
        "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
        "{{ value_json" + ".a" * 500 + " }}",
        "{{ 1 }}" * 1_000,
        "{{ value | regex_search('a') }}" * 9,
        "{{ value",
        "{{ value is sorcery }}",
    ],
)
def test_unsupported_template_is_rejected_at_announcement(source):
    with pytest.raises(Rejected) as caught:
        template(source)
    assert caught.value.reason == "bad_template"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ 'a' * 1000000000 }}", ""),
        ("{{ value * 1000000000 }}", "a"),
        ("{{ [0] * 1000000000 }}", ""),
        ("{{ value % 5 }}", "%999999999d"),
        ("{{ value | format(5) }}", "%999999999d"),
        ("{{ value | format(5, 5) }}", "%*d"),
        ("{% set a = 'aaaaaaaaaaaaaaaa' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}", ""),
        ("{% set a = 'aaaaaaaaaaaaaaaa' %}" + "{% set a = a + a %}" * 60 + "{{ a }}", ""),
        ("{% set a = 99999999 %}" + "{% set a = a * a %}" * 60 + "{{ a }}", ""),
        ("{{ value | replace('', value) }}", "a" * 60_000),
        ("{{ value.replace('a', value) }}", "a" * 60_000),
        ("{{ value.split('') | join(value) }}", "a" * 60_000),
        ("{{ value | list | join(value) }}", "a" * 60_000),
        ("{{ value }}" * 300, "a" * 60_000),
        ("{{ value | regex_replace('(a+)+$') }}", "a" * 100),
        ("{{ value | regex_match('(a|a)*b') }}", "a" * 100),
        ("{{ value | regex_search('.*.*.*.*.*=') }}", "a" * 200),
        ("{{ value | regex_search('a*a*a*=') }}", "a" * 256),
        ("{{ value | regex_search('" + "(ab|a|ba)" * 20 + "=') }}", "ab" * 100),
        ("{{ value | regex_search('a') }}", "a" * 60_000),
        ("{{ 5 | round(-1000000000) / 0 }}", ""),
        ("{{ value_json.ts | timestamp_custom('%1000000000d') }}", ""),
        ("{{ value | int * value | int * value | int * value | int * value | int }}", "9" * 300),
    ],
)  # fmt: skip
def test_costly_template_is_rejected_within_time_and_memory(source, value):
    """Each value is rejected with the same reason, quickly and with little memory."""
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()
    with pytest.raises(Rejected) as caught:
        render(source, value)
    assert caught.value.reason == "template_failed"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes
    assert time.thread_time() - started < 5


def test_rejection_names_cause():
    with pytest.raises(Rejected, match="'ON' is not a number"):
        render("{{ value_json.s | float }}")
    with pytest.raises(Rejected, match=r"states\(\) is not supported"):
        template("{{ states('sensor.x') }}")
    with pytest.raises(Rejected, match="the filter pprint is not supported"):
        template("{{ value | pprint }}")


def test_command_template_is_filled_with_value():
    assert fill('{"set": {{ value | tojson }}}', "a") == '{"set": "a"}'
    with pytest.raises(Rejected):
        fill("{{ value_json.x }}", 1)


FILTERS = (
    *("float", "int", "round(1)", "lower", "length", "first", "join(',')"),
    *("default(1)", "is_defined", "to_json", "regex_replace('a','b')"),
)
PATHS = ("value", "value_json.a", "value_json['b'][0]", "value_json.a ~ value", "value_json.a * value_json.b")


@settings(max_examples=examples(300))
@given(
    path=st.sampled_from(PATHS),
    filters=st.lists(st.sampled_from(FILTERS), max_size=3),
    message=json_values,
    text=st.text(max_size=20),
)
def test_any_message_is_rendered_or_rejected(path, filters, message, text):
    try:
        found = template("{{ (" + path + ")" + "".join(f" | {name}" for name in filters) + " }}").render(
            text, message, NOW
        )
        assert isinstance(found, str)
    except (Missing, Rejected):
        pass


@given(st.text(alphabet="{}%|.()[]'\"~+*-/ abvalue_jsonif0123456789", max_size=60))
def test_any_text_is_a_template_or_rejected(source):
    with suppress(Missing, Rejected):
        template("{{" + source + "}}").render("1", MESSAGE, NOW)


def test_surrogate_rejects_the_value_and_the_command() -> None:
    source = r"{{ '\ud800' }}"
    for failing in (lambda: template(source).render("x", ..., NOW), lambda: fill(source, 1)):
        with pytest.raises(Rejected, match="surrogates not allowed"):
            failing()
    assert template("{{ 'ü😀' }}").render("x", ..., NOW) == "ü😀"


def test_number_with_too_many_digits_is_refused() -> None:
    with pytest.raises(Rejected, match="a number with too many digits"):
        template("{{ 0x" + "F" * 4_000 + " }}")
