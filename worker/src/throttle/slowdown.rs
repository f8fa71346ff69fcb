//! What follows when WhatsApp refuses a message because too many go out: all workers send more slowly for a while.

use std::time::Duration;

use sqlx::PgPool;

use crate::{store::whatsapp_pace, twilio::is_of_rate};

/// Halves the rate of WhatsApp for all workers if `code` says that too many messages go out. A burst of refusals halves it
/// once: one of a message that was claimed before the rate was lowered changes nothing. `age`: how long ago that was. Where it
/// cannot be stored, the next refusal does it.
pub(crate) async fn slow_down(pool: &PgPool, code: u32, age: Duration) {
    if !is_of_rate(code) {
        return;
    }
    match whatsapp_pace::halve(pool, age).await {
        Ok(Some(share)) => {
            metrics::counter!("onboarding_whatsapp_slowdowns_total").increment(1);
            tracing::warn!(
                code,
                share,
                "WhatsApp refused a message as too many: its rate is lowered for a while"
            );
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(code, %error, "the rate of WhatsApp was not lowered"),
    }
}
