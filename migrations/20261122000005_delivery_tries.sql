-- How often a redelivered message was taken up: a message that kills its worker must not do so for ever.
CREATE TABLE delivery_tries (
    delivery_key text PRIMARY KEY,
    tries        smallint NOT NULL DEFAULT 1,
    last_at      timestamptz NOT NULL DEFAULT now()
);
