-- no-transaction
-- A loss silences the household. Few users have one.
-- If building the index is interrupted, `worker migrate` drops what is there and builds it anew.
CREATE INDEX CONCURRENTLY users_by_household ON users (household_id) WHERE household_id IS NOT NULL;
