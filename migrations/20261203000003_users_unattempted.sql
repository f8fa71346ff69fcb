-- no-transaction
-- A consent of a number concerns its users. Those with an attempt are found by it; these have none.
-- If building the index is interrupted, `worker migrate` drops what is there and builds it again.
CREATE INDEX CONCURRENTLY users_unattempted ON users (phone_e164) WHERE attempt_id IS NULL AND phone_e164 IS NOT NULL;
