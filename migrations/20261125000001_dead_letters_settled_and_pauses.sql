-- A dead letter is settled by replaying or dropping it. Rows stay; a dropped body is emptied. A letter that
-- comes again is open again.
ALTER TABLE dead_letters
    ADD COLUMN replayed_at timestamptz,
    ADD COLUMN replayed_by text,
    ADD COLUMN dropped_at  timestamptz,
    ADD COLUMN dropped_by  text;

-- The open ones, without anything of their content.
CREATE VIEW onboarding_dead_letters AS
SELECT id, reason, detail, lane, seen, first_seen_at, last_seen_at
FROM dead_letters WHERE replayed_at IS NULL AND dropped_at IS NULL;

-- Lanes that a person holds back. A row whose time is over counts no more.
CREATE TABLE pauses (
    lane        lane PRIMARY KEY,
    reason      text NOT NULL,
    actor       text NOT NULL,
    paused_at   timestamptz NOT NULL DEFAULT now(),
    ends_at     timestamptz
);
