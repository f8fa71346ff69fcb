//! Publishes a window of events and waits for every confirm of it.

use std::{collections::HashSet, time::Duration};

use lapin::{Channel, Confirmation, PublisherConfirm, options::BasicPublishOptions};

use super::{Outgoing, PublishError};

/// A window whose confirms take longer has failed. A blocked connection (memory alarm) shows only this way.
pub(super) const CONFIRM_TIMEOUT: Duration = Duration::from_secs(5);

/// The verdict on each event, in order; an error when the channel is no longer of use.
pub(super) async fn publish(
    channel: &Channel,
    exchange: &str,
    window: &[Outgoing],
) -> (Vec<Result<(), PublishError>>, Option<lapin::Error>) {
    let Ok((confirms, broken)) = tokio::time::timeout(CONFIRM_TIMEOUT, send(channel, exchange, window)).await
    else {
        return (window.iter().map(|e| Err(PublishError::Timeout { id: e.id.clone() })).collect(), None);
    };
    let mut verdicts = Vec::with_capacity(window.len());
    let mut returned = HashSet::new();
    let mut broken = broken;
    let deadline = tokio::time::Instant::now() + CONFIRM_TIMEOUT;
    for (event, confirm) in window.iter().zip(confirms) {
        let id = event.id.clone();
        verdicts.push(match tokio::time::timeout_at(deadline, confirm).await {
            Ok(Ok(Confirmation::Ack(None))) => Ok(()),
            Ok(Ok(Confirmation::Ack(Some(message)))) => {
                // lapin may attach a returned message to another confirm of the window: its own id tells.
                returned.extend(message.delivery.properties.message_id().as_ref().map(ToString::to_string));
                Ok(())
            }
            Ok(Ok(_)) => Err(PublishError::Refused { id }),
            Ok(Err(error)) => {
                broken = Some(error.clone());
                Err(PublishError::Lost { id, source: error })
            }
            Err(_) => Err(PublishError::Timeout { id }),
        });
    }
    // Never sent, or never confirmed, because the channel broke first.
    for event in &window[verdicts.len()..] {
        verdicts.push(Err(PublishError::Unavailable { id: event.id.clone() }));
    }
    for (event, verdict) in window.iter().zip(&mut verdicts) {
        if returned.contains(&event.id) {
            *verdict = Err(PublishError::Returned { id: event.id.clone() });
        }
    }
    (verdicts, broken)
}

async fn send(
    channel: &Channel,
    exchange: &str,
    window: &[Outgoing],
) -> (Vec<PublisherConfirm>, Option<lapin::Error>) {
    let mandatory = BasicPublishOptions { mandatory: true, ..Default::default() };
    let mut confirms = Vec::with_capacity(window.len());
    for event in window {
        let sent = channel
            .basic_publish(
                exchange.into(),
                event.routing_key().into(),
                mandatory,
                event.body(),
                event.properties(),
            )
            .await;
        match sent {
            Ok(confirm) => confirms.push(confirm),
            Err(error) => return (confirms, Some(error)),
        }
    }
    (confirms, None)
}
