-- What Twilio reports of the WhatsApp sender. No row is about a person.

SET LOCAL lock_timeout = '5s';

-- The sender as it was read last. A read that fails changes `error` alone, so the last known limit holds.
CREATE TABLE whatsapp_sender (
    singleton       boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    -- The setting that it was read for: an address of WhatsApp, or the SID of a Messaging Service.
    sender          text,
    asked_at        timestamptz,
    read_at         timestamptz,
    -- As Twilio writes it.
    messaging_limit text,
    -- How many people may be written to in any 24 hours; 0: any number. Null: not known.
    people          integer CHECK (people >= 0),
    -- Why the last read failed. Null: it succeeded.
    error           text
);
INSERT INTO whatsapp_sender DEFAULT VALUES;
