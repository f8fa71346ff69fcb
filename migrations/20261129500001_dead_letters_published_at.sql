-- A replay must not make old data look new: it carries the time at which the delivery was first published. None for letters
-- of before and for publishers that give no time; then the time at which the letter was first seen counts.

-- Whoever waits for a table stands before everybody else who wants it: if a backup reads it, give up and be run again.
SET LOCAL lock_timeout = '5s';
ALTER TABLE dead_letters ADD COLUMN published_at timestamptz;
