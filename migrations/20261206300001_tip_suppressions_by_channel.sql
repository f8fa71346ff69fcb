-- Tips may be withdrawn on one channel alone.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';

ALTER TABLE tip_suppressions
    ADD COLUMN channel text NOT NULL DEFAULT 'any' CHECK (channel IN ('any', 'sms', 'whatsapp'));
