"""Twenty reactions for the flood: some start with any alert, some have conditions on devices, some have schedules."""

from __future__ import annotations

_CONDITION = 'condition = { metric = "bearing_temperature", device = "bench-1", above = 1000 }'
_COMMAND = 'command = { device = "bench-1", name = "stop" }'


def twenty() -> str:
    """Return the text of ``reactions.toml``. All are dry runs: none of the devices takes commands."""
    starts = [f'alert = {{ step = "{step}" }}' for step in ("raised", "cleared") for _ in range(8)]
    starts += [f'schedule = {{ times = ["daily {hour:02}:00"], time_zone = "UTC" }}' for hour in range(4)]
    return "\n".join(
        f'[[reaction]]\nid = "r{number}"\nmode = "dry_run"\n{start}\n{_CONDITION}\n{_COMMAND}\n'
        for number, start in enumerate(starts)
    )
