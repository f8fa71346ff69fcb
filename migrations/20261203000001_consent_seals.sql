-- Seals of the ledger of consents: one for each minute that has entries. A change of the ledger or of a seal by hand shows.

SET LOCAL lock_timeout = '5s';

CREATE TABLE consent_seals (
    -- The minute, in UTC, in which these entries were recorded.
    minute    timestamptz PRIMARY KEY,
    rows      integer NOT NULL CHECK (rows > 0),
    -- For each entry its key and the digest of its row, 64 bytes together, in the order of the keys.
    entries   bytea NOT NULL CHECK (octet_length(entries) = 64 * rows),
    -- The digest of the seal before. Null: the first one.
    previous  bytea CHECK (octet_length(previous) = 32),
    -- SHA-256 of the minute, the entries and `previous`.
    digest    bytea NOT NULL CHECK (octet_length(digest) = 32),
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE consent_seals IS 'the digests are computed in worker/src/store/seals/digest.rs, which documents them';
-- Each seal is followed by at most one: two workers cannot continue from the same seal.
CREATE UNIQUE INDEX one_seal_after_each ON consent_seals (previous) NULLS NOT DISTINCT;
CREATE TRIGGER consent_seals_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
