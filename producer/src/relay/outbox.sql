-- Events to be published: written in the portal's own transaction, read by `signup relay`.
CREATE TABLE onboarding_outbox (
    id           uuid PRIMARY KEY,
    seq          bigint GENERATED ALWAYS AS IDENTITY,
    type         text NOT NULL,
    payload      jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    attempts     integer NOT NULL DEFAULT 0,
    last_error   text
);
CREATE INDEX onboarding_outbox_pending ON onboarding_outbox (seq) WHERE published_at IS NULL;

-- Wakes the relay at the commit. May be left out: the relay looks every 5 s anyway.
CREATE FUNCTION onboarding_outbox_wake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('onboarding_outbox', '');
    RETURN NULL;
END $$;
CREATE TRIGGER onboarding_outbox_wake AFTER INSERT ON onboarding_outbox
    FOR EACH STATEMENT EXECUTE FUNCTION onboarding_outbox_wake();
