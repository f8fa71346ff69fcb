-- The people to welcome and every attempt to do so.

CREATE TYPE lane AS ENUM ('live', 'backfill');

-- What is true of a user apart from her current attempt.
CREATE TYPE user_state AS ENUM ('stored', 'received', 'rejected', 'registered', 'suppressed', 'failed');

-- What is known of one create call. `deferred`: refused for a cause that is not hers
-- (account, sender, throttling). `unwritten`: no byte of the request left us.
CREATE TYPE attempt_outcome AS ENUM ('sending', 'accepted', 'unknown', 'refused', 'deferred', 'unwritten');

CREATE TABLE users (
    user_id             text PRIMARY KEY CHECK (char_length(user_id) BETWEEN 1 AND 128),
    kind                text CHECK (kind IN ('pregnant_woman', 'new_mother', 'other')),
    phone_raw           text NOT NULL,
    country_hint        text,
    phone_e164          text,
    language            text,
    channel             text,
    display_name        text,
    due_date            date,
    child_birth_date    date,
    signed_up_at        timestamptz,
    active              boolean NOT NULL DEFAULT true,
    source              text NOT NULL,
    changed_at          timestamptz NOT NULL,
    state               user_state NOT NULL DEFAULT 'stored',
    reason              text,
    registration_method text,
    registered_at       timestamptz,
    attempt_id          uuid,
    lane                lane NOT NULL DEFAULT 'live',
    enqueued_at         timestamptz,
    next_attempt_at     timestamptz,
    retry_since         timestamptz,
    retries             integer NOT NULL DEFAULT 0,
    reenqueues          integer NOT NULL DEFAULT 0,
    traceparent         text,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 85);

COMMENT ON COLUMN users.phone_raw IS 'as typed, at most 250 bytes';
COMMENT ON COLUMN users.changed_at IS 'time of the data, not of the write: an older event changes nothing';
COMMENT ON COLUMN users.attempt_id IS 'the attempt that holds or held her current number';
COMMENT ON COLUMN users.enqueued_at IS 'last evidence that her event is or was in a queue';
COMMENT ON COLUMN users.next_attempt_at IS 'set: the sweeper enqueues her again at that time';

CREATE INDEX users_due ON users (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX users_waiting ON users (enqueued_at) WHERE state = 'received' AND next_attempt_at IS NULL;

CREATE TABLE attempts (
    message_id    uuid PRIMARY KEY,
    user_id       text NOT NULL,
    phone_e164    text NOT NULL,
    outcome       attempt_outcome NOT NULL DEFAULT 'sending',
    -- Whether this attempt forbids another one to the same number.
    blocks        boolean NOT NULL DEFAULT true,
    lane          lane NOT NULL,
    worker_id     text NOT NULL,
    language      text NOT NULL,
    body_sha256   bytea NOT NULL,
    segments      smallint NOT NULL,
    claimed_at    timestamptz NOT NULL DEFAULT now(),
    lease_until   timestamptz NOT NULL,
    sid           text,
    twilio_status text,
    status_rank   smallint NOT NULL DEFAULT -1,
    error_code    integer,
    checks        smallint NOT NULL DEFAULT 0,
    next_check_at timestamptz,
    parked_at     timestamptz,
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CHECK (blocks OR outcome NOT IN ('sending')),
    CHECK (sid IS NULL OR outcome = 'accepted')
) WITH (fillfactor = 80);

-- One welcome per phone number, for ever: `sending`, `unknown` and `accepted` block.
CREATE UNIQUE INDEX one_welcome_per_number ON attempts (phone_e164) WHERE blocks;
CREATE UNIQUE INDEX attempts_by_sid ON attempts (sid) WHERE sid IS NOT NULL;
CREATE INDEX attempts_by_user ON attempts (user_id);
CREATE INDEX attempts_leased ON attempts (lease_until) WHERE outcome = 'sending';
CREATE INDEX attempts_unknown ON attempts (next_check_at) WHERE outcome = 'unknown';

-- Checked in the claim. A row is never deleted: lifting it sets `lifted_at`.
CREATE TABLE suppressions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    phone_e164 text NOT NULL,
    source     text NOT NULL,
    actor      text NOT NULL,
    reason     text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    lifted_at  timestamptz,
    lifted_by  text
);
CREATE UNIQUE INDEX suppressed_numbers ON suppressions (phone_e164) WHERE lifted_at IS NULL;

-- Messages claimed per day of Asia/Kathmandu, for MAX_MESSAGES_PER_DAY.
CREATE TABLE daily_budget (
    day  date PRIMARY KEY,
    used integer NOT NULL CHECK (used >= 0)
);
