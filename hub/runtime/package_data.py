"""Folders of the files that are installed with the package.

They are the built dashboard, the default configuration, and the files that the dashboard's sources share with the hub.
A wheel has all of them inside the package; a checkout has the configuration in ``config/`` and the sources in ``web/``.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def web_dir() -> Path:
    """Return the folder of the built dashboard. It does not exist if the package was built without the dashboard."""
    return _PACKAGE / "_web"


def config_dir() -> Path:
    """Return the folder of the default ``hub.toml`` and ``rules.toml``, which the hub copies but never changes."""
    installed = _PACKAGE / "_config"
    return installed if installed.is_dir() else _PACKAGE.parent / "config"


def shared_dir() -> Path:
    """Return the folder of the files that the dashboard's sources share with the hub: translations and units."""
    installed = _PACKAGE / "_shared"
    return installed if installed.is_dir() else _PACKAGE.parent / "web" / "src"
