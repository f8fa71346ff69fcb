-- What an erasure needs to know of the stop that it enters itself: the number that it stopped, and when.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';
ALTER TABLE pending_erasures
    ADD COLUMN phone_e164 text COLLATE "C",
    ADD COLUMN stopped_at timestamptz;
