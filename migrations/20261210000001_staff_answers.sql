-- What staff answer in a conversation, and when they are told of an urgent one.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';

ALTER TABLE conversations
    -- Grows with every message, answer and change of hands: whoever acts says which one they saw.
    ADD COLUMN turn integer NOT NULL DEFAULT 0,
    -- How often staff were told, and when they are told next.
    ADD COLUMN notices smallint NOT NULL DEFAULT 0,
    ADD COLUMN next_notice_at timestamptz;

-- The texts of staff, beside the messages that carry them.
CREATE TABLE staff_answers (
    message_id      uuid PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    said_by         text NOT NULL,
    said_at         timestamptz NOT NULL DEFAULT calendar_now(),
    -- Encrypted; null: it is a template, or the text was deleted.
    body            bytea
);
CREATE INDEX staff_answers_by_conversation ON staff_answers (conversation_id);

-- Whether a conversation with the person of a number is open; for tips one about danger or a loss.
CREATE FUNCTION in_conversation(phone text, urgent_only boolean) RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT EXISTS (SELECT FROM conversations c
                   WHERE coalesce(c.phone_e164, c.external_id) = phone AND c.closed_at IS NULL
                     AND (NOT urgent_only OR c.urgency > 0));
$$;
