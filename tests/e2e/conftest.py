"""What the end-to-end tests start: demos of their own, on free ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.running import Demo, free_address


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Start a demo with these words; what still runs at the end is ended."""
    demos: list[Demo] = []

    def run(*words: str) -> Demo:
        address = ["--http", free_address(), "--mqtt", free_address()]
        demo = Demo([*address, *words], tmp_path / f"demo-{len(demos)}.log")
        demos.append(demo)
        return demo

    yield run
    for demo in demos:
        if demo.process.poll() is None:
            demo.stop()
