"""Parse an expression: a small subset of Python's grammar. Nothing is compiled or run."""

from __future__ import annotations

import ast
import math
from functools import lru_cache
from typing import Any

from hub.calculated.functions import FUNCTIONS, GROUPS, OVER_TIME
from hub.calculated.nodes import Apply, DeviceGroup, Node, Number, Other, OverTime, Own, Total, parts
from hub.model import Scope

MAX_CHARACTERS = 1_000
MAX_NODES = 100
MAX_WINDOW_MS = 7 * 86_400_000
MIN_WINDOW_MS = 1_000
THIS = "this"
"""The name that stands for the device of the calculated metric in an expression: ``metric("power", via=this)``."""
_SCOPE = {"area": "areas", "label": "labels", "model": "models", "via": "via"}
_BINARY: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
}
_COMPARE: dict[type[ast.AST], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_GRAMMAR = (
    "numbers, metrics, + - * / // % **, comparisons, and, or, not, a if b else c, and the functions "
    f"{', '.join(sorted({*FUNCTIONS, *GROUPS, *OVER_TIME, 'metric', 'total'}))}"
)


class InvalidExpression(Exception):
    """The expression is invalid. ``problem`` says what is wrong and where, ``hint`` says what is allowed."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.problem, self.hint = problem, hint


@lru_cache(1_024)
def parse_expression(text: str) -> Node:
    """Return the root node of an expression. Raises InvalidExpression."""
    if not text.strip() or len(text) > MAX_CHARACTERS:
        raise InvalidExpression("The expression is empty or too long.", f"Allowed: 1 to {MAX_CHARACTERS:,} characters.")
    try:
        # Added parentheses allow line breaks in the text. Columns in errors are reduced by the added characters.
        tree = ast.parse(f"({text}\n)", mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = (
            f" at character {(error.offset or 0) - 1}"
            if isinstance(error, SyntaxError) and (error.offset or 0) > 1
            else ""
        )
        raise InvalidExpression(f"The expression cannot be read{where}.", f"Allowed: {_GRAMMAR}.") from None
    if sum(1 for _ in ast.walk(tree)) > 6 * MAX_NODES:
        raise _too_long()
    node = _Reader().node(tree.body)
    found = parts(node)
    if len(found) > MAX_NODES:
        raise _too_long()
    if any(isinstance(each, Total) for each in found[1:]):
        hint = "Write total(power / 1000), not total(power) / 1000."
        raise InvalidExpression("total() has to be the outermost function.", hint)
    if all(isinstance(each, Number | Apply) for each in found):
        raise InvalidExpression(
            "The expression reads no metric.", 'Name one: temperature, or metric("temp", area="A").'
        )
    return node


def _too_long() -> InvalidExpression:
    return InvalidExpression("The expression has too many parts.", f"Allowed: {MAX_NODES} values and operations.")


class _Reader:
    """Converts the syntax tree of an expression, as Python parses it, into nodes of :mod:`hub.calculated.nodes`."""

    def __init__(self) -> None:
        self._over_time = 0

    def node(self, tree: ast.AST) -> Node:
        match tree:
            case ast.Constant(value=bool(value)):
                return Number(float(value))
            case ast.Constant(value=int(value) | float(value)):
                return Number(_finite(value))
            case ast.Name() | ast.Attribute():
                return Own(_dotted(tree))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Apply("negative", (self.node(operand),))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.node(operand)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Apply("not", (self.node(operand),))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return Apply(_BINARY[type(op)], (self.node(left), self.node(right)))
            case ast.BoolOp(op=op, values=values):
                return Apply("and" if isinstance(op, ast.And) else "or", tuple(map(self.node, values)))
            case ast.Compare():
                return self._comparison(tree)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return Apply("if", (self.node(test), self.node(body), self.node(orelse)))
            case ast.Call(func=ast.Name(id=name)):
                return self._call(name, tree)
        raise InvalidExpression(f"{_quoted(tree)} is not allowed.", f"Allowed: {_GRAMMAR}.")

    def _comparison(self, tree: ast.Compare) -> Node:
        sides = [self.node(each) for each in (tree.left, *tree.comparators)]
        if any(type(op) not in _COMPARE for op in tree.ops):
            raise InvalidExpression(f"{_quoted(tree)} is not allowed.", f"Allowed: {', '.join(_COMPARE.values())}.")
        pairs = zip(sides, tree.ops, sides[1:], strict=False)
        found = tuple(Apply(_COMPARE[type(op)], (left, right)) for left, op, right in pairs)
        return found[0] if len(found) == 1 else Apply("and", found)

    def _call(self, name: str, tree: ast.Call) -> Node:
        if name == "metric":
            return _metric(tree)
        if tree.keywords:
            raise InvalidExpression(f"{name}() takes no named values.", 'Only metric("…", area="…") does.')
        if name in GROUPS and len(tree.args) == 1:
            return _group(name, tree.args[0])
        if name in OVER_TIME:
            return self._window(name, tree)
        arguments = tuple(self.node(each) for each in tree.args)
        if name == "total" and len(arguments) == 1:
            return Total(arguments[0])
        if name in GROUPS and name not in FUNCTIONS:
            raise InvalidExpression(
                f"{name}() reads several devices.", f'Write {name}(metric("power", area="Hall 2")).'
            )
        function = FUNCTIONS.get(name)
        if function is None:
            raise InvalidExpression(f"There is no function {name[:60]}().", f"Allowed: {_GRAMMAR}.")
        if not function.least <= len(arguments) <= (function.most or len(arguments)):
            most = function.most or "more"
            counts = f"{function.least}" if function.least == most else f"{function.least} to {most}"
            raise InvalidExpression(f"{name}() has {len(arguments)} values.", f"Allowed: {counts}.")
        return Apply(name, arguments)

    def _window(self, name: str, tree: ast.Call) -> Node:
        match tree.args:
            case [value, ast.Constant(value=int(seconds) | float(seconds))] if (
                MIN_WINDOW_MS <= 1000 * seconds <= MAX_WINDOW_MS
            ):
                argument = self.node(value)
                self._over_time += 1
                return OverTime(name, argument, round(1000 * seconds), self._over_time)
        hint = (
            f"Write {name}(power, 300): a value, and the last {MIN_WINDOW_MS // 1000} to {MAX_WINDOW_MS // 1000:,} s."
        )
        raise InvalidExpression(f"{_quoted(tree)} is not valid.", hint)


def _metric(tree: ast.Call) -> Node:
    metric, options = _options(tree)
    if not options:
        return Own(metric)
    match options:
        case {"device": str(device)} if len(options) == 1:
            return Other(device, metric)
    hint = 'Write sum(metric("power", area="Hall 2")), or mean, min, max, count.'
    raise InvalidExpression(f"{_quoted(tree)} has the values of several devices.", hint)


def _group(function: str, tree: ast.expr) -> Node:
    if not (isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "metric"):
        hint = f'Write {function}(metric("power", area="Hall 2")).'
        raise InvalidExpression(f"{function}({_quoted(tree)}) does not say of which devices.", hint)
    metric, options = _options(tree)
    if not options or not options.keys() <= _SCOPE.keys():
        raise InvalidExpression(f"{_quoted(tree)} selects no group of devices.", f"Allowed: {', '.join(_SCOPE)}.")
    around = [key for key, value in options.items() if value is None]
    if len(around) > 1 or any(key not in ("area", "via") for key in around):
        raise InvalidExpression(f"{_quoted(tree)} is not valid.", "Allowed: area=this or via=this.")
    scope = Scope(**{_SCOPE[key]: (value,) for key, value in options.items() if value is not None})
    return DeviceGroup(function, metric, scope, around[0] if around else "")


def _options(tree: ast.Call) -> tuple[str, dict[str, str | None]]:
    """Return the metric and the keyword arguments of a call such as ``metric("power", device="meter-1")``.

    An argument whose value is the word ``this`` (the device itself) is returned as None.
    """
    match tree.args:
        case [ast.Constant(value=str(metric))] if 0 < len(metric) <= 256:
            found: dict[str, str | None] = {}
        case _:
            hint = 'Write metric("power") or metric("power", device="meter-1").'
            raise InvalidExpression(f"{_quoted(tree)} is not valid.", hint)
    for each in tree.keywords:
        match each.value:
            case ast.Constant(value=str(value)) if 0 < len(value) <= 256:
                found[str(each.arg)] = value
            case ast.Name(id="this"):
                found[str(each.arg)] = None
            case _:
                hint = f'Allowed: a text in quotes, such as "Hall 2", or {THIS}.'
                raise InvalidExpression(f"{_quoted(each.value)} is not valid here.", hint)
    return metric, found


def _dotted(tree: ast.AST) -> str:
    match tree:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value)}.{name}"
    raise InvalidExpression(
        f"{_quoted(tree)} is not a metric.", 'Write metric("name") for a name with other characters.'
    )


def _finite(value: Any) -> float:
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise InvalidExpression("A number is too large.", "Allowed: up to 1.7e308.")
    return found


def _quoted(tree: ast.AST) -> str:
    text = ast.unparse(tree)
    return text if len(text) <= 60 else f"{text[:57]}…"
