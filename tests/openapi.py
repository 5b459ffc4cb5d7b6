"""The API's description as the dashboard's types are made from it: ``web/openapi.json``.

    python tests/openapi.py     # writes it anew; then, in web/, npm run types

``test_openapi.py`` holds the file to the application.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1])]

from api_hub import running_hub

FILE = Path(__file__).parents[1] / "web" / "openapi.json"


async def description(data: Path) -> dict[str, Any]:
    """Without what changes with every release or port, and no type with it."""
    async with running_hub(data) as hub:
        found: dict[str, Any] = hub.app.described()
    found["components"]["securitySchemes"]["session"]["name"] = "hub_session_8000"
    return {**found, "info": {**found["info"], "version": ""}}


def written(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        FILE.write_text(written(asyncio.run(description(Path(folder)))), encoding="utf-8")
