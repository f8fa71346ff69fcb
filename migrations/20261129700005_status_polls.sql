-- When Twilio was last asked for the status of an accepted message whose callbacks do not arrive. No index names it.
ALTER TABLE attempts ADD COLUMN polled_at timestamptz;
