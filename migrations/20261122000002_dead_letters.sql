-- Deliveries that can never be processed, with what is needed to judge and replay them.
CREATE TABLE dead_letters (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason        text NOT NULL,
    detail        text NOT NULL,
    lane          lane,
    routing_key   text NOT NULL,
    message_id    text,
    headers       jsonb NOT NULL,
    body          bytea NOT NULL,
    body_sha256   bytea NOT NULL,
    seen          integer NOT NULL DEFAULT 1,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (body_sha256, reason)
);
