-- Since when a stop of tips holds.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';

-- As in `suppressions`. Null: a worker of the release before added the row.
ALTER TABLE tip_suppressions ADD COLUMN in_force_at timestamptz;
