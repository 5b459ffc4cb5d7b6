"""The API description from which the dashboard's types are generated: ``web/openapi.json``.

``make generated`` writes the file and the types; ``test_openapi.py`` checks that the file matches the application.
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
    """Return the OpenAPI description without version and port, which no type depends on."""
    async with running_hub(data) as hub:
        found: dict[str, Any] = hub.app.described()
    found["components"]["securitySchemes"]["session"]["name"] = "hub_session_8000"
    return {**found, "info": {**found["info"], "version": ""}}


def as_json(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        FILE.write_text(as_json(asyncio.run(description(Path(folder)))), encoding="utf-8")
