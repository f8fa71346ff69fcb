-- The published outcome: one row per user, her current number.
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
       GREATEST(u.updated_at, a.updated_at) AS updated_at
FROM users u
LEFT JOIN attempts a ON a.message_id = u.attempt_id;
