-- A welcome is claimed, called, and then its outcome is written. Postgres writes a changed row in place, without
-- touching any index, when no column changes that an index names, in its key or in its condition, and the page has room
-- (PostgreSQL documentation, "Heap-Only Tuples"). So no index of `attempts` names what an accepted call or a status
-- callback changes, and pages are left half empty.

-- Claims that were made together and end together. Written with them; whoever finds one that is over makes what is
-- still `sending` of it unknown, and deletes it.
CREATE TABLE leases (
    lease_until timestamptz NOT NULL,
    message_ids uuid[] NOT NULL
);
CREATE INDEX leases_by_end ON leases (lease_until);
INSERT INTO leases SELECT lease_until, ARRAY[message_id] FROM attempts WHERE outcome = 'sending';

-- Whose attempt a SID belongs to: one SID, one attempt.
CREATE TABLE message_sids (
    sid        text COLLATE "C" PRIMARY KEY,
    message_id uuid NOT NULL
);
INSERT INTO message_sids SELECT sid, message_id FROM attempts WHERE sid IS NOT NULL;

DROP INDEX attempts_by_sid, attempts_leased, attempts_unknown, attempts_freed_and_accepted, attempts_by_claim,
           status_callbacks_by_time, status_callbacks_unmatched;
CREATE INDEX attempts_to_check ON attempts (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX attempts_parked ON attempts (parked_at) WHERE parked_at IS NOT NULL;
CREATE INDEX attempts_freed ON attempts (phone_e164) WHERE NOT blocks;
-- Attempts are stored in the order of their claims.
CREATE INDEX attempts_by_claim ON attempts USING brin (claimed_at) WITH (autosummarize = on);
CREATE INDEX status_callbacks_unmatched ON status_callbacks (sid) WHERE NOT matched;
ALTER TABLE attempts SET (fillfactor = 45);

-- Ids and numbers are compared byte by byte, as the programs compare them: quicker than by the rules of a language, and
-- rows are locked in one order on both sides.
DROP VIEW onboarding_status;
ALTER TABLE users
    ALTER COLUMN user_id TYPE text COLLATE "C",
    ALTER COLUMN phone_e164 TYPE text COLLATE "C";
ALTER TABLE attempts
    ALTER COLUMN user_id TYPE text COLLATE "C",
    ALTER COLUMN phone_e164 TYPE text COLLATE "C";
ALTER TABLE suppressions ALTER COLUMN phone_e164 TYPE text COLLATE "C";
ALTER TABLE status_callbacks ALTER COLUMN sid TYPE text COLLATE "C";
ALTER TABLE backfill_ids ALTER COLUMN user_id TYPE text COLLATE "C";

CREATE VIEW onboarding_status AS
SELECT u.user_id,
       u.phone_e164,
       u.state::text AS state,
       CASE
           WHEN u.state <> 'registered' OR a.message_id IS NULL THEN u.reason
           WHEN a.outcome = 'unknown' AND a.parked_at IS NOT NULL THEN 'parked'
           WHEN a.outcome = 'accepted' AND a.twilio_status IN ('failed', 'undelivered')
               THEN 'error_' || lpad(a.error_code::text, 5, '0')
       END AS reason,
       u.registration_method,
       u.registered_at,
       a.sid AS welcome_sid,
       CASE
           WHEN u.state = 'suppressed' THEN 'skipped'
           WHEN u.state <> 'registered' THEN 'not_sent'
           WHEN a.outcome = 'accepted' THEN a.twilio_status
           WHEN a.outcome IN ('sending', 'unknown') THEN a.outcome::text
           ELSE 'skipped'
       END AS welcome_status,
       (SELECT count(*)::int FROM attempts t
         WHERE t.user_id = u.user_id AND t.outcome IN ('accepted', 'unknown', 'refused')) AS attempts,
       GREATEST(u.updated_at, a.updated_at) AS updated_at,
       u.run_id
FROM users u
LEFT JOIN attempts a ON a.message_id = u.attempt_id;
