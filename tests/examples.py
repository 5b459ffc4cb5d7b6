"""How many examples a property test tries."""

from __future__ import annotations

import os

ALL = os.environ.get("HYPOTHESIS_PROFILE") == "random"


def examples(count: int) -> int:
    """Return the number of examples: ``count`` new ones with HYPOTHESIS_PROFILE=random, else a third.

    `make test` tries the same ones in every run, so that more of them find nothing new.
    """
    return count if ALL else max(count // 3, min(count, 4))
