-- Tests move the calendar ahead: rules about days, hours, windows, expiry, gaps and retention read `calendar_now()`. Leases,
-- the rate and the breaker keep the real clock.
CREATE TABLE test_clock (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    ahead     interval NOT NULL CHECK (ahead >= interval '0')
);

CREATE FUNCTION calendar_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN now() + coalesce((SELECT ahead FROM test_clock), interval '0');
