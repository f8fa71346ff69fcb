-- Messages apart from people. A welcome stays a row of `attempts`; every other kind of message has a row of `messages` and
-- one row of `message_attempts` for each create call. Both tables grow daily, so they are partitioned by month, and
-- retention drops partitions. The ids are UUIDs of version 7, which begin with the time: they are the partition key, so
-- an id alone leads to its partition, and a unique index may hold the id of a message alone.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';

CREATE TABLE messages (
    message_id      uuid NOT NULL,
    kind            text NOT NULL CHECK (kind <> 'welcome'),
    channel         text NOT NULL,
    -- The lanes that have no queue of the broker.
    lane            text NOT NULL CHECK (lane IN ('replies', 'tips')),
    user_id         text COLLATE "C" NOT NULL,
    phone_e164      text COLLATE "C" NOT NULL,
    slot            text NOT NULL,
    language        text NOT NULL,
    content         jsonb,
    keys            text[] COLLATE "C" NOT NULL DEFAULT '{}' CHECK (array_position(keys, NULL) IS NULL),
    keys_expire_on  date,
    due_at          timestamptz NOT NULL,
    expires_at      timestamptz,
    state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'claimed', 'refused', 'skipped')),
    reason          text,
    attempt_id      uuid,
    next_attempt_at timestamptz,
    retry_since     timestamptz,
    retries         integer NOT NULL DEFAULT 0,
    traceparent     text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id),
    CHECK ((state = 'waiting') = (next_attempt_at IS NOT NULL))
) PARTITION BY RANGE (message_id);

COMMENT ON COLUMN messages.content IS 'null: rendered from kind, slot and language';
COMMENT ON COLUMN messages.keys IS 'what the claim writes to message_keys: all of them or none';
COMMENT ON COLUMN messages.expires_at IS 'the claim is refused from this time on';
COMMENT ON COLUMN messages.attempt_id IS 'the last attempt; while the state is claimed, its outcome is that of the message';

CREATE INDEX messages_due_by_lane ON messages (lane, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX messages_by_user ON messages (user_id);

-- As `attempts`, under the names of the glossary: `attempt_id` is our id of a create call, `message_sid` is Twilio's.
CREATE TABLE message_attempts (
    attempt_id    uuid NOT NULL,
    message_id    uuid NOT NULL,
    kind          text NOT NULL CHECK (kind <> 'welcome'),
    channel       text NOT NULL,
    lane          text NOT NULL,
    user_id       text COLLATE "C" NOT NULL,
    phone_e164    text COLLATE "C" NOT NULL,
    outcome       attempt_outcome NOT NULL DEFAULT 'sending',
    blocks        boolean NOT NULL DEFAULT true,
    worker_id     text NOT NULL,
    language      text NOT NULL,
    body_sha256   bytea NOT NULL,
    content_sid   text,
    segments      smallint NOT NULL,
    fallback_of   uuid,
    claimed_at    timestamptz NOT NULL DEFAULT now(),
    message_sid   text,
    status        text,
    status_rank   smallint NOT NULL DEFAULT -1,
    error_code    integer,
    checks        smallint NOT NULL DEFAULT 0,
    next_check_at timestamptz,
    parked_at     timestamptz,
    reopened_at   timestamptz,
    polled_at     timestamptz,
    traceparent   text,
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id, attempt_id),
    CHECK (blocks OR outcome <> 'sending'),
    CHECK (message_sid IS NULL OR outcome = 'accepted')
) PARTITION BY RANGE (message_id);

-- One attempt of a message at a time: the arbiter of its claims, as `one_welcome_per_number` is of welcomes.
CREATE UNIQUE INDEX one_attempt_per_message ON message_attempts (message_id) WHERE blocks;
CREATE INDEX message_attempts_to_check ON message_attempts (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX message_attempts_parked ON message_attempts (parked_at) WHERE parked_at IS NOT NULL;
CREATE INDEX message_attempts_by_number ON message_attempts (phone_e164);
CREATE INDEX message_attempts_by_claim ON message_attempts USING brin (claimed_at) WITH (autosummarize = on);

-- What may happen once, for longer than a month: a reply to one inbound message, one text of a set for one user. A claim
-- inserts all keys of its message or none. Not partitioned: a unique index over partitions would have to name the time.
CREATE TABLE message_keys (
    key        text COLLATE "C" PRIMARY KEY,
    message_id uuid NOT NULL,
    expires_on date
);
CREATE INDEX message_keys_by_expiry ON message_keys (expires_on) WHERE expires_on IS NOT NULL;

-- As `leases`, which workers of the release before delete without looking here.
CREATE TABLE message_leases (
    lease_until timestamptz NOT NULL,
    message_ids uuid[] NOT NULL,
    attempt_ids uuid[] NOT NULL
);
CREATE INDEX message_leases_by_end ON message_leases (lease_until);

-- The smallest id of version 7 of a time: 48 bits of milliseconds since 1970 (RFC 9562, section 5.7).
CREATE FUNCTION id_from_time(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- Only a role that may write messages may change their partitions: the functions run with the rights of the role that
-- migrates, and every role may call a function.
CREATE FUNCTION refuse_strangers() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT has_table_privilege(session_user, 'messages', 'INSERT') THEN
        RAISE insufficient_privilege USING MESSAGE = 'this role may not write messages';
    END IF;
END $$;

-- Adds the partitions of one month in UTC, `YYYY-MM-01`, unless they exist. Rows are updated in place, so more than half
-- of each page of attempts is left empty for that. Attaching a partition locks the default one for some milliseconds; behind
-- a long statement the function gives up soon, and is run again.
CREATE FUNCTION add_message_partitions(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '1s' AS $$
DECLARE
    first date := date_trunc('month', month);
    lower_id uuid := id_from_time(first::timestamp AT TIME ZONE 'UTC');
    upper_id uuid := id_from_time((first + interval '1 month') AT TIME ZONE 'UTC');
    parent text;
    part text;
    fill integer;
BEGIN
    PERFORM refuse_strangers();
    FOR parent, fill IN VALUES ('messages', 70), ('message_attempts', 40) LOOP
        part := format('%s_%s', parent, to_char(first, 'YYYY_MM'));
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_other');
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL) WITH (fillfactor = %s)', part, parent, fill);
        -- Rows of a worker whose clock was ahead are in the default partition, and would forbid the new one.
        EXECUTE format('WITH moved AS (DELETE FROM %I WHERE message_id >= %L AND message_id < %L RETURNING *)
                        INSERT INTO %I SELECT * FROM moved', parent || '_other', lower_id, upper_id, part);
        -- Attached rather than created as a partition: that locks out no reader and no writer of the other months.
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, lower_id, upper_id);
    END LOOP;
END $$;

-- The months, `YYYY-MM-01`, that ended before a time, as far as they have partitions.
CREATE FUNCTION message_months_before(at timestamptz) RETURNS SETOF date LANGUAGE sql STABLE AS $$
    SELECT month FROM (
        SELECT to_date(right(c.relname, 7), 'YYYY_MM') AS month
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'message_attempts'::regclass AND c.relname ~ '_[0-9]{4}_[0-9]{2}$') m
    WHERE (month + interval '1 month') AT TIME ZONE 'UTC' < at
    ORDER BY month
$$;

-- Retention: drops the partitions of one month that is over. It needs both tables to itself for some milliseconds; behind a
-- long statement it gives up soon, and is run again. The tables are locked in the order in which claims lock them.
CREATE FUNCTION drop_message_partitions(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s' AS $$
BEGIN
    PERFORM refuse_strangers();
    IF (date_trunc('month', month) + interval '1 month') AT TIME ZONE 'UTC' > calendar_now() THEN
        RAISE EXCEPTION 'the month is not over';
    END IF;
    LOCK TABLE messages, message_attempts IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('DROP TABLE IF EXISTS %I', 'messages_' || to_char(month, 'YYYY_MM'));
    EXECUTE format('DROP TABLE IF EXISTS %I', 'message_attempts_' || to_char(month, 'YYYY_MM'));
END $$;

-- Ids of a worker whose clock is far off are stored here, so that no message is refused for it.
CREATE TABLE messages_other PARTITION OF messages DEFAULT WITH (fillfactor = 70);
CREATE TABLE message_attempts_other PARTITION OF message_attempts DEFAULT WITH (fillfactor = 40);
SELECT add_message_partitions((date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => n))::date)
FROM generate_series(0, 2) n;
