-- What all workers together hold back at Twilio: one row per scope (`network`, `account`, `country:IN`). A closed row
-- stays, so that a fault that returns soon meets the gap that it left.
CREATE TABLE breaker (
    scope         text PRIMARY KEY,
    -- What opened it: the kind of outage, or Twilio's code.
    kind          text NOT NULL,
    -- Whether a status callback reported it: then only a callback can report that it is over.
    by_callback   boolean NOT NULL DEFAULT false,
    opened_at     timestamptz NOT NULL DEFAULT now(),
    next_probe_at timestamptz NOT NULL,
    -- Doublings of the gap between probes.
    doublings     integer NOT NULL DEFAULT 0,
    -- The last probe's message was sent on by Twilio, and nothing bad was reported of it so far.
    passed_at     timestamptz,
    closed_at     timestamptz
);
