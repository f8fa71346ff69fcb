"""Checks that the pages name only what exists: links, tests, metrics."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "contract/README.md", *sorted((ROOT / "docs").glob("*.md"))]
CRATES = ("shared", "producer", "worker", "testing")


def rust():
    """Every Rust file of the workspace in one text."""
    files = sorted(file for crate in CRATES for file in (ROOT / crate).rglob("*.rs"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files if "target" not in file.parts)


def broken_links():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http") and not (page.parent / target).exists():
                yield f"{page.name}: {target}"


def unknown_tests(code):
    tests = set(re.findall(r"fn (\w+)\(", code))
    for line in (ROOT / "docs/guarantees.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            last = line.rstrip("| ").rsplit("|", 1)[-1]
            yield from (name for name in re.findall(r"`([a-z]\w*_\w+)`", last) if name not in tests)


def metrics_apart(code):
    exported = set(re.findall(r'(?:counter|gauge|histogram)!\(\s*"(onboarding_\w+)"', code))
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(onboarding_\w+)`", page, re.MULTILINE))
    yield from (f"{name} is exported, not listed" for name in exported - listed)
    yield from (f"{name} is listed, not exported" for name in listed - exported)


def main():
    code = rust()
    checks = [
        ("links lead somewhere", list(broken_links())),
        ("tests named in guarantees.md exist", list(unknown_tests(code))),
        ("metrics in operations.md are those of the code", list(metrics_apart(code))),
    ]
    for name, faults in checks:
        print(("ok    " if not faults else "FAIL  ") + name)
        for fault in faults:
            print(f"      {fault}")
    failed = sum(1 for _, faults in checks if faults)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
