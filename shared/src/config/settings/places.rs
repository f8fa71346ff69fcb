//! Where things are.

use super::{Section, Setting};

pub(super) const WHERE: Section = Section {
    headline: "Where things are",
    introduction: "",
    settings: &[DATABASE_URL, AMQP_URL, AMQP_NAMESPACE, PORTAL_DATABASE_URL, OUTBOX_DATABASE_URL],
};

pub const DATABASE_URL: Setting = Setting::required("DATABASE_URL", "Postgres, as `postgres://user@host:5432/name`; to another host with `?sslmode=verify-full` (with `require` the server's certificate is not checked, and a warning says so), on this machine without TLS unless it says `require`").secret();

pub const AMQP_URL: Setting = Setting::required(
    "AMQP_URL",
    "RabbitMQ, as `amqps://user:password@host:5671/vhost`; a heartbeat of 10 s is added unless it names one",
)
.secret();

pub const AMQP_NAMESPACE: Setting = Setting::new(
    "AMQP_NAMESPACE",
    "",
    "prefix of every exchange and queue, so that stages and tests share a broker: `x` gives `x.aamcare.events`, `x.onboarding.live`, …",
);

pub const PORTAL_DATABASE_URL: Setting = Setting::required(
    "PORTAL_DATABASE_URL",
    "the portal's Postgres, as `postgres://user@host:5432/name`, with TLS as in `DATABASE_URL`; it is only read",
)
.secret()
.only_for("`import portal`");

pub const OUTBOX_DATABASE_URL: Setting = Setting::required("OUTBOX_DATABASE_URL", "the Postgres with the table `onboarding_outbox`, as a rule the portal's, as `postgres://user@host:5432/name`, with TLS as in `DATABASE_URL`").secret().only_for("`signup relay`");
