-- no-transaction
-- An erasure deletes the links of a number. Live ones have an index already.
-- If building the index is interrupted, `worker migrate` drops what is there and builds it again.
CREATE INDEX CONCURRENTLY stop_links_revoked ON stop_links (phone_e164) WHERE revoked_at IS NOT NULL;
