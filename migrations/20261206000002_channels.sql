-- What each channel needs to know of numbers, and what follows when a message did not arrive.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';

-- What the people of a number agree to on a channel, derived from the ledger in the transaction that changes it. Users
-- without a number have no row: their entries are looked at themselves.
CREATE TABLE channel_grants (
    phone_e164 text COLLATE "C" NOT NULL,
    channel    text NOT NULL CHECK (channel IN ('sms', 'whatsapp')),
    purposes   text[] NOT NULL CHECK (purposes <> '{}'),
    PRIMARY KEY (phone_e164, channel)
);
INSERT INTO channel_grants (phone_e164, channel, purposes)
SELECT p.phone_e164, d.channel, array_agg(d.purpose ORDER BY d.purpose)
FROM (SELECT phone_e164, array_agg(person_key) AS keys FROM person_keys WHERE phone_e164 IS NOT NULL
      GROUP BY phone_e164) p
CROSS JOIN LATERAL newest_consents(p.keys) d
WHERE d.action = 'grant'
GROUP BY p.phone_e164, d.channel;

-- Whether a person agrees to a purpose on a channel. Entries of a user without a number count at every number.
CREATE FUNCTION agrees_to(purpose text, channel text, user_id text, phone text) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (
    SELECT FROM newest_consents(ARRAY(
        SELECT k.person_key FROM person_keys k WHERE k.phone_e164 = agrees_to.phone
        UNION
        SELECT k.person_key FROM person_keys k WHERE k.user_id = agrees_to.user_id AND k.phone_e164 IS NULL)) c
    WHERE c.purpose = agrees_to.purpose AND c.channel = agrees_to.channel AND c.action = 'grant');

-- Since when a welcome has waited for its channel, such as for room in WhatsApp's limit.
ALTER TABLE users ADD COLUMN channel_since timestamptz;

-- Numbers that a channel does not reach, such as one that is not on WhatsApp. A message that arrives deletes the row.
CREATE TABLE channel_faults (
    phone_e164 text COLLATE "C" NOT NULL,
    channel    text NOT NULL,
    until      timestamptz NOT NULL,
    reason     text NOT NULL,
    -- In a row: each waits longer than the one before.
    failures   integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (phone_e164, channel)
);

CREATE VIEW channel_state AS
SELECT phone_e164, channel, until <= calendar_now() AS reachable, until, reason FROM channel_faults;

-- Messages that provably did not arrive by their first channel, and may go by SMS. An attempt has one row at most; it
-- names nobody, and goes with the attempt.
CREATE TABLE fallbacks (
    attempt_id  uuid PRIMARY KEY,
    message_id  uuid NOT NULL,
    kind        text NOT NULL,
    code        integer NOT NULL,
    failed_at   timestamptz NOT NULL DEFAULT now(),
    -- No attempt begins from this time on.
    until       timestamptz NOT NULL,
    -- Null: ended.
    next_try_at timestamptz,
    -- The attempt by SMS.
    fallback    uuid,
    -- Why there is none.
    reason      text,
    -- The first attempt proved to have arrived after all.
    late_at     timestamptz,
    CHECK (next_try_at IS NULL OR fallback IS NULL AND reason IS NULL)
);
CREATE INDEX fallbacks_due ON fallbacks (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX fallbacks_by_time ON fallbacks (failed_at);

-- People who were written to by WhatsApp, by the hour: WhatsApp limits how many may be in any 24 hours.
CREATE TABLE whatsapp_people (
    hour   timestamptz PRIMARY KEY,
    people integer NOT NULL DEFAULT 0
);

-- As `send_rate`, for WhatsApp.
CREATE TABLE whatsapp_rate (
    singleton    boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    leased_until timestamptz NOT NULL
);

-- Every attempt, and every message that has none.
CREATE VIEW message_log AS
SELECT a.attempt_id, a.message_id, a.user_id, a.kind, a.channel, coalesce(m.slot, a.kind) AS slot,
       CASE WHEN a.outcome = 'unwritten' THEN 'deferred' ELSE a.outcome::text END AS state,
       CASE WHEN a.outcome IN ('refused', 'deferred') AND a.error_code IS NOT NULL
            THEN 'error_' || lpad(a.error_code::text, 5, '0') END AS reason,
       a.message_sid, a.status, a.fallback_of, coalesce(m.due_at, a.claimed_at) AS due_at,
       a.claimed_at AS created_at, a.updated_at
FROM all_attempts a LEFT JOIN messages m ON m.message_id = a.message_id
UNION ALL
SELECT NULL, m.message_id, m.user_id, m.kind, m.channel, m.slot,
       m.state, m.reason, NULL, NULL, NULL, m.due_at, m.created_at, m.updated_at
FROM messages m WHERE m.attempt_id IS NULL
UNION ALL
-- A user who waits for the welcome, or who got none.
SELECT NULL, NULL, u.user_id, 'welcome', NULL, 'welcome',
       CASE WHEN u.state = 'received' THEN 'waiting' WHEN u.state = 'failed' THEN 'refused' ELSE 'skipped' END,
       u.reason, NULL, NULL, NULL, u.enqueued_at, u.created_at, u.updated_at
FROM users u
WHERE u.attempt_id IS NULL AND u.state IN ('received', 'suppressed', 'rejected', 'failed');
