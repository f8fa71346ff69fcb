-- The audit log only grows: an erasure pseudonymises it in parts, before it holds up anything.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';

-- Replaces what names a person in subjects and reasons by `person KEY`, in the rows after `above` up to `upto`, and returns their
-- number. `words` are the user id, numbers and names. A short word counts only as a whole subject: in a sentence it may mean something
-- else.
CREATE FUNCTION pseudonymise_audit(words text[], key uuid, above bigint, upto bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM set_config('aamcare.pseudonymising', 'on', true);
    UPDATE audit_log a SET
        subject = CASE WHEN f.in_subject THEN 'person ' || key ELSE a.subject END,
        reason = CASE WHEN f.in_reason THEN 'erased' ELSE a.reason END
    FROM (SELECT l.id, bool_or(l.subject IN (w, 'user ' || w) OR length(w) >= 4 AND position(lower(w) IN lower(l.subject)) > 0) AS in_subject,
                 bool_or(length(w) >= 4 AND position(lower(w) IN lower(l.reason)) > 0) AS in_reason
          FROM audit_log l, unnest(words) w WHERE w <> '' AND l.id > above AND l.id <= upto GROUP BY l.id) f
    WHERE a.id = f.id AND (f.in_subject OR f.in_reason);
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM set_config('aamcare.pseudonymising', 'off', true);
    RETURN changed;
END $$;

-- Workers of the release before read the whole log.
CREATE OR REPLACE FUNCTION pseudonymise_audit(words text[], key uuid) RETURNS bigint LANGUAGE sql AS $$
    SELECT pseudonymise_audit(words, key, 0, 9223372036854775807)
$$;
