"""Edits of one table in a TOML file keep everything else unchanged."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigError
from hub.services.toml_tables import TableList

FILE = """# What we watch.

[[rule]]
id = "hot"
# agreed with the site
above = 80  # degrees
clear = 78

# -- pumps --

  [[ rule ]]
id = "wet"
devices = [
  "a",  # the first
]

# the end
"""


def tables(text: str = FILE) -> TableList:
    return TableList(text, "rule", "rules.toml")


def test_unchanged_tables_join_to_same_text():
    found = tables()
    assert found.as_text() == FILE
    assert [values["id"] for values in found.values] == ["hot", "wet"]
    assert found.texts[0] == '[[rule]]\nid = "hot"\n# agreed with the site\nabove = 80  # degrees\nclear = 78'


def test_changed_values_keep_comments_and_order():
    found = tables()
    text = found.with_values(0, {"id": "hot", "above": 70, "clear": None, "for": "5s"})
    assert text == '[[rule]]\nid = "hot"\n# agreed with the site\nabove = 70  # degrees\nfor = "5s"'
    found.replace(0, text)
    assert found.as_text() == FILE.replace(tables().texts[0], text)


def test_equal_values_keep_their_notation():
    found = tables()
    for index in (0, 1):
        assert found.with_values(index, found.values[index]) == found.texts[index]
    assert found.with_values(0, {"id": "hot", "above": 80.0, "clear": 78}) == found.texts[0]
    assert "clear = true" in tables(FILE.replace("78", "1")).with_values(0, {**found.values[0], "clear": True})


def test_new_table_is_appended():
    found = tables()
    found.append(found.with_values(None, {"id": "new", "above": 1.5, "labels": ["a", 'b"\n'], "falling": True}))
    assert (
        found.as_text()
        == f"""{FILE}
[[rule]]
id = "new"
above = 1.5
labels = ["a", "b\\"\\n"]
falling = true
"""
    )
    first = tables("")
    first.append('[[rule]]\nid = "x"')
    assert first.as_text() == '[[rule]]\nid = "x"\n'


def test_removed_table_keeps_comments_around_it():
    found = tables()
    found.remove(0)
    assert found.as_text() == FILE.replace(tables().texts[0] + "\n\n", "")
    found = tables()
    found.remove(1)
    assert found.as_text() == FILE.replace(tables().texts[1] + "\n\n", "")
    found.remove(0)
    assert found.as_text() == "# What we watch.\n\n# -- pumps --\n\n# the end\n"


@pytest.mark.parametrize(
    "text", ['rule = [{ id = "a" }]', "rule = 1", '[rule]\nid = "a"', '[[rule]]\nname = """\n[[rule]]\n"""']
)
def test_other_notations_of_tables_are_refused(text: str):
    with pytest.raises(ConfigError, match=r"not written as a \[\[rule\]\] table of its own"):
        tables(text)


def test_invalid_toml_is_refused():
    with pytest.raises(ConfigError, match="not valid TOML"):
        tables("[[rule]")


@pytest.mark.parametrize("values", [{"a": [None]}, {"a": object()}])
def test_values_without_toml_type_are_refused(values):
    with pytest.raises(ConfigError, match="cannot be written as TOML"):
        tables().with_values(0, values)


VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=3),
)
TABLES = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8), VALUES, max_size=5)


@given(st.lists(st.tuples(st.sampled_from(["put", "add", "remove"]), st.integers(0, 3), TABLES), max_size=6))
def test_any_edits_give_expected_tables(edits):
    """Parsed after each edit, the file has exactly the expected tables."""
    text, expected = FILE, [dict(values) for values in tables().values]
    for kind, place, values in edits:
        found = tables(text)
        if kind == "add" or place >= len(expected):
            found.append(found.with_values(None, values))
            expected.append(values)
        elif kind == "put":
            found.replace(place, found.with_values(place, values))
            expected[place] = values
        else:
            found.remove(place)
            del expected[place]
        text = found.as_text()
        assert tomllib.loads(text).get("rule", []) == expected
        assert "# the end" in text
