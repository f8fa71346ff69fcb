#!/usr/bin/env python3
"""Checks inbound messages of a running simulator with Twilio's official Python SDK.

usage: inbound_check.py BASE_URL      (needs: pip install twilio)

A small HTTP server plays the application's webhook. The SDK's own RequestValidator judges the signatures, and the
SDK lists and fetches the messages. Exits 1 on the first mismatch.
Start the simulator with its default account and without rules or suffix faults.
"""

import queue
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from sdk_check import ACCOUNT, SENDER, TOKEN, WHATSAPP, BaseUrlClient, control, expect, expect_error
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.messaging_response import MessagingResponse

PATH = "/webhooks/twilio/inbound?region=np&note=a%20b"


class Webhook(BaseHTTPRequestHandler):
    """Keeps each request and answers with TwiML made by the SDK."""

    received = queue.Queue()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        self.received.put((self.path, self.headers.get("X-Twilio-Signature", ""), fields))
        reply = MessagingResponse()
        if fields["Body"] == "reply":
            reply.message("धन्यवाद & नमस्ते")
        answer = str(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def check_signatures(base_url, url, person):
    """Judges every kind of message with the SDK's validator. Returns the SIDs, newest first."""
    validator = RequestValidator(TOKEN)
    button = {"button": {"text": "बन्द गर्नुहोस्", "payload": "stop"}, "replied_sid": "MM" + "0" * 31 + "9"}
    sids = []
    for name, order in {
        "text": {"body": "नमस्ते! STOP & more + 100%"},
        "empty": {"body": "", "profile_name": ""},
        "button": button,
        "hidden phone": {"body": "STOP", "from": "whatsapp:NP.1234567890"},
        "media": {"media": [{"content_type": "image/jpeg"}]},
        "SMS": {"body": "stop", "from": person.removeprefix("whatsapp:"), "to": SENDER},
        "new fields": {"body": "x", "fields": {"Zzz": "1", "aaa": "", "NumMedia": None}},
    }.items():
        answer = control(base_url, "inbound", {"url": url, "from": person, "to": WHATSAPP, **order})
        path, signature, fields = Webhook.received.get(timeout=10)
        expect(f"path of {name}", path, PATH)
        expect(f"signature of {name}", validator.validate(url, fields, signature), True)
        expect(f"SID of {name}", answer["sids"], [fields["MessageSid"]])
        sids.insert(0, fields["MessageSid"])
    for signature in ("wrong", "none"):
        order = {"url": url, "from": person, "to": WHATSAPP, "body": "x", "signature": signature}
        sids.insert(0, control(base_url, "inbound", order)["sids"][0])
        _, given, fields = Webhook.received.get(timeout=10)
        expect(f"signature {signature}", validator.validate(url, fields, given), False)
    return sids


def check_lists(client, base_url, person, sids):
    """Finds the messages again, the lost one too. `sids` are those to both senders, newest first."""
    order = {"from": person, "to": WHATSAPP, "body": "बन्द", "deliver": False}
    lost = control(base_url, "inbound", order)["sids"][0]
    ours = [message for message in client.messages.list(page_size=3, limit=10)]
    expect("list over pages", [message.sid for message in ours], [lost, *sids])
    to_us = client.messages.list(to=WHATSAPP, from_=person, limit=50)
    expect("list by both addresses", {(one.direction, one.status) for one in to_us}, {("inbound", "received")})
    expect("first of them", (to_us[0].sid, to_us[0].body, to_us[0].num_media), (lost, "बन्द", "0"))
    by_sms = client.messages.list(to=SENDER, from_=person.removeprefix("whatsapp:"))
    expect("list of SMS", [message.body for message in by_sms], ["stop"])
    fetched = client.messages(lost).fetch()
    expect("fetch", (fetched.from_, fetched.to, fetched.date_sent), (person, WHATSAPP, fetched.date_created))
    photo = next(message for message in to_us if message.num_media == "1")
    files = client.messages(photo.sid).media.list()
    expect("media", [(file.content_type, file.parent_sid) for file in files], [("image/jpeg", photo.sid)])
    expect("fetch media", client.messages(photo.sid).media(files[0].sid).fetch().sid, files[0].sid)
    expect_error("no such media", client.messages(photo.sid).media("ME" + "0" * 32).fetch, 404, 20404)


def check_replies(base_url, url, person):
    order = {"url": url, "from": person, "to": WHATSAPP, "body": "reply", "copies": 2}
    answers = control(base_url, "inbound", order)["messages"][0]["answers"]
    read = [(answer["status"], answer["twiml"], answer["replies"]) for answer in answers]
    expect("TwiML of the SDK", read, [(200, True, ["धन्यवाद & नमस्ते"])] * 2)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    base_url = sys.argv[1]
    client = Client(ACCOUNT, TOKEN, http_client=BaseUrlClient(base_url))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}{PATH}"
    person = f"whatsapp:+97798{time.time_ns() // 1_000_000 % 10_000_000 + 40_000_000:08d}"
    sids = check_signatures(base_url, url, person)
    check_lists(client, base_url, person, sids)
    check_replies(base_url, url, person)
    server.shutdown()
    print("all as expected")


if __name__ == "__main__":
    main()
