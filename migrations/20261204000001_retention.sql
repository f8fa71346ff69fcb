-- The worker deletes what is older than its period by itself. The first run of a release waits for a day.

SET LOCAL lock_timeout = '5s';

CREATE TABLE retention_starts (
    release    text PRIMARY KEY,
    started_at timestamptz NOT NULL
);
COMMENT ON TABLE retention_starts IS 'when a worker of each release was first started; deletions begin a day later';

-- Closed tasks are deleted by age. The table is small.
CREATE INDEX staff_tasks_closed ON staff_tasks (closed_at) WHERE closed_at IS NOT NULL;
