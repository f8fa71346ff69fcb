-- Since when the person of a conversation waits for an answer.

-- A statement that waits for a lock holds up every later statement on that table: give up soon, and be run again.
SET LOCAL lock_timeout = '5s';

-- Null: opened by a worker from before this migration, which counts from the last message.
ALTER TABLE conversations ADD COLUMN waits_since timestamptz;
