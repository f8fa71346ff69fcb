-- Erasure: nothing of an erased person stays but keyed digests of the user id and the number. They keep both promises, never a
-- second welcome and never a message after a stop, and the data of older events and files stay away.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';

-- Which key made the digests: with another one they are worthless.
CREATE TABLE erasure_key (
    singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    fingerprint bytea NOT NULL
);

CREATE TABLE erased_users (
    digest    bytea PRIMARY KEY,
    -- Data as of an earlier time is ignored.
    as_of     timestamptz NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE erased_numbers (
    digest     bytea PRIMARY KEY,
    -- The number had its welcome.
    welcomed   boolean NOT NULL,
    -- The number was stopped before the erasure, and no user has it since.
    suppressed boolean NOT NULL,
    erased_at  timestamptz NOT NULL DEFAULT now()
);

-- Messages whose text Twilio is asked to delete.
CREATE TABLE redactions (
    message_sid  text COLLATE "C" PRIMARY KEY,
    requested_at timestamptz NOT NULL DEFAULT now(),
    -- Null: ended.
    next_try_at  timestamptz DEFAULT now(),
    tries        integer NOT NULL DEFAULT 0,
    result       text CHECK (result IN ('redacted', 'gone', 'skipped')),
    CHECK ((next_try_at IS NULL) = (result IS NOT NULL))
);
CREATE INDEX redactions_due ON redactions (next_try_at) WHERE next_try_at IS NOT NULL;

-- Whether the number was stopped before the erasure was asked for. Null: not known yet.
ALTER TABLE pending_erasures ADD COLUMN was_suppressed boolean;

-- The audit log stays append-only, but for one function: what names an erased person becomes a random key that leads nowhere.
CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('aamcare.pseudonymising', true) IS DISTINCT FROM 'on'
       OR (OLD.id, OLD.at, OLD.actor, OLD.action) IS DISTINCT FROM (NEW.id, NEW.at, NEW.actor, NEW.action) THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_log_keeps_its_rows BEFORE UPDATE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit();
DROP TRIGGER audit_log_is_append_only ON audit_log;
CREATE TRIGGER audit_log_is_append_only BEFORE DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Replaces what names a person in subjects and reasons of the audit log by `person KEY`, and returns the number of rows. `words` are the
-- user id, numbers and names. A short word counts only as a whole subject: in a sentence it may mean something else.
CREATE FUNCTION pseudonymise_audit(words text[], key uuid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM set_config('aamcare.pseudonymising', 'on', true);
    UPDATE audit_log a SET
        subject = CASE WHEN f.in_subject THEN 'person ' || key ELSE a.subject END,
        reason = CASE WHEN f.in_reason THEN 'erased' ELSE a.reason END
    FROM (SELECT l.id, bool_or(l.subject IN (w, 'user ' || w) OR length(w) >= 4 AND position(lower(w) IN lower(l.subject)) > 0) AS in_subject,
                 bool_or(length(w) >= 4 AND position(lower(w) IN lower(l.reason)) > 0) AS in_reason
          FROM audit_log l, unnest(words) w WHERE w <> '' GROUP BY l.id) f
    WHERE a.id = f.id AND (f.in_subject OR f.in_reason);
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM set_config('aamcare.pseudonymising', 'off', true);
    RETURN changed;
END $$;
