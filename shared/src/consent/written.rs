//! What people write to us: the doors that their messages go through.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    Door,
    doors::Effect,
    gate::Claims,
    ledger::NewEntry,
    numbers,
    passage::{Kind, LOST, change_in, loss_in},
    silence::{self, Hold},
};
use crate::{
    consent::Person,
    domain::{ConsentAction, Purpose},
    phone::E164,
};

/// What a message asks for or reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// No more messages.
    Stop,
    /// Messages again. A loss is not lifted by it.
    Start,
    /// The number belongs to another person.
    WrongNumber,
    /// A loss.
    Loss,
}

/// Carries out what somebody wrote from a number at `at`. Part of the transaction that marks the message as handled, so that a
/// message that is handled again changes nothing. Messages may be handled in another order: the last one that was written
/// decides. [`Effect::Held`]: a stop or a loss holds messages although they were wanted again.
pub async fn carry_out(
    tx: &mut PgConnection,
    (phone, at): (&E164, DateTime<Utc>),
    wish: Wish,
    door: &Door<'_>,
) -> Result<Effect, sqlx::Error> {
    let found = numbers::find(tx, Person::Number(phone)).await?;
    let entries = |purposes: &[Purpose], action| {
        let mut entries = NewEntry::of_all(purposes, action);
        for entry in &mut entries {
            entry.consent.at = Some(at);
        }
        entries
    };
    let withdraw = entries(&Purpose::ALL, ConsentAction::Withdraw);
    let done = match wish {
        Wish::Stop => change_in(tx, &found, (&withdraw, Kind::Plain), Claims::Wait, door).await?,
        Wish::WrongNumber => {
            change_in(tx, &found, (&withdraw, Kind::WrongNumber), Claims::Wait, door).await?
        }
        Wish::Start => {
            let grant = entries(&[Purpose::Onboarding], ConsentAction::Grant);
            let done = change_in(tx, &found, (&grant, Kind::Lift), Claims::Wait, door).await?;
            // Where nothing was stopped, it still outweighs a stop that was written before it and is handled after it.
            if done.effect == Effect::Already && found.user_id.is_some() {
                change_in(tx, &found, (&grant, Kind::Entries), Claims::Wait, door).await?
            } else {
                done
            }
        }
        Wish::Loss => {
            let lost = entries(&LOST, ConsentAction::Withdraw);
            loss_in(tx, &found, &lost, Claims::Wait, door).await?
        }
    };
    // Counted before the commit of the caller: a rare rollback is counted twice.
    let effect = done.count(door);
    if effect != Effect::Done {
        return Ok(effect);
    }
    // A later entry of the ledger outweighs this one.
    let held = silence::hold_of(tx, &found).await? != Hold::Nothing;
    Ok(match wish {
        Wish::Start if held => Effect::Held,
        Wish::Stop if !held => Effect::Already,
        Wish::Start | Wish::Stop | Wish::WrongNumber | Wish::Loss => Effect::Done,
    })
}
