-- How far the workers are with each lane's queue: when the oldest delivery that a worker has in hand was published, on the
-- database's clock; null where it has none. The sweeper enqueues again only users whose event was published before that.
CREATE TABLE lane_positions (
    lane      lane NOT NULL,
    worker_id text NOT NULL,
    oldest    timestamptz,
    seen_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (lane, worker_id)
);
