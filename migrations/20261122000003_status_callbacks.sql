-- Status callbacks as they came. One row per (SID, status); kept when its attempt is not known yet.
CREATE TABLE status_callbacks (
    sid         text NOT NULL,
    status      text NOT NULL,
    message_id  uuid,
    error_code  integer,
    matched     boolean NOT NULL DEFAULT false,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sid, status)
);
