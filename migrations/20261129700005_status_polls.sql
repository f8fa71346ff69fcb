-- When Twilio was last asked for the status of an accepted message whose callbacks do not arrive. No index names it.

-- Whoever waits for a table stands before everybody else who wants it: if a backup reads it, give up and be run again.
SET LOCAL lock_timeout = '5s';
ALTER TABLE attempts ADD COLUMN polled_at timestamptz;
