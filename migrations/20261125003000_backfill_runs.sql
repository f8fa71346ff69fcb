-- Backfills: who started them, what was asked, how far they came. The cursor and the counts are written in the
-- transaction that marks a page, so that a run goes on exactly where it was killed. A run that is `running` while
-- nobody holds the lock of the command was killed.
CREATE TABLE backfill_runs (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    state         text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'interrupted', 'finished', 'halted')),
    actor         text NOT NULL,
    filters       jsonb NOT NULL,
    selected      bigint NOT NULL DEFAULT 0,
    cursor        text NOT NULL DEFAULT '',
    counts        jsonb NOT NULL,
    canary_passed boolean NOT NULL DEFAULT false,
    started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at      timestamptz
);

COMMENT ON COLUMN backfill_runs.cursor IS 'users up to this id are behind the run';

-- The users of `--ids-file`, until their run is finished.
CREATE TABLE backfill_ids (
    run_id  uuid NOT NULL REFERENCES backfill_runs ON DELETE CASCADE,
    user_id text NOT NULL,
    PRIMARY KEY (run_id, user_id)
);

-- Not indexed: every write to a user would pay for it, and a run is counted at once or up to a user id.
ALTER TABLE users ADD COLUMN run_id uuid;
COMMENT ON COLUMN users.run_id IS 'the last backfill that enqueued her';

CREATE OR REPLACE VIEW onboarding_status AS
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
