"""Plays the portal: publishes 1,000 signups with docs/examples/publish.py and judges what became of them.

Needs a running worker and simulator, and pika and psql. Environment: AMQP_URL, AMQP_NAMESPACE, DATABASE_URL,
SIM_URL; PSQL where psql is not on PATH. Starts nothing, deletes nothing, and can be repeated on the same database.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections import Counter, defaultdict
from pathlib import Path

import pika

PUBLISHER = Path(__file__).resolve().parents[2] / "docs/examples/publish.py"
sys.path.insert(0, str(PUBLISHER.parent))
import publish as example  # noqa: E402

RUN = uuid.uuid4().hex[:8]
DEADLINE_SECONDS = 120
DEVANAGARI = str.maketrans("0123456789", "०१२३४५६७८९")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
SPELLINGS = [
    lambda n: n,
    lambda n: f"+977{n}",
    lambda n: f"0{n}",
    lambda n: f"00977{n}",
    lambda n: f"977{n}",
    lambda n: f"+977 (0) {n}",
    lambda n: f"{n[:3]}-{n[3:]}",
    lambda n: f"+977-{n[:3]} {n[3:6]} {n[6:]}",
    lambda n: f"({n[:4]}) {n[4:]}",
    lambda n: f"{n[:3]}.{n[3:6]}.{n[6:]}",
    lambda n: n.translate(DEVANAGARI),
    lambda n: f"+977{n}".translate(FULL_WIDTH),
    lambda n: f"\u202a+977 {n[:5]}\u200b{n[5:]}\u202c",
    lambda n: f"tel:+977{n}",
    lambda n: f"  {n} ",
    lambda n: int(n),
]
UNUSABLE = [
    ("", "empty"),
    (None, "empty"),
    ("\u200f ", "empty"),
    ("call my husband", "not_a_number"),
    ("980-SAMIRA-1", "not_a_number"),
    ("98412", "too_short"),
    ("984123456", "too_short"),
    ("98412345678", "too_long"),
    ("9" * 300, "too_long"),
    ("9841234567 / 9851234567", "multiple_numbers"),
    ("9.84123457E9", "damaged_number"),
]
FINAL = {"rejected", "suppressed", "failed"}


def make_signups():
    """The signups in order, and what must become of each user: an E.164 number or a reason."""
    signups, expected = [], {}

    def add(user, phone, outcome):
        expected[f"check-{RUN}-{user}"] = outcome
        signups.append({"user_id": f"check-{RUN}-{user}", "phone_number": phone, "preferred_language": "ne"})

    def number(i):
        return f"984{1200000 + i}"

    for i in range(600):
        add(i, SPELLINGS[i % len(SPELLINGS)](number(i)), f"+977{number(i)}")
    for i in range(100):  # somebody else on the same phone, written another way
        add(1000 + i, SPELLINGS[(i + 5) % len(SPELLINGS)](number(i)), f"+977{number(i)}")
    for i in range(100, 200):  # the same event once more
        signups.append(dict(signups[i]))
    for i in range(100):
        add(2000 + i, f"01-4{200000 + i}", "landline")
    for i in range(100):
        phone, reason = UNUSABLE[i % len(UNUSABLE)]
        add(3000 + i, phone, reason)
    return signups, expected


def run_publisher(signups):
    lines = "".join(json.dumps(signup) + "\n" for signup in signups)
    done = subprocess.run([sys.executable, str(PUBLISHER)], input=lines, capture_output=True, text=True, timeout=120)
    return done.stdout.strip() or done.stderr[-500:]


def outcomes():
    """The rows of onboarding_status of this run, by user."""
    query = f"SELECT row_to_json(s) FROM onboarding_status s WHERE user_id LIKE 'check-{RUN}-%'"
    psql = [os.environ.get("PSQL", "psql"), os.environ["DATABASE_URL"], "-XqAt", "-v", "ON_ERROR_STOP=1"]
    text = subprocess.run([*psql, "-c", query], capture_output=True, text=True, check=True, timeout=30).stdout
    return {row["user_id"]: row for row in map(json.loads, text.splitlines())}


def is_final(row):
    if row["state"] in FINAL:
        return True
    waits = row["welcome_status"] == "sending" or (row["welcome_status"] == "unknown" and row["reason"] != "parked")
    return row["state"] == "registered" and not waits


def wait_for_outcomes(users):
    end = time.monotonic() + DEADLINE_SECONDS
    while True:
        rows = outcomes()
        left = [user for user in users if user not in rows or not is_final(rows[user])]
        if not left or time.monotonic() > end:
            return rows, left
        time.sleep(0.25)


def messages_by_number():
    with urllib.request.urlopen(os.environ["SIM_URL"] + "/_sim/messages?per_number=true", timeout=10) as answer:
        return json.load(answer)


def check_wire():
    """What lies in a queue after publish()."""
    channel = example.connect()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, example.EXCHANGE, "user.signed_up.v1")
    event_id = example.publish(channel, {"user_id": f"check-{RUN}-wire", "phone_number": ""})
    _, properties, body = channel.basic_get(queue, auto_ack=True)
    channel.connection.close()
    event = json.loads(body)
    good = (properties.delivery_mode, properties.content_type) == (2, "application/cloudevents+json")
    return good and properties.message_id == event["id"] == event_id and event["specversion"] == "1.0"


def check_unroutable():
    """An exchange without our queues: publish() must not report success."""
    channel = example.connect()
    ours, example.EXCHANGE = example.EXCHANGE, f"check-{RUN}.aamcare.events"
    try:
        channel.exchange_declare(example.EXCHANGE, "topic", auto_delete=True)
        example.publish(channel, {"user_id": "1"})
        return False
    except pika.exceptions.UnroutableError:
        return True
    finally:
        channel.exchange_delete(example.EXCHANGE)
        channel.connection.close()
        example.EXCHANGE = ours


def judge(expected, rows):
    """(name, faults) of every check on the outcomes. Who has no row at all counts in every one."""
    nothing = dict.fromkeys(("state", "reason", "phone_e164", "welcome_sid"))
    rows = {user: rows.get(user, nothing) for user in expected}
    sent = messages_by_number()
    numbers = {outcome for outcome in expected.values() if outcome.startswith("+")}
    holders = defaultdict(list)
    for user, outcome in expected.items():
        if outcome in numbers:
            holders[outcome].append(rows[user])
    yield "one message per textable number in the simulator's ledger", [
        f"{number[:6]}…{number[-2:]}: {sent.get(number, 0)}" for number in numbers if sent.get(number, 0) != 1
    ]
    yield "every textable number is read as it was meant", [
        user for user, number in expected.items() if number in numbers and rows[user]["phone_e164"] != number
    ]
    yield "who shares a number is registered and skipped", [
        [row["reason"] for row in people]
        for people in holders.values()
        if sum(1 for row in people if row["welcome_sid"]) > 1
        or any(row["state"] != "registered" for row in people)
        or any(not row["welcome_sid"] and row["reason"] != "shared_phone" for row in people)
    ]
    yield "every unusable number is rejected with its reason", [
        f"{rows[user]['reason']} instead of {reason}"
        for user, reason in expected.items()
        if reason not in numbers and (rows[user]["state"], rows[user]["reason"]) != ("rejected", reason)
    ]


def main():
    signups, expected = make_signups()
    said = run_publisher(signups)
    rows, left = wait_for_outcomes(expected)
    checks = [
        ("the publisher confirms 1,000 signups", [] if said == "1000 signups confirmed" else [said]),
        ("every user has a final state", left),
        *judge(expected, rows),
        ("events are persistent CloudEvents with their id", [] if check_wire() else ["differs"]),
        ("an unroutable event is an error", [] if check_unroutable() else ["no error"]),
    ]
    for name, faults in checks:
        print(("ok    " if not faults else "FAIL  ") + name + (f": {len(faults)}, {faults[:5]}" if faults else ""))
    states = Counter((row["state"], row["welcome_status"], row["reason"] or "") for row in rows.values())
    for (state, status, reason), users in sorted(states.items()):
        print(f"      {state:<12}{status:<12}{reason:<18}{users:>5}")
    failed = sum(1 for _, faults in checks if faults)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
