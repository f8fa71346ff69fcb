-- Welcomes by every channel stay in `attempts`. A transaction of its own: it locks `attempts` for some milliseconds.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';
ALTER TABLE attempts
    ADD COLUMN channel text NOT NULL DEFAULT 'sms',
    ADD COLUMN content_sid text,
    ADD COLUMN fallback_of uuid;

-- The attempts of welcomes under the names of `message_attempts`, so that one statement serves both. Postgres writes
-- through it (documentation, "Updatable Views"). A welcome's attempt stands for its message.
CREATE VIEW welcome_attempts AS
SELECT message_id AS attempt_id, message_id, 'welcome'::text AS kind, channel, lane::text AS lane, user_id, phone_e164,
       outcome, blocks, worker_id, language, body_sha256, content_sid, segments, fallback_of, claimed_at,
       sid AS message_sid, twilio_status AS status, status_rank, error_code, checks, next_check_at, parked_at,
       reopened_at, polled_at, traceparent, updated_at
FROM attempts;

-- Every attempt of every kind, to be read.
CREATE VIEW all_attempts AS
SELECT attempt_id, message_id, kind, channel, lane, user_id, phone_e164, outcome, blocks, worker_id, language, body_sha256,
       content_sid, segments, fallback_of, claimed_at, message_sid, status, status_rank, error_code, checks, next_check_at,
       parked_at, reopened_at, polled_at, traceparent, updated_at
FROM welcome_attempts
UNION ALL
SELECT attempt_id, message_id, kind, channel, lane, user_id, phone_e164, outcome, blocks, worker_id, language, body_sha256,
       content_sid, segments, fallback_of, claimed_at, message_sid, status, status_rank, error_code, checks, next_check_at,
       parked_at, reopened_at, polled_at, traceparent, updated_at
FROM message_attempts;
