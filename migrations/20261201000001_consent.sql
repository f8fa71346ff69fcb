-- What people said about messages, and what follows from it. The ledger is append-only and names people by random keys;
-- `suppressions` and the tables beside it are derived from it, and claims read those alone.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';

-- The only link between a random key and a person: a user, a number, or one user at one number. Erasure deletes the row.
CREATE TABLE person_keys (
    person_key uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    text COLLATE "C",
    phone_e164 text COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (user_id IS NOT NULL OR phone_e164 IS NOT NULL)
);
CREATE UNIQUE INDEX one_key_per_person ON person_keys (coalesce(user_id, ''), coalesce(phone_e164, ''));
CREATE INDEX person_keys_by_user ON person_keys (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX person_keys_by_number ON person_keys (phone_e164) WHERE phone_e164 IS NOT NULL;

-- Wordings that people saw when they consented: each text once.
CREATE TABLE consent_wordings (
    sha256  bytea PRIMARY KEY,
    wording text NOT NULL
);

CREATE TABLE consent_ledger (
    -- Digest of the id of the event and the position in it, or a random value: a redelivery adds nothing.
    entry_key      bytea PRIMARY KEY,
    person_key     uuid NOT NULL,
    purpose        text NOT NULL CHECK (purpose IN ('onboarding', 'tips', 'support_after_loss')),
    channel        text NOT NULL CHECK (channel IN ('sms', 'whatsapp', 'any')),
    action         text NOT NULL CHECK (action IN ('grant', 'withdraw')),
    source         text NOT NULL CHECK (source IN ('signup', 'event', 'link', 'staff', 'import', 'inbound', 'twilio')),
    actor          text NOT NULL,
    wording_id     text,
    wording_sha256 bytea,
    said_at        timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN consent_ledger.said_at IS 'the newest entry decides, and of two of one time a withdrawal';
CREATE INDEX consent_ledger_by_person ON consent_ledger (person_key);
CREATE INDEX consent_ledger_by_time ON consent_ledger (recorded_at);
CREATE TRIGGER consent_ledger_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What is true of those who have one of these keys: the newest entry per purpose and channel decides, and of two of one
-- time a withdrawal. `any` counts for every channel.
CREATE FUNCTION newest_consents(keys uuid[])
RETURNS TABLE (purpose text, channel text, action text, since timestamptz, source text) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT ON (l.purpose, c.channel) l.purpose, c.channel, l.action, l.recorded_at, l.source
    FROM consent_ledger l JOIN (VALUES ('sms'), ('whatsapp')) c(channel) ON l.channel IN (c.channel, 'any')
    WHERE l.person_key = ANY (keys)
    ORDER BY l.purpose, c.channel, l.said_at DESC, l.action DESC
$$;

-- Entries belong to the number; those of a user without a number count for the user at every number.
CREATE VIEW consent_effective AS
SELECT p.user_id, p.phone_e164, d.purpose, d.channel, d.action = 'grant' AS granted, d.since, d.source
FROM (SELECT DISTINCT k.user_id, coalesce(u.phone_e164, k.phone_e164) AS phone_e164
      FROM person_keys k LEFT JOIN users u ON u.user_id = k.user_id
      WHERE k.user_id IS NOT NULL AND (u.user_id IS NULL OR k.phone_e164 IS NULL OR k.phone_e164 = u.phone_e164)) p
CROSS JOIN LATERAL newest_consents(ARRAY(
    SELECT person_key FROM person_keys WHERE phone_e164 = p.phone_e164
    UNION
    SELECT person_key FROM person_keys WHERE user_id = p.user_id AND phone_e164 IS NULL)) d;

-- Numbers that no message goes to. `any` holds every channel; workers of the release before send only by SMS, and skip
-- both.
ALTER TABLE suppressions
    ADD COLUMN channel text NOT NULL DEFAULT 'any' CHECK (channel IN ('sms', 'any')),
    ADD COLUMN wrong_number boolean NOT NULL DEFAULT false,
    -- After a loss: no wish of the portal or of the person lifts it.
    ADD COLUMN loss boolean NOT NULL DEFAULT false,
    -- From then on no claim is granted; before, claims were still being written. Null: a worker of the release before
    -- added the row, and waited for no claim.
    ADD COLUMN in_force_at timestamptz,
    -- Workers of the release before add rows that the ledger does not know yet.
    ADD COLUMN from_ledger boolean NOT NULL DEFAULT false;

-- Numbers that no tip goes to. Not rows of `suppressions`: workers of the release before would not welcome them.
CREATE TABLE tip_suppressions (
    phone_e164 text COLLATE "C" PRIMARY KEY,
    source     text NOT NULL,
    actor      text NOT NULL,
    reason     text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Users that no message goes to, whatever their number: after a loss, and after a stop before a number was known.
CREATE TABLE silenced_users (
    user_id     text COLLATE "C" PRIMARY KEY,
    because     text NOT NULL CHECK (because IN ('loss', 'stop')),
    -- The user whose loss it was: taking that back lifts all its rows.
    loss_of     text COLLATE "C",
    source      text NOT NULL,
    silenced_at timestamptz NOT NULL DEFAULT now(),
    in_force_at timestamptz,
    CHECK ((because = 'loss') = (loss_of IS NOT NULL))
);
CREATE INDEX silenced_users_by_loss ON silenced_users (loss_of) WHERE loss_of IS NOT NULL;

-- Claims lock it in share mode; whoever silences a number locks it alone before the commit. So no claim is committed after
-- a stop without having seen it.
CREATE TABLE claim_gate ();

-- What a person has to look at. Who it is about is shown one by one, and each look is audited.
CREATE TABLE staff_tasks (
    task_id    uuid PRIMARY KEY,
    kind       text NOT NULL CHECK (kind IN ('loss', 'wrong_number', 'stop_request', 'date', 'handoff')),
    user_id    text COLLATE "C",
    phone_e164 text COLLATE "C",
    opened_at  timestamptz NOT NULL DEFAULT now(),
    opened_by  text NOT NULL,
    closed_at  timestamptz,
    closed_by  text,
    CHECK (user_id IS NOT NULL OR phone_e164 IS NOT NULL)
);
CREATE UNIQUE INDEX one_open_task_per_person ON staff_tasks (kind, coalesce(user_id, ''), coalesce(phone_e164, ''))
    WHERE closed_at IS NULL;
CREATE INDEX staff_tasks_by_number ON staff_tasks (phone_e164, opened_at) WHERE phone_e164 IS NOT NULL;

CREATE VIEW needs_person AS
SELECT task_id, kind, user_id, opened_at, closed_at FROM staff_tasks;

-- Users to erase. The row goes with the last trace of the user.
CREATE TABLE pending_erasures (
    user_id      text COLLATE "C" PRIMARY KEY,
    requested_at timestamptz NOT NULL DEFAULT now(),
    requested_by text NOT NULL,
    -- Data as of an earlier time is ignored from now on.
    as_of        timestamptz NOT NULL
);

-- The codes of the address that stops messages. Stored when issued, so old addresses work with a new key.
CREATE TABLE stop_links (
    code       text COLLATE "C" PRIMARY KEY CHECK (code ~ '^[0-9A-HJKMNP-TV-Z]{9}$'),
    phone_e164 text COLLATE "C" NOT NULL,
    epoch      integer NOT NULL CHECK (epoch >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE UNIQUE INDEX one_live_link_per_number ON stop_links (phone_e164) WHERE revoked_at IS NULL;

-- What the portal knows of a person beside the number. `changed_at` of a user is the time of the newest event of any type.
ALTER TABLE users
    ADD COLUMN time_zone    text,
    ADD COLUMN tips_hour    text,
    ADD COLUMN cadence      text,
    ADD COLUMN household_id text;

-- Suppressions so far become entries of the ledger, under their numbers.
INSERT INTO person_keys (phone_e164)
SELECT DISTINCT phone_e164 FROM suppressions WHERE lifted_at IS NULL;
INSERT INTO consent_ledger (entry_key, person_key, purpose, channel, action, source, actor, said_at)
SELECT sha256(convert_to('suppression ' || s.id || ' ' || p.purpose, 'UTF8')), k.person_key, p.purpose, 'any', 'withdraw',
       CASE WHEN s.source IN ('staff', 'import') THEN s.source ELSE 'twilio' END, s.actor, s.created_at
FROM suppressions s
JOIN person_keys k ON k.phone_e164 = s.phone_e164 AND k.user_id IS NULL
CROSS JOIN (VALUES ('onboarding'), ('tips'), ('support_after_loss')) p(purpose)
WHERE s.lifted_at IS NULL;
UPDATE suppressions SET from_ledger = true WHERE lifted_at IS NULL;
