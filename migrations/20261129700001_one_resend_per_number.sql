-- Set when `UNKNOWN_POLICY=resend_once` freed the number for one more attempt. No later outcome of this attempt, and no
-- other user of the number, clears it: the number is freed so once.
ALTER TABLE attempts ADD COLUMN resent_at timestamptz;
