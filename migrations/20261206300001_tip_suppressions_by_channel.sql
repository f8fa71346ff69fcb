-- Tips may be withdrawn on one channel alone.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';

ALTER TABLE tip_suppressions
    ADD COLUMN channel text NOT NULL DEFAULT 'any' CHECK (channel IN ('any', 'sms', 'whatsapp'));

-- Whether tips to a user at a number are withdrawn on a channel, by the number or by the user before a number was known.
CREATE FUNCTION tips_withdrawn(whose text, phone text, on_channel text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM newest_consents(ARRAY(
            SELECT person_key FROM person_keys WHERE phone_e164 = phone
            UNION
            SELECT person_key FROM person_keys WHERE user_id = whose AND phone_e164 IS NULL)) c
        WHERE c.purpose = 'tips' AND c.channel = on_channel AND c.action = 'withdraw')
$$;
