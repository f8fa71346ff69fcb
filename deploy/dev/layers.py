#!/usr/bin/env python3
"""Holds the imports of the worker against its rooms: each room imports only from rooms below it.

The rooms are described in docs/architecture.md. Tests and what is compiled for tests alone may import anything.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "worker" / "src"

# From the top. Rooms of one floor do not import each other.
FLOORS = [
    ["main", "search"],
    ["cli"],
    ["tasks"],
    ["http", "consumer"],
    ["pipeline"],
    ["reconcile", "registrar"],
    ["throttle"],
    ["health", "unfinished", "story", "replay"],
    ["store"],
    ["facts"],
    ["config"],
    ["twilio"],
    ["failpoint"],
]
# What still ties rooms together: the handle that carries everything to everybody, and the spans of the pipeline.
EVERYWHERE = {"worker", "observe"}

FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def is_test(path: Path) -> bool:
    name = path.stem
    return "tests" in path.parts or name.endswith(("_test", "_tests")) or name in {"tests", "fixtures", "world"}


def imports(text: str) -> set[str]:
    text = re.split(r"#\[cfg\(test\)\]\n(?:#\[path[^\n]*\n)?mod ", text)[0]
    found = set(re.findall(r"crate::(\w+)", text))
    for start in re.finditer(r"use crate::\{", text):
        depth, at, name = 1, start.end(), ""
        names = [""]
        while depth:
            char = text[at]
            depth += (char == "{") - (char == "}")
            if depth == 1 and char == ",":
                names.append("")
            elif depth >= 1:
                names[-1] += char
            at += 1
        for name in names:
            word = re.match(r"\s*(\w+)", name)
            if word:
                found.add(word.group(1))
    return found


def main() -> int:
    wrong, seen = [], set()
    for path in sorted(ROOT.rglob("*.rs")):
        room = path.relative_to(ROOT).parts[0].removesuffix(".rs")
        seen.add(room)
        if is_test(path) or room in {"main", "search", "config_tests"} | EVERYWHERE:
            continue
        for other in imports(path.read_text()) - {room} - EVERYWHERE:
            if other in FLOOR and FLOOR[other] <= FLOOR[room]:
                wrong.append(f"{path.relative_to(ROOT.parents[1])}: {room} must not import {other}")
    unknown = seen - set(FLOOR) - EVERYWHERE - {"config_tests"}
    wrong += [f"worker/src/{room}: name its floor in deploy/dev/layers.py" for room in sorted(unknown)]
    print("\n".join(wrong) or "layers: ok", file=sys.stderr if wrong else sys.stdout)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
