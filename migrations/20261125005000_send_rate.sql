-- One line of time for all workers: the moments up to `leased_until` are given away, each to one worker.
-- At SEND_RATE segments a second, one segment may go per moment.
CREATE TABLE send_rate (
    singleton    boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    leased_until timestamptz NOT NULL
);
