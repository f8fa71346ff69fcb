-- Lanes without a queue that an operator holds. Older workers read `pauses` and know only the lanes of its enum, so `live`
-- and `backfill` stay there. This table is new: creating it waits for no lock, and older workers never read it.
CREATE TABLE lane_pauses (
    lane        text PRIMARY KEY CHECK (lane NOT IN ('live', 'backfill')),
    reason      text NOT NULL,
    actor       text NOT NULL,
    paused_at   timestamptz NOT NULL DEFAULT now(),
    ends_at     timestamptz
);
