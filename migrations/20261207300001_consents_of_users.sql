-- What a user said before a number was known counts at every number, for each channel; what the people of a number said
-- counts for every user of it.
SET LOCAL lock_timeout = '5s';

-- Whether the last word of a user, or of the people of the number, on a purpose and channel is a withdrawal.
CREATE FUNCTION withdrew(purpose text, channel text, user_id text, phone text) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (
    SELECT FROM newest_consents(ARRAY(
        SELECT k.person_key FROM person_keys k WHERE k.phone_e164 = withdrew.phone
        UNION
        SELECT k.person_key FROM person_keys k WHERE k.user_id = withdrew.user_id AND k.phone_e164 IS NULL)) c
    WHERE c.purpose = withdrew.purpose AND c.channel = withdrew.channel AND c.action = 'withdraw');

-- Support after a loss is only shown to those who once agreed to it: a stop withdraws it and a loss does not, and the view
-- is to tell nobody which of the two it was.
CREATE OR REPLACE VIEW consent_effective AS
SELECT p.user_id, p.phone_e164, d.purpose, d.channel, d.action = 'grant' AS granted, d.since, d.source
FROM (SELECT k.user_id, coalesce(u.phone_e164, k.phone_e164) AS phone_e164
      FROM person_keys k LEFT JOIN users u ON u.user_id = k.user_id
      WHERE k.user_id IS NOT NULL AND (u.user_id IS NULL OR k.phone_e164 IS NULL OR k.phone_e164 = u.phone_e164)
      UNION
      SELECT u.user_id, u.phone_e164 FROM users u JOIN person_keys k ON k.phone_e164 = u.phone_e164) p
CROSS JOIN LATERAL (SELECT ARRAY(
    SELECT person_key FROM person_keys WHERE phone_e164 = p.phone_e164
    UNION
    SELECT person_key FROM person_keys WHERE user_id = p.user_id AND phone_e164 IS NULL) AS keys) k
CROSS JOIN LATERAL newest_consents(k.keys) d
WHERE d.purpose <> 'support_after_loss' OR d.action = 'grant'
   OR EXISTS (SELECT FROM consent_ledger l
              WHERE l.person_key = ANY (k.keys) AND l.purpose = 'support_after_loss' AND l.action = 'grant');
