-- How far the rate of WhatsApp is lowered for all workers. No row is about a person.

SET LOCAL lock_timeout = '5s';

-- WhatsApp refused messages as too many: from then on all workers send at this share of WHATSAPP_RATE.
CREATE TABLE whatsapp_pace (
    singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    share      double precision NOT NULL CHECK (share > 0 AND share <= 1),
    lowered_at timestamptz NOT NULL
);

-- The share of WHATSAPP_RATE at which workers may send now. It grows by half in ten minutes.
CREATE FUNCTION whatsapp_share() RETURNS double precision LANGUAGE sql STABLE
RETURN coalesce((SELECT LEAST(1, p.share + GREATEST(extract(epoch FROM now() - p.lowered_at)::float8, 0) / 1200)
                 FROM whatsapp_pace p), 1);
