"""Watchkeeper: an IoT hub whose alerts explain themselves.

A layer is a folder. A module imports only from its own package and from lower layers: the import contracts in
pyproject.toml list them, and docs/architecture.md shows them as a map.
"""

__version__ = "0.1.0.dev0"
