#!/usr/bin/env python3
"""Checks the imports of the Rust code.

Each room of the worker imports only from rooms below it (docs/architecture.md describes the rooms), and no files import
each other in a circle. Tests, and what is compiled for tests alone, may import anything.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORKER = ROOT / "worker" / "src"

# The rooms of the worker, from the top. Rooms of one floor do not import each other.
FLOORS = [
    ["main", "search"],
    ["cli"],
    ["app"],
    ["tasks", "http", "consumer"],
    ["pipeline", "reconcile"],
    ["registrar"],
    ["throttle", "channels"],
    ["health", "hours", "unfinished", "story", "replay", "templates", "care"],
    ["store"],
    ["facts"],
    ["config"],
    ["inbox"],
    ["twilio"],
    ["calendar", "failpoint", "observe"],
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

# Folders whose files must not import each other in a circle.
WITHOUT_CIRCLES = [
    "worker/src",
    "producer/src",
    "producer/src/bin/backfill",
    "producer/src/bin/import",
    "producer/src/bin/signup",
    "testing/bench/src",
]

TEST_ONLY = re.compile(r"#\[cfg\(test\)\]\s*(?:#\[[^\n]*\]\s*)?(?:pub(?:\([a-z]+\))? )?mod (\w+)(;| \{)")


def is_test(path: Path) -> bool:
    return "tests" in path.parts or path.stem in {"tests", "fixtures", "world"} or path.stem.endswith(("_test", "_tests"))


def code_of(path: Path) -> str:
    """The text without comments, string contents and what is compiled for tests alone."""
    text = re.sub(r"//[^\n]*", "", path.read_text())
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)
    text = re.sub(r"pub\(in [^)]*\)", "pub", text)
    text = re.sub(r"#\[cfg\(test\)\]\s*(?:pub(?:\([a-z]+\))? )?use [^;]*;", "", text)
    for match in reversed(list(TEST_ONLY.finditer(text))):
        text = text[: match.start()] if match[2] == " {" else text[: match.start()] + text[match.end() :]
    return text


def flat(tree: str, before: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    """The paths of a `use` tree, each with the name that it has here."""
    tree = tree.strip()
    head, brace, rest = tree.partition("{")
    if not brace:
        path, _, alias = tree.partition(" as ")
        names = before + tuple(part.strip() for part in path.split("::") if part.strip())
        if names and names[-1] == "self":
            names = names[:-1]
        return [(names, alias.strip() or names[-1])] if names else []
    before += tuple(part.strip() for part in head.split("::") if part.strip())
    parts, depth = [""], 1
    for char in rest:
        depth += (char == "{") - (char == "}")
        if depth == 0:
            break
        if char == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += char
    return [found for part in parts if part.strip() for found in flat(part, before)]


class Crate:
    """The files of one crate by module path, and what each of them names."""

    def __init__(self, root: Path):
        self.root = root
        self.files: dict[tuple[str, ...], Path] = {}
        for path in sorted(root.rglob("*.rs")):
            if not is_test(path.relative_to(root)):
                parts = path.relative_to(root).with_suffix("").parts
                self.files[() if parts in {("main",), ("lib",)} else parts] = path
        self.code = {module: code_of(path) for module, path in self.files.items()}
        self.uses = {module: self.names(module) for module in self.files}
        self.bodies = {m: re.sub(r"(?:pub(?:\([^)]*\))? )?use [^;]*;", "", code) for m, code in self.code.items()}

    def names(self, module: tuple[str, ...]) -> dict[str, tuple[tuple[str, ...], bool]]:
        """What `use` brings in: the name, where it is, and whether it is handed on."""
        found = {}
        for match in re.finditer(r"^[ \t]*(pub(?:\([^)]*\))? )?use ([^;]*);", self.code[module], re.M):
            for path, name in flat(match[2]):
                absolute = self.absolute(path, module)
                if absolute is not None:
                    found[name] = (absolute, bool(match[1]))
        return found

    def absolute(self, path: tuple[str, ...], module: tuple[str, ...]) -> tuple[str, ...] | None:
        if path[0] == "crate":
            return path[1:]
        if path[0] in {"super", "self"}:
            here = module
            while path and path[0] in {"super", "self"}:
                here = here[:-1] if path[0] == "super" else here
                path = path[1:]
            return here + path
        return module + path if module + path[:1] in self.files else None

    def defines(self, path: tuple[str, ...]) -> tuple[str, ...] | None:
        """The module whose file defines what `path` names; names that are handed on are followed."""
        for _ in range(8):
            module = path
            while module and module not in self.files:
                module = module[:-1]
            if module == path or module not in self.files:
                return module if module in self.files else None
            target, is_handed_on = self.uses[module].get(path[len(module)], ((), False))
            if not is_handed_on:
                return module
            path = target + path[len(module) + 1 :]
        return None

    def imports(self, module: tuple[str, ...]) -> set[tuple[str, ...]]:
        paths, body = set(), self.bodies[module]
        for name, (path, is_handed_on) in self.uses[module].items():
            # A module by itself is no import: what is used of it is found below.
            if path not in self.files and (not is_handed_on or re.search(rf"\b{name}\b", body)):
                paths.add(path)
        for match in re.finditer(r"(?<![\w:])((?:crate|super|self|[a-z_0-9]+)(?:::\w+)+)", body):
            path = tuple(match[1].split("::"))
            known = self.uses[module].get(path[0])
            absolute = known[0] + path[1:] if known else self.absolute(path, module)
            if absolute is not None:
                paths.add(absolute)
        return {found for path in paths if (found := self.defines(path)) not in {None, module, ()}}


def circles(arrows: dict[tuple[str, ...], set[tuple[str, ...]]]) -> list[list[tuple[str, ...]]]:
    """Groups of files that import each other (Tarjan's strongly connected components)."""
    number: dict = {}
    low: dict = {}
    stack: list = []
    found = []

    def visit(at):
        number[at] = low[at] = len(number)
        stack.append(at)
        for other in sorted(arrows.get(at, ())):
            if other not in number:
                visit(other)
                low[at] = min(low[at], low[other])
            elif other in stack:
                low[at] = min(low[at], number[other])
        if low[at] == number[at]:
            group = stack[stack.index(at) :]
            del stack[stack.index(at) :]
            if len(group) > 1:
                found.append(sorted(group))

    for at in sorted(arrows):
        if at not in number:
            visit(at)
    return found


def main() -> int:
    wrong = []
    crates = {folder: Crate(ROOT / folder) for folder in {*WITHOUT_CIRCLES, "worker/src"}}
    worker = crates["worker/src"]
    rooms = {module[0] for module in worker.files if module}
    wrong += [f"worker/src/{room}: name its floor in deploy/dev/layers.py" for room in sorted(rooms - set(FLOOR))]
    for module, path in worker.files.items():
        if not module or module[0] == "search":
            continue
        for other in sorted({other[0] for other in worker.imports(module)} - {module[0]}):
            if FLOOR.get(other, 99) <= FLOOR.get(module[0], 0):
                wrong.append(f"{path.relative_to(ROOT)}: {module[0]} must not import {other}")
    for folder in WITHOUT_CIRCLES:
        crate = crates[folder]
        arrows = {module: crate.imports(module) for module in crate.files if module and module[0] != "search"}
        for group in circles(arrows):
            wrong.append(f"{folder}: these files import each other in a circle:")
            for module in group:
                others = ", ".join("/".join(other) for other in sorted(arrows[module] & set(group)))
                wrong.append(f"    {'/'.join(module)} imports {others}")
    print("\n".join(wrong) or "layers: ok", file=sys.stderr if wrong else sys.stdout)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
