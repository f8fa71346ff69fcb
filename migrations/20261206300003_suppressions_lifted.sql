-- no-transaction
-- An erasure deletes the suppressions of a number. Those in force have an index already.
-- If building the index is interrupted, `worker migrate` drops what is there and builds it again.
CREATE INDEX CONCURRENTLY suppressions_lifted ON suppressions (phone_e164) WHERE lifted_at IS NOT NULL;
