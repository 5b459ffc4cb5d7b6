"""Calculated metrics: parse their definitions and expressions, and evaluate them. No function uses clock or network.

::

    calculated.toml --> parse --> definitions --> parse_expression --> Node
                                       |
    latest values of devices --> Calculation.round --> values and units of the calculated metrics

An expression is a subset of Python's grammar. It is parsed with :mod:`ast`, checked against a list of allowed syntax,
and turned into nodes (``nodes.py``). Nodes are evaluated over columns, which are arrays with one entry per device. No
Python code is compiled or run.
"""

from hub.calculated.calculation import Calculation, NewValues
from hub.calculated.expression import InvalidExpression, parse_expression
from hub.calculated.parse import parse, parse_usable

__all__ = ["Calculation", "InvalidExpression", "NewValues", "parse", "parse_expression", "parse_usable"]
