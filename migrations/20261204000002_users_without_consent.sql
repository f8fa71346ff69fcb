-- no-transaction
-- A consent of a number enqueues those who wait for it.
-- If building the index is interrupted, `worker migrate` drops what is there and builds it anew.
CREATE INDEX CONCURRENTLY users_without_consent ON users (phone_e164) WHERE reason = 'no_consent';
