"""Where the files that travel with the package lie: the built dashboard and the default configuration.

An installed wheel carries both in the package; a checkout has the configuration in ``config/`` at its top.
This module only names folders: it opens nothing and knows no file in them.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def web_dir() -> Path:
    """The built dashboard (``index.html``, ``assets/``, ``swagger/``). Absent when the package was made without."""
    return _PACKAGE / "_web"


def config_dir() -> Path:
    """The default ``hub.toml`` and ``rules.toml``, read-only: copies are for changing."""
    packed = _PACKAGE / "_config"
    return packed if packed.is_dir() else _PACKAGE.parent / "config"
