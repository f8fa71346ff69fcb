-- An invented month and a few open cases beside the demo's own outcomes, so that every part of the dashboard has
-- something to show. The numbers are made of sines: a day of signups with a peak before noon and one in the evening.

INSERT INTO history_minutes (minute, accepted, delivered, not_delivered, latency_median, latency_p95, live_ready, backfill_ready)
SELECT minute, load, load * 0.95, load * 0.04, CASE WHEN load > 0 THEN 6 + 2 * sin(h) + load / 20.0 END,
       CASE WHEN load > 0 THEN 19 + 4 * sin(h * 2) + load / 3.0 END,
       GREATEST(load - 40, 0) * 12, CASE WHEN h BETWEEN 8 AND 12 THEN 900 * (12 - h) / 4 ELSE 0 END
FROM (SELECT minute, h,
             GREATEST(0, round(4 * (7 + 6 * sin((h - 6) * pi() / 12) + 5 * sin((h - 15) * pi() / 5)
                               + 2 * sin(extract(epoch FROM minute) / 1700))))::int AS load
      FROM (SELECT minute, extract(hour FROM minute AT TIME ZONE 'Asia/Kathmandu')
                           + extract(minute FROM minute AT TIME ZONE 'Asia/Kathmandu') / 60 AS h
            FROM generate_series(date_trunc('minute', now()) - interval '30 days',
                                 date_trunc('minute', now()) - interval '30 minutes', '1 minute') AS minute) hours) loads
ON CONFLICT (minute) DO UPDATE SET accepted = EXCLUDED.accepted, delivered = EXCLUDED.delivered,
    not_delivered = EXCLUDED.not_delivered, latency_median = EXCLUDED.latency_median,
    latency_p95 = EXCLUDED.latency_p95, live_ready = EXCLUDED.live_ready, backfill_ready = EXCLUDED.backfill_ready;

-- One call without an answer, left to a person.
WITH parked AS (
    INSERT INTO attempts (message_id, user_id, phone_e164, outcome, lane, worker_id, language, body_sha256, segments,
                          claimed_at, lease_until, checks, parked_at)
    VALUES (gen_random_uuid(), 'parked-1', '+9779800000999', 'unknown', 'live', 'demo', 'ne', '', 1,
            now() - interval '40 minutes', now() - interval '38 minutes', 4, now() - interval '25 minutes')
    RETURNING message_id)
INSERT INTO users (user_id, phone_raw, phone_e164, source, changed_at, state, registration_method, registered_at, attempt_id)
SELECT 'parked-1', '9800000999', '+9779800000999', 'event', now() - interval '1 hour', 'registered', 'lookup',
       now() - interval '40 minutes', message_id
FROM parked;

-- A backfill event that came before its user was imported, and two bodies off the contract.
INSERT INTO users (user_id, phone_raw, phone_e164, source, changed_at)
VALUES ('late-1', '9841200991', '+9779841200991', 'portal', now() - interval '1 hour');
INSERT INTO dead_letters (reason, detail, lane, routing_key, message_id, headers, body, body_sha256, first_seen_at)
VALUES ('unknown_user', 'a backfill event of a user who is not stored', 'backfill', 'user.backfill.v1', NULL, '{}',
        convert_to('{"specversion":"1.0","id":"late-1-backfill","source":"/aamcare/onboarding","type":"np.aamcare.user.backfill.v1","time":"2026-11-24T05:00:00Z","data":{"user_id":"late-1"}}', 'UTF8'),
        '\x01', now() - interval '2 hours'),
       ('schema', 'data.phone_number is missing', 'live', 'user.signed_up.v1', NULL, '{}', '\x7b7d', '\x02', now() - interval '3 hours'),
       ('malformed', 'no JSON in UTF-8', 'live', 'user.signed_up.v1', NULL, '{}', '\xff', '\x03', now() - interval '5 hours');

-- What needs a person: a changed situation, a number that somebody typed into the stop page, and a wrong number.
INSERT INTO staff_tasks (task_id, kind, user_id, phone_e164, opened_at, opened_by)
VALUES (gen_random_uuid(), 'loss', 'parked-1', '+9779800000999', now() - interval '3 hours', 'link'),
       (gen_random_uuid(), 'stop_request', NULL, '+9779800000997', now() - interval '2 hours', 'link'),
       (gen_random_uuid(), 'wrong_number', 'late-1', '+9779841200991', now() - interval '1 hour', 'staff'),
       (gen_random_uuid(), 'stop_request', 'late-1', '+9779841200991', now() - interval '20 minutes', 'link'),
       (gen_random_uuid(), 'loss', 'live-3', NULL, now() - interval '10 minutes', 'event');
WITH key AS (
    INSERT INTO person_keys (user_id, phone_e164) VALUES ('late-1', '+9779841200991') RETURNING person_key)
INSERT INTO consent_ledger (entry_key, person_key, purpose, channel, action, source, actor, said_at)
SELECT sha256(convert_to(purpose || channel, 'UTF8')), person_key, purpose, channel, action, source, 'portal', now() - interval '1 hour'
FROM key, (VALUES ('onboarding', 'sms', 'grant', 'signup'), ('tips', 'whatsapp', 'grant', 'event'),
                  ('tips', 'sms', 'withdraw', 'event')) said(purpose, channel, action, source);
