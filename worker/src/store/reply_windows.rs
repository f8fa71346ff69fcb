//! Until when people may be answered in free text: the table `reply_windows`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// Free text is sent only until so long before the window closes: WhatsApp looks again when the message arrives there.
pub(crate) const WINDOW_MARGIN: Duration = Duration::from_secs(300);

/// One person and one of our senders.
#[derive(Clone, Copy)]
pub(crate) struct Window<'a> {
    /// The number in E.164, or the id of WhatsApp where no number is known.
    pub(crate) person: &'a str,
    pub(crate) channel: &'a str,
    /// Our number.
    pub(crate) recipient: &'a str,
}

/// A message of `received_at` opens the window for 24 hours from then. Returns its end.
pub(crate) async fn open(
    tx: &mut PgConnection,
    window: &Window<'_>,
    received_at: DateTime<Utc>,
) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar!(
        "INSERT INTO reply_windows AS w (person, channel, recipient, open_until)
         VALUES ($1, $2, $3, $4::timestamptz + interval '24 hours')
         ON CONFLICT (person, channel, recipient) DO UPDATE SET open_until = GREATEST(w.open_until, EXCLUDED.open_until)
         RETURNING open_until",
        window.person,
        window.channel,
        window.recipient,
        received_at,
    )
    .fetch_one(tx)
    .await
}
