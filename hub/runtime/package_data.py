"""Folders of the files that are installed with the package: the built dashboard and the default configuration.

A wheel has both inside the package; a checkout has the configuration in ``config/`` at its root.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def web_dir() -> Path:
    """Return the folder of the built dashboard; it does not exist if the package was built without."""
    return _PACKAGE / "_web"


def config_dir() -> Path:
    """Return the folder of the default ``hub.toml`` and ``rules.toml``, which are copied and never changed."""
    installed = _PACKAGE / "_config"
    return installed if installed.is_dir() else _PACKAGE.parent / "config"
