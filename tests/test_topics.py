"""Topic filters, and slugs of names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.dialects.units import spell
from hub.topics import ID, matches, printable, slug


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("a/+/c", "a//c", True),
        ("a/b", "a/bc", False),
        ("a/b/c", "a/b", False),
    ],
)
def test_topic_filter_matches_by_the_rules_of_mqtt(topic_filter, topic, expected):
    assert matches(topic_filter, topic) is expected


def test_valid_id_is_its_own_slug():
    assert slug("pump-01.a:b_c~d") == "pump-01.a:b_c~d"


def test_name_cannot_impersonate_hashed_slug():
    hashed = slug("a b")
    assert slug(hashed) != hashed


@given(st.text(min_size=1, max_size=300))
def test_slug_is_valid_id_and_stable(name):
    assert ID.fullmatch(slug(name))
    assert slug(name) == slug(name)


@given(st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=50))
def test_slugs_do_not_collide(names):
    assert len({slug(name) for name in names}) == len(names)


def test_topic_cannot_forge_log_line():
    assert "\n" not in printable("a\nERROR forged")
    assert len(printable("x" * 10_000)) <= 201


@pytest.mark.parametrize(("given", "expected"), [("ºC", "°C"), ("lux", "lx"), ("w", "W"), (" % ", "%"), ("bar", "bar")])
def test_units_are_normalised(given, expected):
    assert spell(given) == expected
