//! What Twilio reports of a number: the doors that its refusals go through.

use sqlx::PgConnection;

use super::{
    Door,
    gate::{self, Claims},
    ledger::NewEntry,
    numbers::Found,
    passage::{Kind, change_in, hold_all},
};
use crate::domain::{ConsentAction, ConsentChannel, Purpose};

/// Twilio refuses messages to these numbers as opted out. Part of the transaction that stores the refusal. If that locks rows
/// of users first, it calls [`hold`] before.
pub async fn opted_out(tx: &mut PgConnection, phones: &[String], door: &Door<'_>) -> Result<(), sqlx::Error> {
    let entries = NewEntry::of_all(&Purpose::ALL, ConsentAction::Withdraw);
    for phone in phones {
        reported_by_twilio(tx, phone, &entries, door).await?;
    }
    Ok(())
}

/// The people of a number want no messages on one channel, and told the channel so. Part of the transaction that stores what
/// Twilio reports.
pub async fn declined(
    tx: &mut PgConnection,
    phone: &str,
    channel: ConsentChannel,
    door: &Door<'_>,
) -> Result<(), sqlx::Error> {
    reported_by_twilio(tx, phone, &NewEntry::of_channel(channel, ConsentAction::Withdraw), door).await
}

async fn reported_by_twilio(
    tx: &mut PgConnection,
    phone: &str,
    entries: &[NewEntry],
    door: &Door<'_>,
) -> Result<(), sqlx::Error> {
    let found = Found { user_id: None, phone_e164: Some(phone.to_owned()) };
    // Counted before the commit of the caller: a rare rollback is counted twice.
    change_in(tx, &found, (entries, Kind::Plain), Claims::Wait, door).await?.count(door);
    Ok(())
}

/// Has other doors of these numbers, and all claims, wait until the transaction ends. Doors lock numbers first, then claims,
/// then rows of users.
pub async fn hold(tx: &mut PgConnection, phones: &[String]) -> Result<(), sqlx::Error> {
    let people: Vec<Found> =
        phones.iter().map(|phone| Found { user_id: None, phone_e164: Some(phone.clone()) }).collect();
    hold_all(tx, &people).await?;
    gate::hold_claims(tx).await
}
