"""Print the confusion table of the check of sentences; ``-v`` prints each wrong verdict too."""

from __future__ import annotations

import sys
from collections import Counter

from benchmarks.words.statements import statements, verdict


def main() -> None:
    table: Counter[tuple[str, bool, bool]] = Counter()
    for statement in statements():
        found = verdict(statement)
        table[statement.tests, statement.true, found.supported] += 1
        if "-v" in sys.argv[1:] and found.supported != statement.true:
            print(f"{'true' if statement.true else 'false'}: {statement.text}  [{found.reason or 'supported'}]")
    print(f"{'':12} {'true, kept':>12} {'true, struck':>13} {'false, struck':>14} {'false, kept':>12}")
    for kind in (*sorted({kind for kind, _, _ in table}), "all"):
        cells = [
            sum(n for (k, *which), n in table.items() if kind in (k, "all") and which == [true, kept])
            for true, kept in ((True, True), (True, False), (False, False), (False, True))
        ]
        print(f"{kind:12} {cells[0]:12} {cells[1]:13} {cells[2]:14} {cells[3]:12}")


if __name__ == "__main__":
    main()
