-- What somebody could have typed, wherever text of others is shown.
WITH evil(text) AS (VALUES ('<img src=x onerror="alert(1)"><script>alert(1)</script>')), attempt AS (
    INSERT INTO attempts (message_id, user_id, phone_e164, outcome, lane, worker_id, language, body_sha256, segments,
                          lease_until, sid, twilio_status)
    SELECT gen_random_uuid(), text, '+9779800000998', 'accepted', 'live', 'demo', 'ne', '', 1, now(), text, text
    FROM evil RETURNING message_id), letter AS (
    INSERT INTO dead_letters (reason, detail, routing_key, headers, body, body_sha256)
    SELECT text, text, text, '{}', '', '' FROM evil), task AS (
    INSERT INTO staff_tasks (task_id, kind, user_id, opened_by)
    SELECT gen_random_uuid(), 'handoff', text, text FROM evil), audit AS (
    INSERT INTO audit_log (actor, action, subject, reason) SELECT text, text, text, text FROM evil)
INSERT INTO users (user_id, phone_raw, phone_e164, display_name, source, changed_at, enqueued_at, state, reason, attempt_id)
SELECT text, text, '+9779800000998', text, 'portal', now(), now(), 'registered', text, message_id FROM evil, attempt;
