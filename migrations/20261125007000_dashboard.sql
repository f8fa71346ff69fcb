-- What the dashboard draws, so that no view of it counts millions of rows. Written by one worker at a time.
CREATE TABLE history_minutes (
    minute         timestamptz PRIMARY KEY,
    accepted       integer NOT NULL DEFAULT 0,
    refused        integer NOT NULL DEFAULT 0,
    unknown        integer NOT NULL DEFAULT 0,
    delivered      integer NOT NULL DEFAULT 0,
    not_delivered  integer NOT NULL DEFAULT 0,
    -- Seconds from a live signup to her delivered welcome.
    latency_median double precision,
    latency_p95    double precision,
    -- Ready messages; null: not known.
    live_ready     bigint,
    backfill_ready bigint
);

-- Users by the hour in which they were last taken up, and how far they came. Refreshed again and again, for
-- statuses arrive late.
CREATE TABLE history_hours (
    hour        timestamptz PRIMARY KEY,
    received    bigint NOT NULL,
    valid       bigint NOT NULL,
    registered  bigint NOT NULL,
    accepted    bigint NOT NULL,
    delivered   bigint NOT NULL,
    -- How many by reason.
    reasons     jsonb NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX users_by_enqueued ON users (enqueued_at, user_id) WHERE enqueued_at IS NOT NULL;
CREATE INDEX attempts_by_claim ON attempts (claimed_at);
CREATE INDEX status_callbacks_by_time ON status_callbacks (received_at);

-- Who is signed in to the dashboard. Only the digest of the cookie's token is kept.
CREATE TABLE admin_sessions (
    token_sha256 bytea PRIMARY KEY,
    name         text NOT NULL,
    csrf         text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    seen_at      timestamptz NOT NULL DEFAULT now()
);
