-- What the figures of the whole service are read from: each holds only rows that are to be few.
CREATE INDEX attempts_freed_and_accepted ON attempts (phone_e164) WHERE outcome = 'accepted' AND NOT blocks;
CREATE INDEX status_callbacks_unmatched ON status_callbacks (message_id) WHERE NOT matched;
CREATE INDEX dead_letters_open ON dead_letters (id) WHERE replayed_at IS NULL AND dropped_at IS NULL;

-- The W3C trace context under which the call was made, so that its callbacks can be linked to it.
ALTER TABLE attempts ADD COLUMN traceparent text;
