-- Each loss with the users and numbers that it silences. Two losses may silence the same person: taking one back lifts only those
-- whom no other loss marks. `silenced_users` and `suppressions.loss` are derived from it.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';

CREATE TABLE loss_marks (
    -- The loss: the user it was reported of, or the number if it had no user.
    loss_of    text COLLATE "C" NOT NULL,
    -- Whom it silences: a user, a number, or a user with the number of that time.
    user_id    text COLLATE "C",
    phone_e164 text COLLATE "C",
    marked_at  timestamptz NOT NULL DEFAULT now(),
    CHECK (user_id IS NOT NULL OR phone_e164 IS NOT NULL)
);
CREATE UNIQUE INDEX one_mark_per_loss ON loss_marks (loss_of, coalesce(user_id, ''), coalesce(phone_e164, ''));
CREATE INDEX loss_marks_by_user ON loss_marks (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX loss_marks_by_number ON loss_marks (phone_e164) WHERE phone_e164 IS NOT NULL;

-- Losses so far. A user is marked with each number that was silenced with them, whether they still have it or not.
INSERT INTO loss_marks (loss_of, user_id, phone_e164, marked_at)
SELECT q.loss_of, q.user_id, n.phone_e164, q.silenced_at
FROM silenced_users q
LEFT JOIN LATERAL (SELECT k.phone_e164 FROM person_keys k JOIN suppressions s USING (phone_e164)
                   WHERE k.user_id = q.user_id AND s.loss AND s.lifted_at IS NULL) n ON true
WHERE q.because = 'loss';
-- Numbers that no silenced user had: each is a loss of its own.
INSERT INTO loss_marks (loss_of, phone_e164, marked_at)
SELECT s.phone_e164, s.phone_e164, s.created_at FROM suppressions s
WHERE s.loss AND s.lifted_at IS NULL AND NOT EXISTS (SELECT FROM loss_marks m WHERE m.phone_e164 = s.phone_e164);
