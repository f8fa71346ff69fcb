-- Templates of Twilio's Content API: what Twilio says about each content of the account, and which message is sent with
-- which content. No row is about a person.

SET LOCAL lock_timeout = '5s';

-- The contents of the account, as the last complete walk found them.
CREATE TABLE contents (
    content_sid       text COLLATE "C" PRIMARY KEY,
    friendly_name     text NOT NULL,
    template_language text NOT NULL,
    -- In capitals, as Meta writes it; empty: never submitted for approval.
    category          text NOT NULL,
    -- The status of the approval for WhatsApp, in lower case. Only 'approved' may be sent.
    status            text NOT NULL,
    rejection_reason  text NOT NULL,
    -- The names of the placeholders in all texts of the content, without braces.
    placeholders      text[] NOT NULL,
    -- The longest body of the content, with its placeholders.
    body              text NOT NULL,
    -- When Twilio says the content was changed. Null: not readable.
    updated_at        timestamptz,
    seen_at           timestamptz NOT NULL,
    changed_at        timestamptz NOT NULL,
    -- When a walk did not find it any more.
    removed_at        timestamptz,
    -- Twilio refused a message with a code about the template: it is not sent until a walk finds that a pause has ended, or
    -- a walk after this time finds it approved.
    held_until        timestamptz,
    held_code         integer,
    CHECK ((held_until IS NULL) = (held_code IS NULL))
);

-- Which content a message is sent with.
CREATE TABLE templates (
    kind              text NOT NULL,
    slot              text NOT NULL,
    -- Our language.
    language          text NOT NULL,
    channel           text NOT NULL,
    variant           text NOT NULL CHECK (variant IN ('a', 'b')),
    content_sid       text COLLATE "C" NOT NULL REFERENCES contents,
    -- Meta's language and category at the time of the mapping. A content that differs later is not sent.
    template_language text NOT NULL,
    category          text NOT NULL,
    -- The field of the message for each placeholder: {"1": "week"}.
    variables         jsonb NOT NULL,
    mapped_at         timestamptz NOT NULL DEFAULT now(),
    actor             text NOT NULL,
    reason            text NOT NULL,
    PRIMARY KEY (kind, slot, language, channel, variant)
);
CREATE INDEX templates_by_content ON templates (content_sid);

-- The walks over the contents.
CREATE TABLE template_sync (
    singleton     boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    started_at    timestamptz,
    -- Until then the walk that started last belongs to its worker.
    running_until timestamptz,
    -- A walk is wanted before its interval has passed.
    requested_at  timestamptz,
    succeeded_at  timestamptz,
    failed_at     timestamptz,
    -- Why the last walk failed. Null: it succeeded.
    error         text
);
INSERT INTO template_sync DEFAULT VALUES;
