//! Finds out whether an open breaker may close.

use tokio_util::sync::CancellationToken;

use super::{Breaker, Scope, State};
use crate::twilio::{Client, Preflight};

/// While the breaker is open, asks Twilio at growing gaps with a call that texts nobody; once that works,
/// one message is let through.
pub(crate) async fn keep_probing(breaker: &Breaker, client: &Client, stop: &CancellationToken) {
    let mut state = breaker.watch();
    loop {
        let open = tokio::select! {
            found = state.wait_for(|s| matches!(s, State::Open(_))) => found.map(|s| s.clone()),
            () = stop.cancelled() => return,
        };
        let Ok(State::Open(scope)) = open else { return };
        let gap = match scope {
            Scope::DailyCap { wait } => wait,
            _ => breaker.gap(),
        };
        tokio::select! {
            () = tokio::time::sleep(gap) => {}
            () = stop.cancelled() => return,
        }
        if matches!(scope, Scope::DailyCap { .. }) || answers(client).await {
            breaker.half_open();
        } else {
            breaker.opened.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

async fn answers(client: &Client) -> bool {
    match client.preflight().await {
        // A restricted key may not list: only a message can tell.
        Preflight::Good | Preflight::Undecided { .. } => true,
        Preflight::Refused { status, code } => {
            tracing::warn!(status, code, "breaker probe: Twilio refuses the credentials");
            false
        }
        Preflight::Unavailable { fault } => {
            tracing::warn!(%fault, "breaker probe: no answer");
            false
        }
    }
}
