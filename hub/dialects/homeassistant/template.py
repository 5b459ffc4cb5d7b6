"""Templates of devices: checked when they are announced, compiled once, and safe to run.

Jinja2's sandbox protects Python's objects, but not memory and time: ``'a' * 10**9`` takes a gigabyte. So a template may
contain only the nodes in :data:`_ALLOWED` (no loop, no power, no macro), call only the functions in ``filters`` and
some methods of texts and objects, multiply only numbers, and produce only short texts.

Source: the Home Assistant documentation, "Templating"; Jinja2's "Sandbox".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from typing import Any

from jinja2 import TemplateError, Undefined, UndefinedError, nodes
from jinja2.environment import Template as Compiled
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from hub.dialects.homeassistant.filters import CONSTANTS, FILTERS, FUNCTIONS, TESTS, bounded, joined
from hub.errors import Rejected

MAX_SOURCE = 4_096
MAX_DEPTH = 40
MAX_LISTED = 16
"""Maximum number of variables in list and object literals. Each variable may hold a whole message."""
MAX_BITS = 1_024
"""Maximum number of bits of the product of two integers."""
MAX_PATTERNS = 8
"""Maximum number of regular expressions in a template."""
_TIMES = ("now", "utcnow")
_MATCHING = frozenset(name for name in FILTERS if name.startswith("regex_")) | {"match", "search"}
_ALLOWED = {
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Assign, nodes.Name, nodes.Const),
    *(nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair, nodes.Keyword, nodes.CondExpr, nodes.Getattr, nodes.Getitem),
    *(nodes.Slice, nodes.Filter, nodes.Test, nodes.Call, nodes.Compare, nodes.Operand, nodes.Concat),
    *(nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod),
}
_LITERALS = (nodes.List, nodes.Tuple, nodes.Dict)
_METHODS = {
    *("split", "rsplit", "lower", "upper", "strip", "lstrip", "rstrip", "startswith", "endswith", "title", "replace"),
    *("capitalize", "find", "count", "index", "isdigit", "isnumeric", "isalpha", "get", "keys", "values", "items"),
    *("timestamp", "isoformat", "total_seconds"),
}
_BUILT_IN = ("abs", "capitalize", "d", "default", "first", "last", "length", "count", "list", "lower", "upper")
_MORE_BUILT_IN = ("max", "min", "sort", "string", "title", "trim", "unique", "reverse")
_OF_DICT = frozenset(dir(dict))


class Missing(Exception):
    """The message lacks a field that the template uses, so the message has no value for this metric."""


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%"))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if numbers and operator == "*" and isinstance(left, int) and isinstance(right, int):
            if left.bit_length() + right.bit_length() > MAX_BITS:
                raise ValueError("the number is too large")
        elif operator == "+" and type(left) is type(right) and isinstance(left, str | list):
            bounded(len(left) + len(right))
        elif not (numbers or _undefined_or_time(left, right)):
            raise TypeError(f"{operator} is only allowed for numbers")
        return self.binop_table[operator](left, right)

    def is_safe_callable(self, obj: Any) -> bool:
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, str | dict | list | date | timedelta):
            return getattr(obj, "__name__", "") in _METHODS
        return obj in _CALLABLE or isinstance(obj, partial)


def _undefined_or_time(left: Any, right: Any) -> bool:
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        return True  # the operator then raises Jinja2's error, which names the undefined value
    return isinstance(left, date | timedelta) and isinstance(right, date | timedelta)


def _is_defined(value: Any) -> Any:
    if isinstance(value, Undefined):
        raise Missing
    return value


def _environment() -> _Sandbox:
    environment = _Sandbox(optimized=False, autoescape=False, cache_size=0)
    built_in = {name: environment.filters[name] for name in (*_BUILT_IN, *_MORE_BUILT_IN)}
    environment.filters = {**built_in, **FILTERS, "is_defined": _is_defined, "concatenated": joined}
    environment.tests.update(TESTS)
    environment.globals = {**FUNCTIONS, **CONSTANTS}
    return environment


_CALLABLE = frozenset(FUNCTIONS.values())
_ENVIRONMENT = _environment()
_Path = tuple[str | int, ...]


class ValueTemplate:
    """A checked and compiled template that extracts a value from a payload.

    A template of the simple form ``{{ value_json.a["b"] }}`` is stored as its ``path`` and runs without Jinja2.
    """

    __slots__ = ("_compiled", "_path", "_timed")

    def __init__(self, compiled: Compiled, path: _Path | None, timed: bool) -> None:
        self._compiled = compiled
        self._path = path
        self._timed = timed

    def render(self, text: str, parsed: Any, now: int) -> str:
        """Return the result of the template for a message.

        Args:
            text: The payload.
            parsed: The payload as JSON; ``...`` (Ellipsis) if it is not JSON.
            now: The time in epoch ms, for ``now()``.

        Raises:
            Missing: The message lacks a field that the template uses.
            Rejected: The template fails on this message (``template_failed``).
        """
        if self._path is not None:
            found = _follow(parsed, self._path)
            if not isinstance(found, dict | list):
                return str(found).strip()
        variables: dict[str, Any] = {"value": text}
        if parsed is not ...:
            variables["value_json"] = parsed
        return self.fill(variables, now).strip()

    def fill(self, variables: dict[str, Any], now: int) -> str:
        """Return the template's text for these variables. Raises Missing and Rejected (``template_failed``)."""
        if self._timed:
            clock = partial(datetime.fromtimestamp, now / 1000, UTC)
            variables.update(dict.fromkeys(_TIMES, clock))
        try:
            size, parts = 0, []
            for part in self._compiled.root_render_func(self._compiled.new_context(variables)):
                size += len(part)
                bounded(size)
                parts.append(part)
            text = "".join(parts)
            text.encode()  # raises UnicodeEncodeError for a surrogate, so that the value is rejected
        except (Missing, UndefinedError):
            raise Missing from None
        except Exception as error:  # an error in a device's own template is not a fault of the hub
            raise Rejected("template_failed", f"The template failed for this value: {str(error)[:100]}.") from error
        return text


def _follow(parsed: Any, path: _Path) -> Any:
    for key in path:
        try:
            parsed = parsed[key]
        except (KeyError, IndexError, TypeError):
            raise Missing from None
    return parsed


@lru_cache(2_000)
def template(source: str) -> ValueTemplate:
    """Check and compile a template. Raises Rejected (``bad_template``), whose message says what is not allowed."""
    if len(source) > MAX_SOURCE:
        raise _invalid(f"it has more than {MAX_SOURCE} characters")
    try:
        tree = _ENVIRONMENT.parse(source)
        names = frozenset(_checked(tree))
        path = _plain_path(tree)
        # compile() accepts a tree too, although it is annotated for texts only.
        code: Any = _ENVIRONMENT.compile(_Bounding().visit(tree))
    except TemplateError as error:
        raise _invalid(f"{str(error.message)[:100]}") from error
    except (RecursionError, MemoryError, SyntaxError, OverflowError) as error:
        raise _invalid("it is nested too deeply") from error
    except ValueError as error:  # Python refuses to write an integer of more than 4,300 digits
        raise _invalid("it has a number with too many digits") from error
    compiled = Compiled.from_code(_ENVIRONMENT, code, _ENVIRONMENT.globals)
    return ValueTemplate(compiled, path, not names.isdisjoint(_TIMES))


def fill(source: str, value: Any) -> str:
    """Return a command's template, rendered with ``value``. Raises Rejected."""
    try:
        return template(source).fill({"value": value}, 0)
    except Missing:
        raise Rejected("template_failed", "The template uses more variables than value.") from None


def _invalid(why: str) -> Rejected:
    return Rejected("bad_template", f"A template is not supported: {why}.")


def _checked(tree: nodes.Template) -> Iterator[str]:
    """Yield every name that a template uses. Raises Rejected if the template contains something that is not allowed."""
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if type(node) not in _ALLOWED:
            raise _invalid(f"{type(node).__name__} is not allowed")
        if depth > MAX_DEPTH:
            raise _invalid("it is nested too deeply")
        check = _CHECKS.get(type(node))
        if check is not None and (problem := check(node)):
            raise _invalid(problem)
        if isinstance(node, nodes.Name):
            yield node.name
        waiting += ((child, depth + 1) for child in node.iter_child_nodes())
    if sum(use.name in _MATCHING for use in tree.find_all((nodes.Filter, nodes.Test))) > MAX_PATTERNS:
        raise _invalid(f"it uses more than {MAX_PATTERNS} regular expressions")
    set_here = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    listed = [name.name for literal in tree.find_all(_LITERALS) for name in literal.find_all(nodes.Name)]
    # A list that contains another list twice, and so on, is small until it is converted to text.
    if len(listed) > MAX_LISTED or not set_here.isdisjoint(listed):
        problem = "a list or object may not contain variables that were set"
        raise _invalid(f"{problem}, and at most {MAX_LISTED} others")


def _call(node: Any) -> str | None:
    called = node.node
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        return "* and ** are not allowed in a call"
    if isinstance(called, nodes.Getattr) and called.attr in _METHODS:
        return None
    if isinstance(called, nodes.Name) and (called.name in FUNCTIONS or called.name in _TIMES):
        return None
    return f"{getattr(called, 'name', getattr(called, 'attr', 'this'))}() is not supported"


def _name(node: Any) -> str | None:
    if node.ctx == "store" and (node.name in FUNCTIONS or node.name in _TIMES or node.name.startswith("_")):
        return f"{node.name[:40]} cannot be set"
    return None


_CHECKS: dict[type[nodes.Node], Callable[[Any], str | None]] = {
    nodes.Call: _call,
    nodes.Name: _name,
    nodes.Getattr: lambda node: f"{node.attr[:40]} is private" if node.attr.startswith("_") else None,
    nodes.Filter: lambda node: (
        f"the filter {node.name[:40]} is not supported"
        if node.name not in _ENVIRONMENT.filters or node.node is None or node.dyn_args is not None
        else None
    ),
    nodes.Test: lambda node: (
        f"the test {node.name[:40]} is not supported" if node.name not in _ENVIRONMENT.tests else None
    ),
}


class _Bounding(NodeTransformer):
    """Replaces ``~`` and ``replace()`` in a template's syntax tree with filters that limit the size of the result."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 (the engine's name)
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), "concatenated", [])

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        if isinstance(node.node, nodes.Getattr) and node.node.attr == "replace":
            return _filter(node.node.node, "replace", node.args)
        return node


def _filter(node: nodes.Expr, name: str, arguments: list[Any]) -> nodes.Filter:
    return nodes.Filter(node, name, arguments, [], None, None, lineno=node.lineno)


def _plain_path(tree: nodes.Template) -> _Path | None:
    """Return ``("a", "b")`` for ``{{ value_json.a["b"] }}``, also with ``| is_defined``; None for other forms."""
    match tree.body:
        case [nodes.Output(nodes=[expression])]:
            found: Any = expression
        case _:
            return None
    if isinstance(found, nodes.Filter) and found.name == "is_defined" and not found.args:
        found = found.node
    path: list[str | int] = []
    while True:
        match found:
            case nodes.Name(name="value_json"):
                return tuple(reversed(path)) or None
            case nodes.Getattr(node=inner, attr=key) if key not in _OF_DICT:
                pass
            case nodes.Getitem(node=inner, arg=nodes.Const(value=str() | int() as key)) if key not in _OF_DICT:
                pass
            case _:
                return None
        path.append(key)
        found = inner
