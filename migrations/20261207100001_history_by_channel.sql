-- What became of the messages of each channel, by the hour of their claims: {"sms": {"accepted": 7, "delivered": 6, …}}.
SET LOCAL lock_timeout = '5s';
ALTER TABLE history_hours ADD COLUMN channels jsonb NOT NULL DEFAULT '{}';
