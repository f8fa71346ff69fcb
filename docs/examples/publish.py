"""Publishes signups to Aamcare onboarding: one JSON object a line on stdin, or publish() from your own code."""
import json, os, sys, uuid
from datetime import datetime, timezone
import pika

NAMESPACE = os.environ.get("AMQP_NAMESPACE", "")
EXCHANGE = f"{NAMESPACE}.aamcare.events" if NAMESPACE else "aamcare.events"

def connect(url=None):
    parameters = pika.URLParameters(url or os.environ["AMQP_URL"])
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = 5
    parameters.heartbeat = 10  # a broker that froze is given up after 20 s
    channel = pika.BlockingConnection(parameters).channel()
    channel.confirm_delivery()  # basic_publish then waits for the broker and raises unless it stored the event
    return channel

def publish(channel, signup):
    """signup: {"user_id", "phone_number" as typed, ...}. Returns the event's id."""
    event = {"specversion": "1.0", "id": str(uuid.uuid4()), "type": "np.aamcare.user.signed_up.v1",
             "source": "/aamcare/portal", "time": datetime.now(timezone.utc).isoformat(), "data": signup}
    properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2,
                                      message_id=event["id"], type=event["type"])
    channel.basic_publish(EXCHANGE, "user.signed_up.v1", json.dumps(event).encode(), properties, mandatory=True)
    return event["id"]

if __name__ == "__main__":
    out = connect()
    print(sum(1 for line in sys.stdin if publish(out, json.loads(line))), "signups confirmed")
