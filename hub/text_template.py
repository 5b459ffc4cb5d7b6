"""Sandboxed text templates: text with named fields, in a part of Jinja2's syntax.

What a template may contain is checked when it is saved: the fields that the caller allows, ``if``, one level of ``for
alert in alerts``, comparisons, and the filters below. Calls, arithmetic, ``set`` and attributes other than the fields
of an alert are not allowed. So a template can read nothing else. The text that it makes is bounded, and so is the
result of each filter that can make a text longer. Checking a template never runs its filters.

Source: Jinja2's documentation, "Sandbox". The nodes are those of its syntax tree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError, Undefined, UndefinedError, nodes, pass_context
from jinja2.environment import Template as Compiled
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from hub.errors import Invalid

MAX_SOURCE = 4_096
MAX_DEPTH = 30
MAX_TEXT = 8_000
"""Maximum number of characters in the result of a template or filter."""
_ALLOWED = {
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Name, nodes.Const, nodes.Getattr),
    *(nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat, nodes.Filter),
    nodes.Keyword,
}
_HINT = "See the documentation for the fields and filters."
FIELDS = (
    *("status", "severity", "device", "place", "area", "rule", "metric", "message", "value", "limit", "since"),
    *("duration", "diagnosis", "url", "rule_name", "count", "others", "more"),
)
"""The fields that a template of a message may use.

Each alert of the message has some of these fields, too, such as ``device``. Outside of a loop over the alerts, such a
field has the value of the most severe alert.
"""
ALERT_FIELDS = (
    *("severity", "device", "place", "area", "rule", "metric", "message", "value", "limit", "since", "duration"),
    *("diagnosis", "url", "rule_name"),
)
LOOP_FIELDS = ("first", "last", "index")
_FORMS = "{{ field }}, {% if field %} … {% endif %} or {% for alert in alerts %} … {% endfor %}"
_WORDS = {
    "Call": "a call such as name(…) is not allowed; filters are written {{ field | upper }}",
    "BinExpr": "arithmetic is not allowed; two texts are joined by ~",
    "UnaryExpr": "arithmetic is not allowed; two texts are joined by ~",
    "Getitem": "square brackets after a name are not allowed; write {{ field }}",
    "List": "lists are not allowed; write (severity == 'warning' or severity == 'critical')",
    "Tuple": "lists are not allowed; write (severity == 'warning' or severity == 'critical')",
    "Test": '"is" is not allowed; compare with == or write {% if field %}',
    "Assign": "{% set %} is not allowed: repeat the field where it is needed",
    "AssignBlock": "{% set %} is not allowed: repeat the field where it is needed",
    "FilterBlock": "{% filter %} is not allowed; write {{ field | upper }}",
}
"""Error messages by the class name of a node in Jinja2's syntax tree."""
_TAG = re.compile(r"unknown tag '([^']{0,40})")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NO_VALUE = "it compares a field without a value"
_NOT_UTF8 = "a character from U+D800 to U+DFFF is not allowed, because UTF-8 cannot express it"


def check_source(source: str, names: tuple[str, ...] = FIELDS) -> None:
    """Raise Invalid if a template contains something that is not allowed.

    ``names`` are the allowed fields. Loops over the alerts are allowed only with :data:`FIELDS`.
    """
    _compiled(source, names)


def render(source: str, fields: Mapping[str, Any], limit: int, names: tuple[str, ...] = FIELDS) -> str:
    """Fill in a template with ``fields``, and return the text. ``names`` are the fields that it may use.

    Raises Invalid if the template fails for these fields or makes more than ``limit`` characters.
    """
    size, parts = 0, list[str]()
    try:
        compiled = _compiled(source, names)
        for part in compiled.root_render_func(compiled.new_context(dict(fields))):
            size += len(part)
            if size > limit:
                raise Invalid(f"The text has more than {limit} characters.", "Use shorter fields.")
            parts.append(part)
    except Invalid:
        raise
    except Exception as error:  # Jinja2 and its filters may raise any exception
        raise Invalid(f"The template fails for these fields: {_failure(error)}.", "Try the preview.") from None
    text = "".join(parts).strip()
    if _SURROGATE.search(text):
        raise Invalid(f"The template fails for these fields: {_NOT_UTF8}.", "Try the preview.")
    return text


_LONG_JSON = f"tojson makes a text of more than {MAX_TEXT} characters"


def _replace(value: Any, old: str, new: str) -> str:
    text = str(value)
    if not old or len(text) + text.count(old) * len(new) > MAX_TEXT:
        raise ValueError(f"replace makes a text of more than {MAX_TEXT} characters")
    return text.replace(old, new)


def _truncate(value: Any, length: Any = 100) -> str:
    if not isinstance(length, int):
        raise ValueError("truncate needs a whole number, such as truncate(100)")
    text = str(value)
    return text if len(text) <= length else f"{text[: max(length - 1, 0)]}…"


def _default(value: Any, other: Any = "") -> Any:
    """Return ``other`` in place of a field that has no value or is an empty text. The number 0 is a value."""
    return other if value is None or isinstance(value, Undefined) or value == "" else value


def _to_json(value: Any) -> str:
    """Return a value as JSON. A field without a value is ``null``.

    Raises ValueError if the value or the JSON is longer than :data:`MAX_TEXT`. JSON of JSON doubles each backslash, so
    that ``tojson`` repeated a few times would fill the memory.
    """
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise ValueError(_LONG_JSON)
    text = json.dumps(None if isinstance(value, Undefined) else value, ensure_ascii=False, allow_nan=False)
    if len(text) > MAX_TEXT:
        raise ValueError(_LONG_JSON)
    return text


_FILTERS: dict[str, Callable[..., Any]] = {
    "capitalize": lambda text: str(text).capitalize(),
    "default": _default,
    "lower": lambda text: str(text).lower(),
    "replace": _replace,
    "title": lambda text: str(text).title(),
    "tojson": _to_json,
    "trim": lambda text: str(text).strip(),
    "truncate": _truncate,
    "upper": lambda text: str(text).upper(),
}


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        optimized=False, autoescape=False, cache_size=0, keep_trailing_newline=True, finalize=_as_text
    )
    environment.filters = dict(_FILTERS)
    environment.tests, environment.globals = {}, {}
    return environment


@pass_context
def _as_text(_context: Context, value: Any) -> Any:
    """Return the text that a template writes for a value; empty for a field without a value.

    The context is an argument so that Jinja2 cannot call this before the template is filled in. Otherwise, Jinja2 would
    evaluate filters of constants while it compiles the template, even if the template is only checked.
    """
    return "" if value is None else value


_ENVIRONMENT = _environment()


@lru_cache(256)
def _compiled(source: str, names: tuple[str, ...]) -> Compiled:
    """Check and compile a template. Raises Invalid if it is not allowed."""
    if len(source) > MAX_SOURCE:
        raise Invalid(f"it has more than {MAX_SOURCE} characters.", "Make it shorter.")
    try:
        tree = _ENVIRONMENT.parse(source)
        _check(tree, names)
        # compile() accepts a tree too, although it is annotated for texts only.
        code: Any = _ENVIRONMENT.compile(tree)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise Invalid(f"{_unreadable(str(error.message))}{f' (line {line})' if line else ''}.", _HINT) from None
    except (RecursionError, MemoryError, SyntaxError, OverflowError):
        raise Invalid("it has too many parts inside each other.", "Make it simpler.") from None
    except ValueError:  # Python refuses to write an integer of more than 4,300 digits
        raise Invalid("it has a number with too many digits.", "Make the number shorter.") from None
    return Compiled.from_code(_ENVIRONMENT, code, _ENVIRONMENT.globals)


def _check(tree: nodes.Template, names: tuple[str, ...]) -> None:
    """Raise Invalid if a node of the syntax tree is not allowed."""
    waiting: list[tuple[nodes.Node, int, str | None]] = [(tree, 0, None)]  # with depth, and the variable of the loop
    while waiting:
        node, depth, alert = waiting.pop()
        if type(node) not in _ALLOWED:
            raise _invalid(node, _not_allowed(node))
        if depth > MAX_DEPTH:
            raise _invalid(node, "it has too many parts inside each other")
        match node:
            case nodes.For() if names is not FIELDS:
                raise _invalid(node, "loops are not allowed here; write {{ field }} or {% if field %} … {% endif %}")
            case nodes.Getattr() if names is not FIELDS:
                of = f"{node.node.name[:40]}." if isinstance(node.node, nodes.Name) else "."
                raise _invalid(node, f"{of}{node.attr[:40]} is not allowed: fields have no parts; {_listed(names)}")
            case nodes.For():
                alert = _loop_variable(node, alert)
                children = [*node.body, *node.else_, *([node.test] if node.test else [])]
            case nodes.Getattr():
                _check_attribute(node, alert)
                children = []
            case nodes.Const(value=str(text)) | nodes.TemplateData(data=text) if _SURROGATE.search(text):
                raise _invalid(node, _NOT_UTF8)
            case nodes.Name() if node.name not in names:
                raise _invalid(node, f"there is no field {node.name[:40]}; {_listed(names)}")
            case nodes.Filter() if node.name not in _FILTERS or node.node is None or node.dyn_args or node.dyn_kwargs:
                raise _invalid(node, f"there is no filter {node.name[:40]}; {_listed(_FILTERS)}")
            case _:
                children = list(node.iter_child_nodes())
        waiting += ((child, depth + 1, alert) for child in children)


def _loop_variable(node: nodes.For, outer: str | None) -> str:
    """Return the name of the variable in a template's loop over the alerts.

    ``outer`` is the variable of the loop around it; None if there is none. Raises Invalid if the loop is not over the
    alerts, is inside another loop, or has a variable with a name that is already used for something else.
    """
    over_alerts = isinstance(node.iter, nodes.Name) and node.iter.name == "alerts"
    if not over_alerts or not isinstance(node.target, nodes.Name) or node.recursive or outer is not None:
        raise _invalid(node, "write {% for alert in alerts %} … {% endfor %}, and no loop inside another one")
    name: str = node.target.name
    if name in FIELDS or name == "loop" or name.startswith("_"):
        raise _invalid(node, f"the alert in a loop cannot be named {name[:40]}: write {{% for alert in alerts %}}")
    return name


def _check_attribute(node: nodes.Getattr, alert: str | None) -> None:
    of = node.node.name if isinstance(node.node, nodes.Name) else None
    if alert is None or of not in (alert, "loop"):
        name = node.attr[:40]
        hint = f" For the most severe alert, write {{{{ {name} }}}}" if name in FIELDS and alert is None else ""
        written = f"{of[:40]}.{name}" if of is not None else f".{name}"
        raise _invalid(
            node,
            f"{written} is not allowed: only the alert in {{% for alert in alerts %}} has fields.{hint}".rstrip("."),
        )
    allowed = LOOP_FIELDS if of == "loop" else ALERT_FIELDS
    if node.attr not in allowed:
        raise _invalid(node, f"{of} has no field {node.attr[:40]}; allowed: {', '.join(allowed)}")


def _listed(names: Iterable[str]) -> str:
    return f"allowed: {', '.join(names)}"


def _invalid(node: nodes.Node, why: str) -> Invalid:
    return Invalid(f"{why} (line {node.lineno}).", _HINT)


def _not_allowed(node: object) -> str:
    """Return the error message for a part of a template that is not allowed: a node of Jinja2's syntax tree."""
    found = (_WORDS.get(each.__name__) for each in type(node).__mro__)
    return next((words for words in found if words), f"it has a part that is not allowed; write {_FORMS}")


def _unreadable(problem: str) -> str:
    """Return the error message for a template that cannot be parsed. ``problem`` is Jinja2's own message."""
    if (tag := _TAG.search(problem)) is not None:
        return f"there is no {{% {tag[1]} %}}; allowed: if, elif, else, endif, for, endfor"
    if problem.lower().startswith("unexpected end of template"):
        missing = "endfor" if problem.rstrip(".").endswith("'for'") else "endif"
        return (
            f"{{% {missing} %}} is missing" if "innermost" in problem else f"a }}}} or %}} is missing; write {_FORMS}"
        )
    return f"a part between {{{{ }}}} or {{% %}} cannot be read; write {_FORMS}"


def _failure(error: Exception) -> str:
    """Return the reason why a template could not be filled in, from the exception of Jinja2 or of a filter."""
    if isinstance(error, TypeError) and "not supported between" in str(error):
        return _NO_VALUE if "NoneType" in str(error) else "it compares a text with a number"
    if isinstance(error, UndefinedError):
        return _NO_VALUE
    if isinstance(error, TypeError):
        return "a filter has wrong values in its brackets, or too many or too few"
    return str(error)[:200]
