"""Checks that the pages name only existing links, tests, files and alerts."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "contract/README.md", ROOT / "deploy/kubernetes/README.md", *sorted((ROOT / "docs").glob("*.md"))]
CRATES = ("shared", "producer", "worker", "testing")


def rust():
    """Every Rust file of the workspace in one text."""
    files = sorted(file for crate in CRATES for file in (ROOT / crate).rglob("*.rs"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files if "target" not in file.parts)


def broken_links():
    for page in PAGES:
        for target, fragment in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)[^)]*\)", page.read_text(encoding="utf-8")):
            if target.startswith("http"):
                continue
            file = page.parent / target if target else page
            if not file.exists():
                yield f"{page.name}: {target}"
            elif fragment and file.suffix == ".md" and fragment not in headlines(file):
                yield f"{page.name}: {target}#{fragment}"


def headlines(file):
    text = file.read_text(encoding="utf-8")
    return {anchor(headline) for headline in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def unknown_tests(code):
    tests = set(re.findall(r"fn (\w+)\(", code))
    for line in (ROOT / "docs/guarantees.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            last = line.rstrip("| ").rsplit("|", 1)[-1]
            yield from (name for name in re.findall(r"`([a-z]\w*_\w+)`", last) if name not in tests)


def unknown_files():
    """Paths in the code of the two pages that lead through the tree. Architecture's are relative to the worker, or to its backfill."""
    for page in ("CONTRIBUTING.md", "docs/architecture.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        roots = [ROOT] if page == "CONTRIBUTING.md" else [ROOT, ROOT / "worker/src", ROOT / "producer/src/bin/backfill"]
        named = set(re.findall(r"(?<![\w/.])((?:[\w-]+/)*[\w-]+\.(?:rs|py|tsv|sql|yml))\b", text))
        for path in sorted(named):
            # The name of a new file, or of an example.
            if re.search(r"NAME|^foo", path):
                continue
            if not any((root / path).exists() for root in roots):
                yield f"{page}: {path}"


def anchor(headline):
    """GitHub's name of a headline."""
    return re.sub(r"[^\w\- ]", "", headline.lower()).replace(" ", "-")


def alerts_apart():
    """Each alert has its section in the runbook, the reverse, and a test in which it fires."""
    folder = ROOT / "deploy/prometheus"
    rules = (folder / "alerts.yml").read_text(encoding="utf-8")
    alerts = set(re.findall(r"- alert: (\w+)", rules))
    runbook = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    sections = set(re.findall(r"^## (Onboarding\w*)", runbook, re.MULTILINE))
    yield from (f"{name} has no section in runbook.md" for name in alerts - sections)
    yield from (f"runbook.md: {name} is no alert" for name in sections - alerts)
    for name, rule in re.findall(r"- alert: (\w+)(.*?)(?=- alert:|\Z)", rules, re.DOTALL):
        if f"runbook_url: docs/runbook.md#{anchor(name)}\n" not in rule + "\n":
            yield f"{name}: runbook_url does not lead to its section"
        if not re.search(r"^      severity: (page|warn|ticket)$|severity: (page|warn|ticket)}", rule, re.MULTILINE):
            yield f"{name}: severity is none of page, warn, ticket"
    for name, section in re.findall(r"^## (\w+)$(.*?)(?=^## |\Z)", runbook, re.MULTILINE | re.DOTALL):
        yield from (f"runbook.md: {name} lacks {part}" for part in ("**Look.**", "**Do.**") if part not in section)
    tests = (folder / "alerts_test.yml").read_text(encoding="utf-8")
    fires = set(re.findall(r"alertname: (\w+)\n\s+exp_alerts:", tests))
    silent = set(re.findall(r"alertname: (\w+)}", tests))
    yield from (f"{name}: no test in which it fires" for name in alerts - fires)
    yield from (f"{name}: no test in which it stays silent" for name in alerts - silent)


def replicas_apart():
    """KEDA's maximum is what `autoscaling.yml` derives from the send rate that `config.yml` sets."""
    folder = ROOT / "deploy/kubernetes"
    rate = int(re.search(r'SEND_RATE: "(\d+)"', (folder / "config.yml").read_text(encoding="utf-8"))[1])
    scaling = (folder / "autoscaling.yml").read_text(encoding="utf-8")
    most = int(re.search(r"maxReplicaCount: (\d+)", scaling)[1])
    # Ten calls of 0.3 s at a time; one more for when another dies.
    needed = max(2, -(-rate * 3 // 100) + 1)
    if most != needed:
        yield f"maxReplicaCount is {most}; SEND_RATE {rate} needs {needed}"


def main():
    code = rust()
    checks = [
        ("links lead somewhere", list(broken_links())),
        ("tests named in guarantees.md exist", list(unknown_tests(code))),
        ("files named in architecture.md and CONTRIBUTING.md exist", list(unknown_files())),
        ("the number of workers follows from the send rate", list(replicas_apart())),
        ("each alert has its section, its link and its tests", list(alerts_apart())),
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
