-- The sweeper looks for the users of one lane: a million that wait for the morning are in nobody's way.
CREATE INDEX users_waiting_by_lane ON users (lane, enqueued_at) WHERE state = 'received' AND next_attempt_at IS NULL;
CREATE INDEX users_due_by_lane ON users (lane, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
DROP INDEX users_waiting;
DROP INDEX users_due;
