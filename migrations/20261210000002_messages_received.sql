-- The event for the portal that a person wrote to us.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';

ALTER TABLE events_out
    ADD COLUMN message_sid text,
    ADD COLUMN class text,
    DROP CONSTRAINT events_out_check,
    -- Not checked for the rows that are there: they were, by the constraint before.
    ADD CONSTRAINT events_out_by_type CHECK (
        CASE type WHEN 'np.aamcare.onboarding.consent_recorded.v1'
                  THEN num_nulls(purpose, channel, action, source, said_at) = 0
                  WHEN 'np.aamcare.onboarding.number_rejected.v1' THEN reason IS NOT NULL
                  WHEN 'np.aamcare.message.received.v1' THEN num_nulls(message_sid, channel, class, said_at) = 0
                  ELSE false END) NOT VALID;

COMMENT ON COLUMN events_out.user_id IS 'empty: of a message whose number belongs to no user';
