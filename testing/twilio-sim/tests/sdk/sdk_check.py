#!/usr/bin/env python3
"""Exercises a running simulator with Twilio's official Python SDK.

usage: sdk_check.py BASE_URL      (needs: pip install twilio)

The SDK is used unchanged but for the base URL: its HTTP client sends every
request to BASE_URL instead of the product's host. Exits 1 on the first mismatch.
Start the simulator with its default account and without rules or suffix faults.
"""

import datetime
import json
import sys
import time
from urllib.parse import quote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from twilio.rest.content.v1.content import ContentList
from twilio.rest.content.v1.content.approval_create import ApprovalCreateList

ACCOUNT = "AC00000000000000000000000000000001"
TOKEN = "0123456789abcdef0123456789abcdef"
SERVICE = "MG00000000000000000000000000000001"
SENDER = "+15005550006"
WHATSAPP = "whatsapp:+14155238886"


class BaseUrlClient(TwilioHttpClient):
    """Sends everything to one base URL."""

    def __init__(self, base_url):
        super().__init__()
        self.base = urlsplit(base_url)

    def request(self, method, url, *args, **kwargs):
        parts = urlsplit(url)
        here = urlunsplit((self.base.scheme, self.base.netloc, parts.path, parts.query, ""))
        return super().request(method, here, *args, **kwargs)


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"FAILED {what}: {found!r}, expected {wanted!r}")
    print(f"ok {what}")


def expect_error(what, call, status, code):
    try:
        call()
    except TwilioRestException as error:
        expect(what, (error.status, error.code), (status, code))
    else:
        sys.exit(f"FAILED {what}: no error")


def wait_for(what, condition):
    deadline = time.monotonic() + 10
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"FAILED {what}: not in time")
        time.sleep(0.02)
    print(f"ok {what}")


def check_messages(client, run):
    """Sends, fetches and lists; `run` makes the numbers new for each run."""
    to = f"+97798{run:08d}"
    sent = client.messages.create(to=to, messaging_service_sid=SERVICE, body="नमस्ते")
    expect("create with a service", (sent.status, sent.to, sent.from_), ("accepted", to, None))
    expect("types", (sent.num_segments, sent.error_code, sent.date_sent), ("0", None, None))
    age = datetime.datetime.now(datetime.timezone.utc) - sent.date_created
    expect("date_created is now", abs(age.total_seconds()) < 60, True)

    wait_for("delivered in the end", lambda: client.messages(sent.sid).fetch().status == "delivered")
    fetched = client.messages(sent.sid).fetch()
    expect("fetch", (fetched.body, fetched.num_segments), ("नमस्ते", "1"))

    direct = client.messages.create(to=to, from_=SENDER, body="hello")
    expect("create with a sender", (direct.status, direct.from_), ("queued", SENDER))

    sids = [client.messages.create(to=to, from_=SENDER, body=str(n)).sid for n in range(5)]
    listed = [message.sid for message in client.messages.list(to=to, page_size=2)]
    expect("list over pages, newest first", listed, [*reversed(sids), direct.sid, sent.sid])
    expect("list with a limit", len(client.messages.list(to=to, limit=3)), 3)
    page = client.messages.page(to=to, page_size=4)
    expect("page", len(list(page)), 4)
    expect("next page", len(list(page.next_page())), 3)
    today = datetime.datetime.now(datetime.timezone.utc).date()
    later = today + datetime.timedelta(days=2)
    sent_today = client.messages.list(to=to, date_sent_after=today - datetime.timedelta(days=1))
    expect("list by date", sent.sid in [message.sid for message in sent_today], True)
    expect("list by a later date", client.messages.list(to=to, date_sent_after=later), [])


def check_refusals(client):
    def create(**fields):
        return lambda: client.messages.create(**fields)

    expect_error("To invalid", create(to="+97712", from_=SENDER, body="x"), 400, 21211)
    expect_error("To opted out", create(to="+15005550004", from_=SENDER, body="x"), 400, 21610)
    expect_error("From not ours", create(to="+9779841234567", from_="+15005550007", body="x"), 400, 21606)
    expect_error("queue full", create(to="+9779841234567", from_="+15005550008", body="x"), 429, 21611)
    expect_error("no body", create(to="+9779841234567", from_=SENDER), 400, 21602)
    expect_error("no such message", client.messages("SM" + "0" * 32).fetch, 404, 20404)


def check_rest(client, base_url):
    found = client.lookups.v2.phone_numbers("+9779841234567").fetch(fields="line_type_intelligence")
    expect("lookup", (found.valid, found.country_code, found.national_format), (True, "NP", "984-1234567"))
    expect("line type", found.line_type_intelligence["type"], "mobile")
    national = client.lookups.v2.phone_numbers("9841234567").fetch(country_code="NP")
    expect("lookup of a national form", national.phone_number, "+9779841234567")
    invalid = client.lookups.v2.phone_numbers("+977984123").fetch()
    expect("lookup of a short number", (invalid.valid, invalid.validation_errors), (False, ["TOO_SHORT"]))
    service = client.messaging.v1.services(SERVICE).fetch()
    expect("service", (service.sid, service.account_sid), (SERVICE, ACCOUNT))
    expect_error("no such service", client.messaging.v1.services("MG" + "9" * 32).fetch, 404, 20404)
    expect("account", client.api.v2010.accounts(ACCOUNT).fetch().type, "Full")
    owned = client.incoming_phone_numbers.list(phone_number=SENDER)
    expect("own numbers", [number.phone_number for number in owned], [SENDER])
    stranger = Client(ACCOUNT, "0" * 32, http_client=BaseUrlClient(base_url))
    expect_error("wrong token", stranger.api.v2010.accounts(ACCOUNT).fetch, 401, 20003)


def check_templates(client, base_url, run):
    """Creates, approves and sends a template, and lists contents over pages."""
    contents = client.content.v1.contents

    def draft(name, language="hi"):
        text = {"body": "हप्ता {{1}}: {{2}} शुभ दिन।"}
        return ContentList.ContentCreateRequest(
            {
                "friendly_name": name,
                "language": language,
                "variables": {"1": "26", "2": "x"},
                "types": {"twilio/text": text},
            }
        )

    expect_error("Nepali is not a template language", lambda: contents.create(draft("tip", "ne")), 400, 92004)
    made = [contents.create(draft(f"tip_{run}_{n}")) for n in range(3)]
    content = made[0]
    expect("content", (content.sid[:2], content.language, content.types), ("HX", "hi", made[1].types))
    expect("fetch content", contents(content.sid).fetch().friendly_name, f"tip_{run}_0")

    approval = client.content.v1.contents(content.sid).approval_create.create(
        ApprovalCreateList.ContentApprovalRequest({"name": f"tip_{run}", "category": "UTILITY"})
    )
    submitted = (approval.status, approval.category, approval.content_type)
    expect("submit", submitted, ("received", "UTILITY", "twilio/text"))
    fetch = contents(content.sid).approval_fetch().fetch
    expect("fetch approval", (fetch().whatsapp["status"], fetch().whatsapp["name"]), ("received", f"tip_{run}"))
    control(base_url, f"content/{content.sid}", {"status": "approved"})
    expect("approved", fetch().whatsapp["status"], "approved")

    for listed in (client.content.v1.contents, client.content.v1.content_and_approvals):
        names = [item.friendly_name for item in listed.list(page_size=2)]
        ours = [name for name in names if name.startswith(f"tip_{run}_")]
        expect("list contents over pages", ours, [f"tip_{run}_{n}" for n in range(3)])
    approved = client.content.v2.content_and_approvals.list(
        content_name=str(run), channel_eligibility=["whatsapp:approved"]
    )
    expect("list what is approved", [item.sid for item in approved], [content.sid])
    expect("approval of an item", approved[0].approval_requests["status"], "approved")

    to = f"whatsapp:+97798{run:08d}"
    sent = client.messages.create(
        to=to, from_=WHATSAPP, content_sid=content.sid, content_variables=json.dumps({"1": "7", "2": "पानी"})
    )
    expect("send a template", (sent.sid[:2], sent.status, sent.to, sent.from_), ("MM", "queued", to, WHATSAPP))
    wait_for("template delivered", lambda: client.messages(sent.sid).fetch().status in ("delivered", "read"))
    ledger = control(base_url, f"messages?to={quote(to)}")["messages"][0]
    expect("what the person reads", ledger["body"], "हप्ता 7: पानी शुभ दिन।")
    unapproved = client.messages.create(to=to, messaging_service_sid=SERVICE, content_sid=made[1].sid)
    wait_for("unapproved fails", lambda: client.messages(unapproved.sid).fetch().error_code == 63016)

    for one in made:
        expect("delete content", contents(one.sid).delete(), True)
    gone = lambda: client.messages.create(to=to, from_=WHATSAPP, content_sid=content.sid)
    expect_error("content deleted", gone, 400, 21655)
    expect_error("no such content", contents(content.sid).fetch, 404, 20404)


def check_senders(client):
    listed = client.messaging.v2.channels_senders.list(channel="whatsapp")
    expect("WhatsApp senders", [(one.sender_id, one.status) for one in listed], [(WHATSAPP, "ONLINE")])
    one = client.messaging.v2.channels_senders(listed[0].sid).fetch()
    expect("messaging limit", one.properties["messaging_limit"], "100K Customers/24hr")
    pool = client.messaging.v1.services(SERVICE).channel_senders.list()
    expect("senders of the service", [(one.sender, one.sender_type) for one in pool], [(WHATSAPP, "WhatsApp")])


def control(base_url, path, body=None):
    """Calls one of the simulator's own endpoints."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{base_url}/_sim/{path}", data=data)) as answer:
        return json.load(answer)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    base_url = sys.argv[1]
    client = Client(ACCOUNT, TOKEN, http_client=BaseUrlClient(base_url))
    check_messages(client, 40_000_000 + time.time_ns() // 1_000_000 % 10_000_000)
    check_refusals(client)
    check_rest(client, base_url)
    check_senders(client)
    check_templates(client, base_url, time.time_ns() // 1_000_000 % 10_000_000 + 40_000_000)
    print("all as expected")


if __name__ == "__main__":
    main()
