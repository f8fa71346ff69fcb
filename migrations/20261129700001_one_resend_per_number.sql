-- Set when `UNKNOWN_POLICY=resend_once` freed the number for one more attempt. No later outcome of this attempt, and no
-- other user of the number, clears it: the number is freed so once.

-- Whoever waits for a table stands before everybody else who wants it: if a backup reads it, give up and be run again.
SET LOCAL lock_timeout = '5s';
ALTER TABLE attempts ADD COLUMN resent_at timestamptz;
