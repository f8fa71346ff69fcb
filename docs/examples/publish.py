"""Publishes events to Aamcare onboarding: one JSON object a line on stdin, or publish() from your own code.

The argument is the routing key of the events, such as user.consent_changed.v1; without it they are signups.
"""
import json, os, sys, uuid
from datetime import datetime, timezone
import pika

NAMESPACE = os.environ.get("AMQP_NAMESPACE", "")
EXCHANGE = f"{NAMESPACE}.aamcare.events" if NAMESPACE else "aamcare.events"
SIGNUP = "user.signed_up.v1"
KEYS = (SIGNUP, "user.profile_changed.v1", "user.consent_changed.v1", "user.loss_reported.v1", "user.erased.v1")

def connect(url=None):
    parameters = pika.URLParameters(url or os.environ["AMQP_URL"])
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = 5
    parameters.heartbeat = 10  # a broker that froze is given up after 20 s
    channel = pika.BlockingConnection(parameters).channel()
    channel.confirm_delivery()  # basic_publish then waits for the broker and raises unless it stored the event
    return channel

def publish(channel, data, key=SIGNUP):
    """data: {"user_id", ...}, the `data` of the event of this routing key. Returns the event's id."""
    event = {"specversion": "1.0", "id": str(uuid.uuid4()), "type": f"np.aamcare.{key}",
             "source": "/aamcare/portal", "time": datetime.now(timezone.utc).isoformat(), "data": data}
    properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2,
                                      message_id=event["id"], type=event["type"])
    channel.basic_publish(EXCHANGE, key, json.dumps(event).encode(), properties, mandatory=True)
    return event["id"]

if __name__ == "__main__":
    key = sys.argv[1] if len(sys.argv) > 1 else SIGNUP
    if key not in KEYS:
        sys.exit(f"unknown routing key: give one of {', '.join(KEYS)}")
    out = connect()
    what = "signups" if key == SIGNUP else "events"
    print(sum(1 for line in sys.stdin if publish(out, json.loads(line), key)), what, "confirmed")
