-- Events for the portal: written in the transactions of what they tell, published and deleted by a worker.

SET LOCAL lock_timeout = '5s';

-- Whether such events are written: `EVENTS_OUT` of the worker that started last. Commands and imports read it here.
CREATE TABLE events_out_switch (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    enabled   boolean NOT NULL DEFAULT false
);
INSERT INTO events_out_switch DEFAULT VALUES;

CREATE TABLE events_out (
    -- The id of the event, the same in every publish.
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    seq        bigint GENERATED ALWAYS AS IDENTITY,
    type       text NOT NULL,
    user_id    text COLLATE "C" NOT NULL,
    -- Of a consent.
    purpose    text,
    channel    text,
    action     text,
    source     text,
    said_at    timestamptz,
    -- Of a rejected number.
    reason     text,
    created_at timestamptz NOT NULL DEFAULT now(),
    attempts   integer NOT NULL DEFAULT 0,
    last_error text,
    CHECK (CASE type WHEN 'np.aamcare.onboarding.consent_recorded.v1'
                     THEN num_nulls(purpose, channel, action, source, said_at) = 0
                     WHEN 'np.aamcare.onboarding.number_rejected.v1' THEN reason IS NOT NULL
                     ELSE false END)
);
CREATE INDEX events_out_in_order ON events_out (type, seq);
CREATE INDEX events_out_by_age ON events_out (created_at);
CREATE INDEX events_out_by_user ON events_out (user_id);
