-- A replay must not make old data look new: it carries the time at which the delivery was first published. None for letters
-- of before and for publishers that give no time; then the time at which the letter was first seen counts.
ALTER TABLE dead_letters ADD COLUMN published_at timestamptz;
