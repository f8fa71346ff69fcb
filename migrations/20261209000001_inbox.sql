-- What people write to us, and the conversations that follow. The worker encrypts the texts, and no view shows them.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';

-- One row for each message, however often Twilio delivers it.
CREATE TABLE inbound (
    message_sid     text COLLATE "C" PRIMARY KEY,
    channel         text NOT NULL CHECK (channel IN ('sms', 'whatsapp')),
    -- Our number that it was sent to.
    recipient       text NOT NULL,
    -- Who wrote. WhatsApp may name an id of its own instead of a number.
    phone_e164      text COLLATE "C",
    external_id     text COLLATE "C",
    kind            text NOT NULL,
    -- The id of the button that was pressed.
    payload         text,
    -- The message that it answers.
    answers_sid     text,
    media           smallint NOT NULL DEFAULT 0,
    -- Encrypted; null: it had no text, or the text was deleted.
    body            bytea,
    received_at     timestamptz NOT NULL DEFAULT calendar_now(),
    -- Found in Twilio's list, because no request for it was taken.
    listed          boolean NOT NULL DEFAULT false,
    -- As the word lists of this version understood it.
    class           text,
    words_version   integer,
    conversation_id uuid,
    -- The slot of the automatic reply.
    reply           text,
    tries           smallint NOT NULL DEFAULT 0,
    -- Null: it was handled.
    next_try_at     timestamptz DEFAULT now(),
    handled_at      timestamptz,
    CHECK ((next_try_at IS NULL) = (handled_at IS NOT NULL))
);
CREATE INDEX inbound_to_handle ON inbound (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX inbound_by_number ON inbound (phone_e164) WHERE phone_e164 IS NOT NULL;
CREATE INDEX inbound_by_external_id ON inbound (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX inbound_by_conversation ON inbound (conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX inbound_to_forget ON inbound (received_at) WHERE coalesce(phone_e164, external_id) IS NOT NULL;

-- Up to when Twilio's list was searched for inbound messages that the webhook did not get.
CREATE TABLE inbound_search (
    singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    searched_to timestamptz NOT NULL,
    next_at     timestamptz NOT NULL
);

-- Until when a person may be answered in free text: 24 hours after their last message, for each of our senders.
CREATE TABLE reply_windows (
    -- The number, or the id of WhatsApp where no number is known.
    person     text COLLATE "C" NOT NULL,
    channel    text NOT NULL,
    recipient  text NOT NULL,
    open_until timestamptz NOT NULL,
    PRIMARY KEY (person, channel, recipient)
);
CREATE INDEX reply_windows_by_end ON reply_windows (open_until);

-- What a person of the staff has to read.
CREATE TABLE conversations (
    conversation_id uuid PRIMARY KEY,
    channel         text NOT NULL CHECK (channel IN ('sms', 'whatsapp')),
    recipient       text NOT NULL,
    phone_e164      text COLLATE "C",
    external_id     text COLLATE "C",
    -- Null: the number belongs to no user.
    user_id         text COLLATE "C",
    -- Of its most urgent message.
    class           text NOT NULL,
    -- 2: danger, 1: a loss, 0: anything else.
    urgency         smallint NOT NULL,
    opened_at       timestamptz NOT NULL DEFAULT calendar_now(),
    last_inbound_at timestamptz NOT NULL DEFAULT calendar_now(),
    taken_by        text,
    answered_at     timestamptz,
    closed_at       timestamptz,
    closed_by       text,
    CHECK (phone_e164 IS NOT NULL OR external_id IS NOT NULL)
);
-- One conversation with a person at a time.
CREATE UNIQUE INDEX one_open_conversation ON conversations (coalesce(phone_e164, external_id), channel)
    WHERE closed_at IS NULL;
CREATE INDEX conversations_by_urgency ON conversations (urgency DESC, last_inbound_at) WHERE closed_at IS NULL;
CREATE INDEX conversations_by_user ON conversations (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX conversations_closed ON conversations (closed_at) WHERE closed_at IS NOT NULL;

CREATE VIEW inbox AS
SELECT c.conversation_id, c.user_id, c.channel, c.class, c.urgency > 0 AS urgent, c.opened_at, c.last_inbound_at,
       (SELECT w.open_until FROM reply_windows w
        WHERE w.person = coalesce(c.phone_e164, c.external_id) AND w.channel = c.channel AND w.recipient = c.recipient)
           AS window_open_until,
       c.answered_at, c.closed_at
FROM conversations c;
