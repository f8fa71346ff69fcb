-- no-transaction
-- The users who share a number are found when its attempt ends without a message. Few rows have this reason.
-- If building the index is interrupted, `worker migrate` drops what is there and builds it anew.
CREATE INDEX CONCURRENTLY users_linked ON users (phone_e164) WHERE reason = 'shared_phone';
